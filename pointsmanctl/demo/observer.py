"""Observes Pointsman on the local cloud: for the demo and the end-to-end tests."""

from typing import Any

from localcloud.cloud import LocalCloud
from localcloud.errors import LocalCloudError
from localcloud.github.webhook import WebhookDelivery
from localcloud.waiting import TIMEOUT_SECONDS, wait_until
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.index.query import IndexQuery
from pointsman.core.model import Rollout, RolloutId, Run, TargetName
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.trail.events import DeliveryDecided, HostResultRecorded, TrailEvent
from pointsman.core.trail.item import NewerEvent
from pointsman.core.trail.keys import delivery_partition
from pointsmanctl.output.host_lines import joined_parts
from pointsmanctl.stack.trail_query import TrailReader, by_time

STANDSTILL_SECONDS = 300.0
"""How long to wait without any progress of a rollout."""


class Observer:
    """Reads the results of pushes from a local cloud with Pointsman deployed; waits for them, with a time-out.

    Every method that waits raises LocalCloudError after the time-out.
    """

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.audit_table = cloud.record.outputs["AuditTableName"]
        self.index_table = cloud.record.outputs["IndexTableName"]
        self.rollouts_table = cloud.record.outputs["RolloutsTableName"]
        self.store = DynamoRollouts(cloud.client("dynamodb"), self.rollouts_table, self.audit_table)

    def file(self, path: str) -> str:
        """Return the text of a file on the repository's main branch."""
        return (self.cloud.github.repository().clone / path).read_text()

    def end_of(self, delivery: WebhookDelivery, route: str = "") -> tuple[Rollout, dict[TargetName, Run]]:
        """Return the only rollout of a delivery (on a route) with its newest runs, once the rollout has ended."""
        rollout = rollout_of(delivery, route)

        def ended() -> tuple[Rollout, dict[TargetName, Run]] | None:
            loaded = self.store.load(rollout)
            return (loaded[0], latest(loaded[1])) if loaded and loaded[0].state.ended else None

        return wait_until(ended, STANDSTILL_SECONDS, f"{rollout} makes no progress", lambda: self.progress(rollout))

    def progress(self, rollout: RolloutId) -> object:
        """Return a value that changes while a rollout runs: from its runs, the phases of builds and its events."""
        loaded = self.store.load(rollout)
        builds = sorted((build["id"], build["phase"]) for build in self.cloud.running_builds())
        return loaded and [run.state for run in loaded[1]], builds, len(self.events(rollout))

    def events(self, rollout: str) -> list[TrailEvent]:
        """Return the events of a rollout, by time."""
        events = by_time(self.trail.of_rollout(rollout) or [])
        return [event for event in events if not isinstance(event, NewerEvent)]

    def query(self, query: IndexQuery) -> list[TrailEvent]:
        """Return the newest events of the audit trail that match `query`."""
        return [event for event in self.trail.events(query, 1_000) if not isinstance(event, NewerEvent)]

    @property
    def trail(self) -> TrailReader:
        """The trail with its index."""
        return TrailReader(self.cloud.client("dynamodb"), self.audit_table, self.index_table)

    def host_results(self, rollout: str, number: int) -> list[HostResultRecorded]:
        """Return what Ansible did on each host, once the complete results of `number` hosts are in the trail."""

        def complete() -> list[HostResultRecorded] | None:
            events = joined_parts(self.events(rollout))
            results = [event for event in events if isinstance(event, HostResultRecorded) and event.final]
            return results if len({event.host for event in results}) >= number else None

        return wait_until(complete, TIMEOUT_SECONDS, f"no {number} host results of {rollout}")

    def decision_event(self, delivery: WebhookDelivery) -> DeliveryDecided:
        """Return the DeliveryDecided event of a delivery, once it is in the trail."""

        def event() -> DeliveryDecided | None:
            trail = DynamoTrail(self.cloud.client("dynamodb"), self.audit_table)
            events = trail.of_partition(delivery_partition(delivery.id))
            return next((each for each in events if isinstance(each, DeliveryDecided)), None)

        return wait_until(event, TIMEOUT_SECONDS, f"delivery {delivery.id} is not in the trail")

    def messages(self, rollout: str) -> list[dict[str, Any]]:
        """Return the Slack messages of a rollout, without the notes in its thread."""
        return [each for each in self._messages_about(rollout) if "note" not in each["metadata"]["event_payload"]]

    def notes(self, rollout: str, number: int) -> list[dict[str, Any]]:
        """Return the notes in the thread of a rollout, once there are `number`."""

        def complete() -> list[dict[str, Any]] | None:
            notes = [each for each in self._messages_about(rollout) if "note" in each["metadata"]["event_payload"]]
            return notes if len(notes) >= number else None

        return wait_until(complete, TIMEOUT_SECONDS, f"Slack has no {number} notes in the thread of {rollout}")

    def _messages_about(self, rollout: str) -> list[dict[str, Any]]:
        return [each for each in self.cloud.slack.channel()["messages"] if rollout in str(each["metadata"])]

    def last_message(self, rollout: str, word: str) -> dict[str, Any]:
        """Return the only message of a rollout, once it shows the state `word`."""

        def message() -> dict[str, Any] | None:
            [only] = self.messages(rollout) or [{"text": ""}]
            return only if f": {word} ·" in only["text"] else None

        return wait_until(message, TIMEOUT_SECONDS, f"the Slack message of {rollout} does not say {word!r}")

    def builds(self) -> int:
        """Return the number of builds that were started, in every account and region."""
        return sum(
            len(self.cloud.client("codebuild", account, region).list_builds_for_project(projectName="pointsman")["ids"])
            for account in self.cloud.record.accounts
            for region in self.cloud.record.regions
        )

    def first[Kind: TrailEvent](self, rollout: str, kind: type[Kind]) -> Kind:
        """Return the first event of a type in a rollout's trail, once there is one."""

        def matching() -> list[Kind]:
            return [event for event in self.events(rollout) if isinstance(event, kind)]

        return wait_until(matching, TIMEOUT_SECONDS, f"no {kind.__name__} of {rollout}")[0]


def rollout_of(delivery: WebhookDelivery, route: str = "") -> RolloutId:
    """Return the only rollout in the receiver's answer, or the one of a route. Raises LocalCloudError if not one."""
    decisions = [each for each in delivery.response.json()["decisions"] if route in ("", each["route"])]
    names = {decision["rollout"] for decision in decisions if decision["rollout"]}
    if len(names) != 1:
        raise LocalCloudError(f"expected one rollout; the answer names {sorted(names) or 'none'}")
    return RolloutId(names.pop())
