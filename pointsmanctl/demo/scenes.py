"""The demo's scenes (a) to (e): each does something real, shows what came of it, and checks it."""

from typing import Any

from rich.padding import Padding
from rich.syntax import Syntax
from rich.text import Text

from localcloud.cloud import LocalCloud
from localcloud.github.commits import Author
from localcloud.github.webhook import WebhookDelivery
from localcloud.names import CHANNEL, REPOSITORY
from pointsman.core.model import RolloutState
from pointsman.core.trail.events import RolloutRepeated
from pointsmanctl.demo.observer import STANDSTILL_SECONDS, Observer, rollout_of
from pointsmanctl.demo.slack_view import slack_message
from pointsmanctl.demo.stage import DemoFailed, Stage
from pointsmanctl.output.decisions_table import decisions_table
from pointsmanctl.output.trail_table import trail_table

HANA = Author("Hana Ito", "hana@example.com")
OMAR = Author("Omar Haddad", "omar@example.com")
DEFAULTS = "ansible/roles/app/defaults/main.yml"
TASKS = "ansible/roles/app/tasks/main.yml"
OLD_MESSAGE = "app_message: all signals clear"
NEW_MESSAGE = "green on every track"
BROKEN_HOST = "web-prod-euc1"
BROKEN_TASK = "Check that the release fits this host"


