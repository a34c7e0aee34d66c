"""Short ways to ask a Pointsman on the local cloud what became of a push: for the demo and the end-to-end tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from localcloud.cloud import LocalCloud
from localcloud.errors import LocalCloudError
from localcloud.github.webhook import WebhookDelivery
from localcloud.waiting import TIMEOUT_SECONDS, wait_until
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.core.model import Rollout, RolloutId, Run, TargetName
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.trail.events import DeliveryDecided, HostResultRecorded, TrailEvent
from pointsman.core.trail.item import NewerEvent
from pointsmanctl.output.host_lines import joined_parts
from pointsmanctl.stack.trail_query import TrailQuery, run_query

SOON = TIMEOUT_SECONDS
STANDSTILL_SECONDS = 300.0
"""How long a rollout may stand still. As long as something moves, whoever waits goes on waiting."""


class Observer:
    """Looks at a local cloud with Pointsman deployed in it; waits, with a limit, for what must come.

    Every method that waits raises LocalCloudError when it did not come.
    """

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.audit_table = cloud.record.outputs["AuditTableName"]
        self.rollouts_table = cloud.record.outputs["RolloutsTableName"]
        self.store = DynamoRollouts(cloud.client("dynamodb"), self.rollouts_table, self.audit_table)

    def file(self, path: str) -> str:
        """A file of the repository's main branch."""
        return (self.cloud.github.repository().clone / path).read_text()

    def end_of(self, delivery: WebhookDelivery) -> tuple[Rollout, dict[TargetName, Run]]:
        """The one rollout of a delivery with its newest runs, once it has ended and told of every host."""
        rollout = rollout_of(delivery)

        def ended() -> tuple[Rollout, dict[TargetName, Run]] | None:
            loaded = self.store.load(rollout)
            return (loaded[0], latest(loaded[1])) if loaded and loaded[0].state.ended else None

        return wait_until(ended, STANDSTILL_SECONDS, f"{rollout} stands still", lambda: self.progress(rollout))

    def progress(self, rollout: RolloutId) -> object:
        """Something that changes as a rollout goes on: its runs, their builds' phases, what hosts have told."""
        loaded = self.store.load(rollout)
        builds = sorted((build["id"], build["phase"]) for build in self.cloud.running_builds())
        return loaded and [run.state for run in loaded[1]], builds, len(self.events(rollout))

    def events(self, rollout: str) -> list[TrailEvent]:
        """The trail of a rollout, by time."""
        now = datetime.now(UTC)
        return self.ask(TrailQuery(now - timedelta(days=1), now + timedelta(minutes=5), rollout=rollout, limit=1000))

    def ask(self, question: TrailQuery) -> list[TrailEvent]:
        """The trail's answer."""
        found = run_query(self.cloud.client("dynamodb"), self.audit_table, question)
        return [event for event in found if not isinstance(event, NewerEvent)]

    def host_results(self, rollout: str, number: int) -> list[HostResultRecorded]:
        """What Ansible did on each host, once every part of the results of `number` hosts has arrived."""

        def all_there() -> list[HostResultRecorded] | None:
            events = joined_parts(self.events(rollout))
            found = [event for event in events if isinstance(event, HostResultRecorded) and event.final]
            return found if len({event.host for event in found}) >= number else None

        return wait_until(all_there, SOON, f"no {number} host results of {rollout}")

    def decided(self, delivery: WebhookDelivery) -> DeliveryDecided:
        """The trail's record of a delivery, once it is there."""
        now = datetime.now(UTC)
        question = TrailQuery(
            now - timedelta(days=1), now + timedelta(minutes=5), types=("DeliveryDecided",), limit=1000
        )

        def found() -> DeliveryDecided | None:
            events = self.ask(question)
            mine = [each for each in events if isinstance(each, DeliveryDecided) and each.delivery == delivery.id]
            return mine[0] if mine else None

        return wait_until(found, SOON, f"delivery {delivery.id} is not in the trail")

    def messages(self, rollout: str) -> list[dict[str, Any]]:
        """Slack's messages of a rollout, without the notes in its thread."""
        return [each for each in self._marked(rollout) if "note" not in each["metadata"]["event_payload"]]

    def notes(self, rollout: str, number: int) -> list[dict[str, Any]]:
        """The notes in the thread of a rollout, once there are `number`."""

        def all_there() -> list[dict[str, Any]] | None:
            found = [each for each in self._marked(rollout) if "note" in each["metadata"]["event_payload"]]
            return found if len(found) >= number else None

        return wait_until(all_there, SOON, f"Slack has no {number} notes in the thread of {rollout}")

    def _marked(self, rollout: str) -> list[dict[str, Any]]:
        return [each for each in self.cloud.slack.channel()["messages"] if rollout in str(each["metadata"])]

    def last_message(self, rollout: str, word: str) -> dict[str, Any]:
        """The one message of a rollout, once it says that the rollout `word`."""

        def shown() -> dict[str, Any] | None:
            [message] = self.messages(rollout) or [{"text": ""}]
            return message if f": {word} ·" in message["text"] else None

        return wait_until(shown, SOON, f"Slack did not say that {rollout} {word}")

    def builds(self) -> int:
        """How many builds were ever started, in every account and region."""
        return sum(
            len(self.cloud.client("codebuild", account, region).list_builds_for_project(projectName="pointsman")["ids"])
            for account in self.cloud.record.accounts
            for region in self.cloud.record.regions
        )

    def first[Kind: TrailEvent](self, rollout: str, kind: type[Kind]) -> Kind:
        """The first event of a type in a rollout's trail, once it is there."""

        def found() -> list[Kind]:
            return [event for event in self.events(rollout) if isinstance(event, kind)]

        return wait_until(found, SOON, f"no {kind.__name__} of {rollout}")[0]


def rollout_of(delivery: WebhookDelivery) -> RolloutId:
    """The one rollout that the receiver's answer names. Raises LocalCloudError when it names none, or several."""
    names = {decision["rollout"] for decision in delivery.response.json()["decisions"] if decision["rollout"]}
    if len(names) != 1:
        raise LocalCloudError(f"expected one rollout; the answer names {sorted(names) or 'none'}")
    return RolloutId(names.pop())
