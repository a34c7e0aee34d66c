"""A repository whose playbook says where it runs, the people who command its rollouts, and the sweep."""

import json
from itertools import count
from pathlib import Path
from typing import Any

from localcloud.github.commits import Author
from localcloud.github.webhook import WebhookDelivery
from localcloud.waiting import wait_until
from pointsman.core.cancellation import CommandId
from pointsman.core.model import Rollout, RolloutId, Run, TargetName
from pointsman.core.rollout_facts import WaitKind
from pointsman.core.rollouts.commands.forms import CommandForm
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.trail.command_events import CommandEvent
from pointsmanctl.demo.observer import STANDSTILL_SECONDS, Observer, rollout_of
from pointsmanctl.stack.commands import send_command
from pointsmanctl.stack.connection import Connection
from tests.support.roles import Roles

HANA = Author("Hana Ito", "hana@example.com")
PLAY = """
- hosts: machines
  gather_facts: false
  vars: {{target: "{{{{ lookup('env', 'POINTSMAN_TARGET') }}}}"}}
  tasks:
    - name: Begin
      ansible.builtin.shell: echo "{text} {{{{ target }}}} {{{{ inventory_hostname }}}} begins" >> "{log}"
    - name: Check the machine
      ansible.builtin.command: "{check}"
      when: target in {where}
    - name: End
      ansible.builtin.shell: echo "{text} {{{{ target }}}} {{{{ inventory_hostname }}}} ends" >> "{log}"
"""


def local_machines(*names: str) -> str:
    """An inventory whose group `machines` has these hosts, each of which is this machine."""
    settings = 'ansible_connection=local\nansible_python_interpreter="{{ ansible_playbook_python }}"'
    return "\n".join(("[all:vars]", settings, "", "[machines]", *names, ""))


class Fleet:
    """A repository, with a log of what its playbook did."""

    def __init__(self, world: Observer, repository: str, directory: Path) -> None:
        self.world, self.repository, self._log = world, repository, directory / "log"
        self._log.touch()
        world.cloud.github.repository(repository).create()

    def push(self, text: str, check: str = "true", where: tuple[str, ...] = ()) -> WebhookDelivery:
        """Push a commit, whose playbook runs a command on the targets `where`; Hana's."""
        return self.world.cloud.github.push(
            self._files(text, check, where), f"Change {text}", author=HANA, repository=self.repository
        ).delivery

    def commit_aside(self, text: str) -> str:
        """A commit on a branch of its own, that is not announced; its SHA."""
        repository = self.world.cloud.github.repository(self.repository)
        return repository.commit(self._files(text), f"Change {text}", author=HANA, branch="aside").after

    def lines(self, text: str, target: str) -> list[str]:
        """What the playbook of a commit did on a target: `one begins`, and so on."""
        beginning = f"{text} {target} "
        lines = self._log.read_text().splitlines()
        return [line.removeprefix(beginning) for line in lines if line.startswith(beginning)]

    def newest(self, target: str) -> str:
        """The commit whose playbook was the last to end on a target."""
        lines = [line.split() for line in self._log.read_text().splitlines()]
        return [text for text, where, _, what in lines if where == target and what == "ends"][-1]

    def _files(self, text: str, check: str = "true", where: tuple[str, ...] = ()) -> dict[str, str]:
        play = PLAY.format(text=text, log=self._log, check=check, where=list(where))
        return {"hosts.ini": local_machines("one", "two"), "play.yml": play}

    # --- what happens to a rollout ------------------------------------------------------------------------------------

    def load(self, rollout: RolloutId) -> tuple[Rollout, dict[TargetName, Run]]:
        loaded = self.world.store.load(rollout)
        assert loaded
        return loaded[0], latest(loaded[1])

    def end(self, rollout: RolloutId, *, sweeps: bool = False) -> tuple[Rollout, dict[TargetName, Run]]:
        """The rollout with its newest runs, once it has ended."""

        def ended() -> tuple[Rollout, dict[TargetName, Run]] | None:
            if sweeps:
                self.sweep()
            loaded = self.world.store.load(rollout)
            return (loaded[0], latest(loaded[1])) if loaded and loaded[0].state.ended else None

        return wait_until(ended, STANDSTILL_SECONDS, f"{rollout} does not end", lambda: self.world.progress(rollout))

    def waiting(self, delivery: WebhookDelivery, kind: WaitKind) -> Rollout:
        """The rollout of a delivery, once it waits for `kind`."""
        rollout = rollout_of(delivery)

        def waits() -> Rollout | None:
            loaded = self.world.store.load(rollout)
            return loaded[0] if loaded and loaded[0].wait and loaded[0].wait.kind is kind else None

        complaint = f"{rollout} does not wait for {kind}"
        return wait_until(waits, STANDSTILL_SECONDS, complaint, lambda: self.world.progress(rollout))

    def sweep(self) -> None:
        """Do what the schedule does every five minutes."""
        client = self.world.cloud.client("lambda")
        payload = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
        answer = client.invoke(FunctionName="pointsman-start-build", Qualifier="live", Payload=payload)
        assert "FunctionError" not in answer, answer["Payload"].read()


class Person:
    """Somebody whose role may send commands, and nothing else."""

    def __init__(self, world: Observer, roles: Roles, name: str) -> None:
        self.arn = f"arn:aws:sts::111111111111:assumed-role/test-{name}/test"
        self._world = world
        self._caller = roles.made("control", f"test-{name}", ["execute-api:Invoke"])
        self._numbers = count(1)

    def send[Form: CommandForm](self, kind: type[Form], **fields: Any) -> CommandEvent:
        """Send a command; return its event. Raises CommandError if it is refused."""
        name = CommandId(f"{self.arn.split('/')[1]}-{kind.__name__}-{next(self._numbers)}")
        form: Any = kind(id=name, **fields)
        cloud = self._world.cloud
        return send_command(Connection(self._caller.session, cloud.endpoint, cloud.record.outputs), form)
