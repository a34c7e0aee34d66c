"""`pointsman rollout`: real builds are stopped, and run again, for those whom IAM allows it."""

import json
from pathlib import Path

import pytest

from localcloud.github.commits import Author
from localcloud.github.webhook import WebhookDelivery
from localcloud.waiting import TIMEOUT_SECONDS, wait_until
from pointsman.core.cancellation import CommandId
from pointsman.core.model import RolloutId, RolloutState, RunState, TargetName
from pointsman.core.rollouts.commands.forms import AnyCommand, command_form
from pointsman.core.trail.command_events import CommandRefused, RolloutCancelled, RolloutRetried
from pointsmanctl.demo.observer import Observer, rollout_of
from pointsmanctl.errors import CloudUnavailable, CommandError
from pointsmanctl.stack.commands import send_command
from pointsmanctl.stack.connection import Connection
from tests.support.fleet import local_machines
from tests.support.roles import Caller, Roles

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

REPOSITORY = "acme/machines"
TARGET = TargetName("dev/ap-southeast-2")
HANA = Author("Hana Ito", "hana@example.com")
WAITS = """
- hosts: machines
  gather_facts: false
  tasks:
    - name: Begin
      ansible.builtin.copy: {{dest: "{files}/begun", content: "", mode: "0644"}}
    - name: Wait
      ansible.builtin.command: tail -f "{files}/begun"
"""
FAILS_ON_TWO = """
- hosts: machines
  gather_facts: false
  tasks:
    - name: Count the runs
      ansible.builtin.shell: echo run >> "{files}/{{{{ inventory_hostname }}}}"
    - name: Need what two does not have
      ansible.builtin.command: cat "{files}/needed-by-two"
      when: inventory_hostname == "two"
"""


@pytest.fixture(scope="module", autouse=True)
def repository(world: Observer) -> None:
    world.cloud.github.repository(REPOSITORY).create()


def push(world: Observer, playbook: str, files: Path) -> WebhookDelivery:
    """Push a playbook that uses the directory `files`."""
    contents = {"hosts.ini": local_machines("one", "two"), "play.yml": playbook.format(files=files)}
    return world.cloud.github.push(contents, "Change the machines", author=HANA, repository=REPOSITORY).delivery


@pytest.fixture(scope="module")
def operator(world: Observer) -> Caller:
    """A person whose role may send commands, and nothing else."""
    return Roles(world).made("control", "test-operator", ["execute-api:Invoke"])


def connection(world: Observer, caller: Caller) -> Connection:
    return Connection(caller.session, world.cloud.endpoint, world.cloud.record.outputs)


def request(name: str, rollout: RolloutId, **about: object) -> AnyCommand:
    return command_form({"id": f"{name}-{rollout}", "name": name, "rollout": rollout, **about})


def processes_with(text: str) -> list[str]:
    """Command lines of this machine's processes that contain a text."""
    lines = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(process.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return [line for line in lines if text in line]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cancel")


@pytest.fixture(scope="module")
def cancelled(world: Observer, operator: Caller, files: Path) -> WebhookDelivery:
    """A rollout that was cancelled while Ansible was in the middle of a task."""
    delivery = push(world, WAITS, files)
    rollout = rollout_of(delivery)
    wait_until(
        lambda: processes_with(f"tail -f {files}/begun"),
        300,
        "the playbook does not begin",
        lambda: world.progress(rollout),
    )
    command = request("cancel", rollout, reason="wrong <!channel>")
    event = send_command(connection(world, operator), command)
    assert isinstance(event, RolloutCancelled)
    assert send_command(connection(world, operator), command) == event
    return delivery


def test_the_build_is_stopped_and_the_rollout_ends(world: Observer, cancelled: WebhookDelivery) -> None:
    rollout, runs = world.end_of(cancelled)
    assert rollout.state is RolloutState.CANCELLED
    assert runs[TARGET].state is RunState.STOPPED
    assert "cancelled by test-operator/test: wrong" in runs[TARGET].reason


def test_no_process_of_the_playbook_is_left(world: Observer, cancelled: WebhookDelivery, files: Path) -> None:
    world.end_of(cancelled)
    wait_until(
        lambda: not processes_with(f"{files}/begun"),
        TIMEOUT_SECONDS,
        "the playbook's processes do not end",
    )


def test_the_trail_has_the_principal_that_iam_verified(world: Observer, cancelled: WebhookDelivery) -> None:
    event = world.first(rollout_of(cancelled), RolloutCancelled)
    assert event.actor == "arn:aws:sts::111111111111:assumed-role/test-operator/test"


def test_slack_says_who_cancelled_it(world: Observer, cancelled: WebhookDelivery) -> None:
    message = world.last_message(rollout_of(cancelled), "cancelled")
    text = json.dumps(message["blocks"], ensure_ascii=False)
    assert "cancelled by test-operator/test" in text
    assert "<!channel>" not in text


def test_a_second_cancel_is_refused_with_the_reason(
    world: Observer, operator: Caller, cancelled: WebhookDelivery
) -> None:
    rollout, _ = world.end_of(cancelled)
    again = request("cancel", rollout.id).replace(id=CommandId("another-command"))
    with pytest.raises(CommandError, match="refused: the rollout has ended: cancelled"):
        send_command(connection(world, operator), again)
    assert world.first(rollout.id, CommandRefused).command == "another-command"


def test_who_may_not_invoke_the_api_is_denied(world: Observer, cancelled: WebhookDelivery) -> None:
    nobody = Roles(world).made("control", "test-nobody", ["dynamodb:*", "sqs:*", "lambda:*"])
    with pytest.raises(CloudUnavailable, match="execute-api:Invoke"):
        send_command(connection(world, nobody), request("retry", rollout_of(cancelled)))


def test_only_the_host_that_failed_runs_again(world: Observer, operator: Caller, tmp_path: Path) -> None:
    delivery = push(world, FAILS_ON_TWO, tmp_path)
    rollout, _ = world.end_of(delivery)
    assert rollout.state is RolloutState.FAILED
    world.host_results(rollout.id, 2)

    (tmp_path / "needed-by-two").touch()
    event = send_command(connection(world, operator), request("retry", rollout.id, failed_hosts=True))

    assert isinstance(event, RolloutRetried)
    assert event.hosts == {TARGET: ("two",)}
    rollout, runs = world.end_of(delivery)
    assert (rollout.state, runs[TARGET].attempt) == (RolloutState.SUCCEEDED, 2)
    counts = {name: (tmp_path / name).read_text().count("run") for name in ("one", "two")}
    assert counts == {"one": 1, "two": 2}
