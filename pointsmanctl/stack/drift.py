"""What drifts: the present state from the rollouts table, and the tasks from the audit trail."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.drift import HostDrift, TargetDrift
from pointsman.core.trail.drift_events import DriftDetected
from pointsman.core.trail.keys import rollout_partition
from pointsmanctl.stack.connection import Connection


class DriftState(StrEnum):
    """What is known of a route on a target."""

    DRIFTS = "drifts"
    UNKNOWN = "unknown"
    CLEAN = "clean"


@dataclass(frozen=True)
class DriftingHost:
    """A host that drifts. `event` is None if it is not in the trail."""

    name: str
    drift: HostDrift
    event: DriftDetected | None


@dataclass(frozen=True)
class DriftReport:
    """One route on one target, and the hosts of it that drift."""

    record: TargetDrift
    hosts: tuple[DriftingHost, ...]
    hosts_omitted: int = 0

    @property
    def state(self) -> DriftState:
        """The most important of what is known."""
        if self.hosts or self.hosts_omitted:
            return DriftState.DRIFTS
        if self.record.unknown or self.record.checked_at is None:
            return DriftState.UNKNOWN
        return DriftState.CLEAN

    @property
    def unknown_reason(self) -> str:
        """Why the last check does not say everything; empty if it does."""
        if self.record.unknown:
            return self.record.unknown.reason
        return "" if self.record.checked_at else "the first check has not ended yet"

    def about_host(self, host: str) -> "DriftReport | None":
        """The part that is about one host; None if nothing may be."""
        hosts = tuple(each for each in self.hosts if each.name == host)
        unknown = self.record.unknown
        may_be_meant = self.unknown_reason and (unknown is None or not unknown.hosts or host in unknown.hosts)
        return replace(self, hosts=hosts, hosts_omitted=0) if hosts or may_be_meant else None


class DriftReader:
    """Reads the drift of one stack. Every method raises Unavailable or Misconfigured when the tables can't be read."""

    def __init__(self, stack: Connection) -> None:
        client = stack.dynamodb
        self._store = DynamoRollouts(client, stack.rollouts_table, stack.audit_table)
        self._trail = DynamoTrail(client, stack.audit_table)

    def records(self, target: str | None = None) -> list[TargetDrift]:
        """Return what is known of the routes and targets that are checked, or of one target."""
        records = [record for record in self._store.drifts() if record.is_checked]
        return [record for record in records if target in (None, record.target)]

    def reports(self, records: Iterable[TargetDrift]) -> list[DriftReport]:
        """Return the records with the tasks of each host."""
        return [DriftReport(record, tuple(self._hosts(record)), record.hosts_omitted) for record in records]

    def _hosts(self, record: TargetDrift) -> Iterator[DriftingHost]:
        events = {
            (rollout, event.host): event
            for rollout in dict.fromkeys(drift.found_by for drift in record.hosts.values())
            for event in self._trail.with_key(rollout_partition(rollout), DriftDetected.beginning(record.target))
            if isinstance(event, DriftDetected)
        }
        for name, drift in sorted(record.hosts.items()):
            yield DriftingHost(name, drift, events.get((drift.found_by, name)))
