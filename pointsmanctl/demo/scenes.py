"""The scenes (a) to (e) of the demo: each does something real, shows the result and checks it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from rich.padding import Padding
from rich.syntax import Syntax
from rich.text import Text

from localcloud.cloud import LocalCloud
from localcloud.github.commits import Author
from localcloud.github.webhook import WebhookDelivery
from localcloud.names import CHANNEL, REPOSITORY
from pointsman.core.cancellation import CommandId
from pointsman.core.model import Rollout, RolloutState
from pointsman.core.rollout_facts import WaitKind
from pointsman.core.rollouts.commands.forms import Approve
from pointsman.core.trail.events import RolloutRepeated
from pointsman.core.trail.wave_events import RolloutHalted, WaveStarted
from pointsmanctl.demo.observer import STANDSTILL_SECONDS, Observer, rollout_of
from pointsmanctl.demo.people import connection_of
from pointsmanctl.demo.slack_view import slack_message
from pointsmanctl.demo.stage import DemoFailed, Stage
from pointsmanctl.errors import CommandError
from pointsmanctl.output.decisions_table import decisions_table
from pointsmanctl.output.trail_table import trail_table
from pointsmanctl.stack.commands import send_command
from pointsmanctl.stack.connection import Connection

ROUTES: Final = Path(__file__).with_name("routes.yaml")
HANA = Author("Hana Ito", "hana@example.com")
OMAR = Author("Omar Haddad", "omar@example.com")
DEFAULTS = "roles/app/defaults/main.yml"
TASKS = "roles/app/tasks/main.yml"
OLD_MESSAGE = "app_message: all signals clear"
NEW_MESSAGE = "green on every track"
NEXT_MESSAGE = "the winter timetable"
BROKEN_HOST = "web-prod-euc1"
BROKEN_TASK = "Check that the release fits this host"


class Play:
    """The scenes in order, on a running local cloud."""

    def __init__(self, stage: Stage, cloud: LocalCloud) -> None:
        self._stage = stage
        self._cloud = cloud
        self._observer = Observer(cloud)
        self._people = {name: connection_of(cloud, name) for name in ("hana", "omar")}

    def perform(self) -> None:
        """Run all scenes."""
        delivery = self.a_push_that_changes_a_role()
        self.the_same_commit_again(delivery)
        self.only_documentation()
        self.a_broken_task()
        self.a_forged_signature()

    def a_push_that_changes_a_role(self) -> WebhookDelivery:
        """Scene (a). Returns the delivery of the push."""
        self._stage.scene("a", "A push changes a role: DEV first, then a canary, then the rest of PROD")
        defaults = self._observer.file(DEFAULTS)
        self._stage.say(f'Hana pushes "{OLD_MESSAGE}" → "app_message: {NEW_MESSAGE}" to {REPOSITORY}, branch main.')
        pushed = self._cloud.github.push(
            {DEFAULTS: defaults.replace(OLD_MESSAGE, f"app_message: {NEW_MESSAGE}")},
            "Say it in green\n\nThe passengers asked for it.",
            author=HANA,
        )
        self._check_answer(pushed.delivery, 202)
        waiting = self._follow(pushed.delivery, self._waits_for_approval)
        self._approve(waiting)
        rollout = self._follow(pushed.delivery).id
        self._check_everything_ran(pushed.delivery)
        self._show_slack(pushed.delivery)
        self._show_trail(rollout)
        return pushed.delivery

    def the_same_commit_again(self, delivery: WebhookDelivery) -> None:
        """Scene (b)."""
        self._stage.scene("b", "The same commit is redelivered: nothing runs twice")
        builds = self._observer.builds()
        redelivery = self._cloud.github.redeliver(delivery.id)
        self._check_answer(redelivery, 202)
        self._stage.show(trail_table([self._observer.first(rollout_of(redelivery), RolloutRepeated)]))
        now = self._observer.builds()
        self._stage.check(now == builds == 10, "still 10 builds, one per target", now)

    def only_documentation(self) -> None:
        """Scene (c)."""
        self._stage.scene("c", "A push touches only documentation: ignored, with the reason")
        pushed = self._cloud.github.push(
            {"docs/runbook.md": "# Runbook\n\nKeep calm.\n"}, "Shorten the runbook", author=OMAR
        )
        decisions = self._check_answer(pushed.delivery, 202)
        started = [decision["route"] for decision in decisions if decision["runs"]]
        self._stage.check(not started, "no route runs, and the answer has the reason", started)
        event = self._observer.decision_event(pushed.delivery)
        self._stage.show(trail_table([event]))

    def a_broken_task(self) -> None:
        """Scene (d)."""
        self._stage.scene("d", "A bad commit: it stops at the canary, and the rest of PROD stays as it was")
        defaults = self._observer.file(DEFAULTS).replace(NEW_MESSAGE, NEXT_MESSAGE)
        broken = (
            f"{self._observer.file(TASKS).rstrip()}\n\n- name: {BROKEN_TASK}\n  ansible.builtin.command:\n"
            "    argv: [ls, /srv/releases/2026-11]\n  changed_when: false\n"
            f"  when: inventory_hostname == '{BROKEN_HOST}'\n"
        )
        self._stage.say(
            f'Omar pushes "app_message: {NEXT_MESSAGE}", and a task that fails on the canary, {BROKEN_HOST}.'
        )
        pushed = self._cloud.github.push(
            {DEFAULTS: defaults, TASKS: broken}, "Announce the winter timetable", author=OMAR
        )
        self._check_answer(pushed.delivery, 202)
        self._follow(pushed.delivery)
        self._check_where_it_failed(pushed.delivery)
        self._check_where_it_halted(pushed.delivery)
        self._show_slack(pushed.delivery)
        self._show_note(pushed.delivery)

    def a_forged_signature(self) -> None:
        """Scene (e)."""
        self._stage.scene("e", "Somebody forges a delivery: 401, and nothing else happens")
        payload = {"ref": "refs/heads/main", "repository": {"full_name": REPOSITORY}}
        forged = self._cloud.github.webhook().deliver("push", payload, secret="not the secret")  # noqa: S106
        self._check_answer(forged, 401)

    # --- shared by the scenes -----------------------------------------------------------------------------------------

    def _check_answer(self, delivery: WebhookDelivery, status: int) -> list[dict[str, Any]]:
        """Check and show the answer to a delivery. Returns its decisions."""
        response = delivery.response
        kind = "Redelivery" if delivery.redelivery else "Delivery"
        self._stage.say(f"{kind} {delivery.id} → HTTP {response.status} in {response.seconds * 1000:.0f} ms")
        if response.status != status:
            raise DemoFailed(f"expected HTTP {status}, got {response.status} {response.body}")
        decisions: list[dict[str, Any]] = response.json().get("decisions", [])
        self._stage.show(decisions_table(decisions) if decisions else Text(f"  {response.body}", style="dim"))
        return decisions

    def _follow(
        self, delivery: WebhookDelivery, until: Callable[[Rollout], bool] = lambda rollout: rollout.state.ended
    ) -> Rollout:
        rollout = rollout_of(delivery)
        return self._stage.follow(
            lambda: self._observer.store.load(rollout),
            lambda: self._observer.progress(rollout),
            STANDSTILL_SECONDS,
            until,
        )

    def _waits_for_approval(self, rollout: Rollout) -> bool:
        return rollout.wait is not None and rollout.wait.kind is WaitKind.APPROVAL

    def _approve(self, rollout: Rollout) -> None:
        """Let the author try to approve, and then another person."""
        if rollout.wait is None or rollout.wait.until is None:
            raise DemoFailed(f"expected the rollout to wait for an approval, got {rollout.state} {rollout.halt}")
        changed = self._hosts_with(NEW_MESSAGE)
        self._stage.check(changed == 6, "DEV and the canary have the change, and nothing else", changed)
        self._stage.say(f"⏸ The rollout {rollout.wait.reason}, until {rollout.wait.until:%m-%d %H:%M} UTC.")
        try:
            self._send_approval(self._people["hana"], rollout)
            raise DemoFailed("expected that Hana cannot approve her own change")
        except CommandError as refusal:
            self._stage.check("hana pushed" in str(refusal), f"Hana may not approve her own change: {refusal}", refusal)
        self._send_approval(self._people["omar"], rollout)
        self._stage.say("Omar approves it, as the IAM user omar.")

    def _send_approval(self, connection: Connection, rollout: Rollout) -> None:
        send_command(
            connection,
            Approve(id=CommandId(str(uuid4())), rollout=rollout.id, wave=2, commit=rollout.change.after),
        )

    def _hosts_with(self, message: str) -> int:
        """How many hosts have a message in their file."""
        files = [host.root / "etc/nginx/conf.d/app.conf" for host in self._cloud.hosts()]
        return len([file for file in files if file.exists() and message in file.read_text()])

    def _check_everything_ran(self, delivery: WebhookDelivery) -> None:
        rollout, _ = self._observer.end_of(delivery)
        self._stage.check(rollout.state is RolloutState.SUCCEEDED, "the rollout succeeded", rollout.state.value)
        changed = [each for each in self._observer.host_results(rollout.id, 10) if each.status == "changed"]
        self._stage.check(len(changed) == 10, "Ansible changed 10 hosts", len(changed))
        updated = self._hosts_with(NEW_MESSAGE)
        self._stage.check(updated == 10, f'10 files on 10 hosts say "{NEW_MESSAGE}"', updated)
        waves = [event for event in self._observer.events(rollout.id) if isinstance(event, WaveStarted)]
        self._stage.check(
            [len(wave.targets) for wave in waves] == [5, 1, 4],
            "in three waves: 5 targets of DEV, the canary, 4 targets of PROD",
            waves,
        )

    def _check_where_it_failed(self, delivery: WebhookDelivery) -> None:
        rollout, _ = self._observer.end_of(delivery)
        self._stage.check(rollout.state is RolloutState.FAILED, "the rollout failed", rollout.state.value)
        failed = [each for each in self._observer.host_results(rollout.id, 6) if each.status == "failed"]
        hosts = [each.host for each in failed]
        self._stage.check(hosts == [BROKEN_HOST], f"the trail says that {BROKEN_HOST} failed, and no other host", hosts)
        tasks = [task.name for task in failed[0].tasks if task.status == "failed"]
        self._stage.check(tasks == [BROKEN_TASK], f'... at the task "{BROKEN_TASK}"', tasks)
        self._stage.show(trail_table(list(failed)))

    def _check_where_it_halted(self, delivery: WebhookDelivery) -> None:
        event = self._observer.first(rollout_of(delivery), RolloutHalted)
        self._stage.check(
            len(event.not_started) == 4, f"the rollout halted: {event.reason}; 4 targets were not started", event
        )
        left = self._hosts_with(NEW_MESSAGE)
        self._stage.check(left == 4, f'the other 4 hosts of PROD still say "{NEW_MESSAGE}"', left)

    def _show_slack(self, delivery: WebhookDelivery) -> None:
        rollout, _ = self._observer.end_of(delivery)
        self._stage.show(slack_message(self._observer.last_message(rollout.id, rollout.state.value), CHANNEL))

    def _show_note(self, delivery: WebhookDelivery) -> None:
        rollout, _ = self._observer.end_of(delivery)
        notes = self._observer.notes(rollout.id, 1)
        self._stage.check(len(notes) == 1, "Slack gets exactly one notification", len(notes))
        self._stage.show(slack_message(notes[0], CHANNEL))

    def _show_trail(self, rollout: str) -> None:
        self._stage.say("The trail: who, which commit, which target, which host, which tasks changed.")
        results = sorted(self._observer.host_results(rollout, 10), key=lambda event: event.target)
        self._stage.show(trail_table(list(results)))
        self._stage.say("What one of them changed in its file (pointsman audit --diff):")
        [task] = [task for task in results[0].tasks if task.name == "Configure the application"]
        self._stage.show(Padding(Syntax(task.diff or "", "diff", background_color="default"), (0, 0, 0, 4)))
