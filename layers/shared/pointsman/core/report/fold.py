"""The events of a time, sorted by what a report says of them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pointsman.core.identity import principal_name
from pointsman.core.index.entry import EventKey, IndexEntry
from pointsman.core.index.missing_results import RESULTS_MISSING
from pointsman.core.report.history import RolloutHistory
from pointsman.core.report.records import TrailRecord
from pointsman.core.report.span import TimeSpan
from pointsman.core.trail.keys import delivery_partition

APPROVALS: Final = frozenset({"RolloutApproved", "RolloutRejected"})
ROLLBACKS: Final = frozenset({"RolloutRolledBack"})
# What people did to rollouts beside that.
COMMANDS: Final = frozenset(
    {
        "CommandRefused",
        "FreezeEnded",
        "FreezeStarted",
        "RolloutCancelled",
        "RolloutHeld",
        "RolloutRequested",
        "RolloutResumed",
        "RolloutRetried",
    }
)
DRIFT: Final = frozenset({"DriftDetected", "DriftResolved"})
DELIVERIES: Final = frozenset({"DeliveryDecided"})
INSTANCES: Final = frozenset({"InstanceDecided", "InstancesSkipped"})
# What says that the trail lacks something, that somebody did something beside Pointsman, or that it was corrected.
NOTES: Final = frozenset(
    {
        "BuildReported",
        "ErratumRecorded",
        "EventRejected",
        "PlaybookEnded",
        "RawReportRecorded",
        "RecordingCapped",
        "RunEnded",
    }
)
_KEPT: Final = APPROVALS | ROLLBACKS | COMMANDS | DELIVERIES | DRIFT | INSTANCES | NOTES


@dataclass
class TrailFold:
    """The events of a time. The order in which they come does not matter."""

    span: TimeSpan
    histories: dict[str, RolloutHistory] = field(default_factory=dict)
    events: dict[str, dict[EventKey, IndexEntry]] = field(default_factory=lambda: defaultdict(dict))  # by type
    logins: dict[str, str] = field(default_factory=dict)  # by ARN
    deliveries: dict[str, datetime] = field(default_factory=dict)  # when they came, by their partition

    def add(self, record: TrailRecord) -> None:
        """Add an event. Those before the time say more about rollouts that ended in it, and count nowhere."""
        entry = record.entry
        if entry.at >= self.span.until:
            return
        if entry.rollout:
            self._history(entry.rollout).add(record, in_time=entry.at in self.span)
        if entry.type == "DeliveryDecided":
            known = self.deliveries.get(entry.event_partition, entry.at)
            self.deliveries[entry.event_partition] = min(entry.at, known)
            for rollout in entry.rollouts:
                self._history(rollout).add_push(entry.at)
        if entry.actor and entry.login:
            self.logins[entry.actor] = entry.login
        if entry.type in _KEPT and entry.at in self.span and _is_noted(entry):
            self.events[entry.type][entry.place] = entry

    def _history(self, rollout: str) -> RolloutHistory:
        found = self.histories.get(rollout)
        if found is None:
            found = self.histories[rollout] = RolloutHistory(rollout)
        return found

    def pushed_at(self, history: RolloutHistory) -> datetime | None:
        """When GitHub delivered the push of a rollout; None: nobody pushed it, or the trail does not have it.

        The entry of a delivery names only its first rollouts.
        """
        own = self.deliveries.get(delivery_partition(history.start.delivery)) if history.start else None
        return min((each for each in (own, history.pushed_at) if each), default=None)

    def of_types(self, types: Iterable[str]) -> list[IndexEntry]:
        """The events of these types, newest first."""
        found = [entry for each in types for entry in self.events.get(each, {}).values()]
        return sorted(found, key=_newest_last, reverse=True)

    def person(self, actor: str | None) -> str:
        """The name of a person: a login, or what tells people who an ARN is."""
        if not actor:
            return "unknown"
        return self.logins.get(actor) or (principal_name(actor) if actor.startswith("arn:") else actor)


def _is_noted(entry: IndexEntry) -> bool:
    """Whether an event of a type that is kept says something: an ordinary state of a build, say, does not."""
    if entry.type == "BuildReported":
        return "outside" in entry.outcomes
    return entry.type not in ("PlaybookEnded", "RunEnded") or RESULTS_MISSING in entry.outcomes


def _newest_last(entry: IndexEntry) -> tuple[object, ...]:
    return entry.at, entry.event_partition, entry.event_key