class Play:
    """The scenes in order, on a local cloud that is up."""

    def __init__(self, stage: Stage, cloud: LocalCloud) -> None:
        self._stage = stage
        self._cloud = cloud
        self._seen = Observer(cloud)

    def perform(self) -> None:
        """All of them."""
        first = self.a_push_that_changes_a_role()
        self.the_same_commit_again(first)
        self.only_documentation()
        self.a_broken_task()
        self.a_forged_signature()

    def a_push_that_changes_a_role(self) -> WebhookDelivery:
        """(a)"""
        self._stage.scene("a", "A push changes a role: ten hosts in five regions and two accounts follow")
        before = self._seen.file(DEFAULTS)
        self._stage.say(f'Hana pushes "{OLD_MESSAGE}" → "app_message: {NEW_MESSAGE}" to {REPOSITORY}, branch main.')
        pushed = self._cloud.github.push(
            {DEFAULTS: before.replace(OLD_MESSAGE, f"app_message: {NEW_MESSAGE}")},
            "Say it in green\n\nThe passengers asked for it.",
            author=HANA,
        )
        self._answered(pushed.delivery, 202)
        rollout = self._follow(pushed.delivery)
        self._check_everything_ran(pushed.delivery)
        self._show_slack(pushed.delivery)
        self._show_trail(rollout)
        return pushed.delivery

    def the_same_commit_again(self, delivery: WebhookDelivery) -> None:
        """(b)"""
        self._stage.scene("b", "The same commit is delivered again: nothing runs twice")
        builds = self._seen.builds()
        again = self._cloud.github.redeliver(delivery.id)
        self._answered(again, 202)
        self._stage.show(trail_table([self._seen.first(rollout_of(again), RolloutRepeated)]))
        now = self._seen.builds()
        self._stage.check(now == builds == 10, "still 10 builds, one on each target: none was added", now)

    def only_documentation(self) -> None:
        """(c)"""
        self._stage.scene("c", "A push touches only documentation: ignored, with the reason")
        pushed = self._cloud.github.push(
            {"docs/runbook.md": "# Runbook\n\nKeep calm.\n"}, "Shorten the runbook", author=OMAR
        )
        decisions = self._answered(pushed.delivery, 202)
        started = [decision["route"] for decision in decisions if decision["runs"]]
        self._stage.check(not started, "no route runs, and the answer says why", started)
        decided = self._seen.decided(pushed.delivery)
        self._stage.show(trail_table([decided]))

    def a_broken_task(self) -> None:
        """(d)"""
        self._stage.scene("d", "A push with a broken task: reported with its host and task")
        broken = (
            f"{self._seen.file(TASKS).rstrip()}\n\n- name: {BROKEN_TASK}\n  ansible.builtin.command:\n"
            "    argv: [ls, /srv/releases/2026-11]\n  changed_when: false\n"
            f"  when: inventory_hostname == '{BROKEN_HOST}'\n"
        )
        self._stage.say(f"Omar pushes a task that cannot work on {BROKEN_HOST}.")
        pushed = self._cloud.github.push({TASKS: broken}, "Check the release on its host", author=OMAR)
        self._answered(pushed.delivery, 202)
        self._follow(pushed.delivery)
        self._check_where_it_failed(pushed.delivery)
        self._show_slack(pushed.delivery)
        self._show_note(pushed.delivery)

    def a_forged_signature(self) -> None:
        """(e)"""
        self._stage.scene("e", "Somebody forges a delivery: 401, and nothing else happens")
        payload = {"ref": "refs/heads/main", "repository": {"full_name": REPOSITORY}}
        forged = self._cloud.github.webhook().deliver("push", payload, secret="not the secret")  # noqa: S106
        self._answered(forged, 401)

    # --- what scenes share -------------------------------------------------------------------------------------------

    def _answered(self, delivery: WebhookDelivery, status: int) -> list[dict[str, Any]]:
        """Show a delivery's answer; its decisions."""
        response = delivery.response
        how = "Redelivery" if delivery.redelivery else "Delivery"
        self._stage.say(f"{how} {delivery.id} → HTTP {response.status} in {response.seconds * 1000:.0f} ms")
        if response.status != status:
            raise DemoFailed(f"expected HTTP {status}; what came was {response.status} {response.body}")
        decisions: list[dict[str, Any]] = response.json().get("decisions", [])
        self._stage.show(decisions_table(decisions) if decisions else Text(f"  {response.body}", style="dim"))
        return decisions

    def _follow(self, delivery: WebhookDelivery) -> str:
        rollout = rollout_of(delivery)
        self._stage.follow(
            lambda: self._seen.store.load(rollout), lambda: self._seen.progress(rollout), STANDSTILL_SECONDS
        )
        return rollout

    def _check_everything_ran(self, delivery: WebhookDelivery) -> None:
        rollout, _ = self._seen.end_of(delivery)
        self._stage.check(rollout.state is RolloutState.SUCCEEDED, "the rollout succeeded", rollout.state.value)
        changed = [each for each in self._seen.host_results(rollout.id, 10) if each.status == "changed"]
        self._stage.check(len(changed) == 10, "Ansible changed 10 hosts", len(changed))
        files = [host.root / "etc/nginx/conf.d/app.conf" for host in self._cloud.hosts()]
        right = [file for file in files if file.exists() and NEW_MESSAGE in file.read_text()]
        self._stage.check(len(right) == 10, f'10 files on 10 hosts say "{NEW_MESSAGE}"', len(right))

    def _check_where_it_failed(self, delivery: WebhookDelivery) -> None:
        rollout, _ = self._seen.end_of(delivery)
        self._stage.check(rollout.state is RolloutState.FAILED, "the rollout failed", rollout.state.value)
        failed = [each for each in self._seen.host_results(rollout.id, 10) if each.status == "failed"]
        hosts = [each.host for each in failed]
        self._stage.check(hosts == [BROKEN_HOST], f"the trail says that {BROKEN_HOST} failed, and no other host", hosts)
        tasks = [task.name for task in failed[0].tasks if task.status == "failed"]
        self._stage.check(tasks == [BROKEN_TASK], f'... at the task "{BROKEN_TASK}"', tasks)
        self._stage.show(trail_table(list(failed)))

    def _show_slack(self, delivery: WebhookDelivery) -> None:
        rollout, _ = self._seen.end_of(delivery)
        self._stage.show(slack_message(self._seen.last_message(rollout.id, rollout.state.value), CHANNEL))

    def _show_note(self, delivery: WebhookDelivery) -> None:
        rollout, _ = self._seen.end_of(delivery)
        notes = self._seen.notes(rollout.id, 1)
        self._stage.check(len(notes) == 1, "Slack notifies of it, once", len(notes))
        self._stage.show(slack_message(notes[0], CHANNEL))

    def _show_trail(self, rollout: str) -> None:
        self._stage.say("The trail: who, which commit, which target, which host, which tasks changed.")
        results = sorted(self._seen.host_results(rollout, 10), key=lambda event: event.target)
        self._stage.show(trail_table(list(results)))
        self._stage.say("What one of them changed in its file (pointsman audit --diff):")
        [task] = [task for task in results[0].tasks if task.name == "Configure the application"]
        self._stage.show(Padding(Syntax(task.diff or "", "diff", background_color="default"), (0, 0, 0, 4)))
