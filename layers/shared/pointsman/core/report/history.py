"""What the events of one rollout say. Events may come in any order, and twice."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pointsman.core.index.entry import IndexEntry
from pointsman.core.index.outcomes import WOULD_CHANGE
from pointsman.core.model import Mode, RolloutState, RunState
from pointsman.core.report.price import billed_minutes
from pointsman.core.report.records import TrailRecord
from pointsman.core.report.values import Result, RolloutKind
from pointsman.core.run_request import Trigger
from pointsman.core.trail.events import RolloutStarted, RunEnded

_TRIGGERS: Final = {
    Trigger.PERSON: RolloutKind.BY_HAND,
    Trigger.ROLLBACK: RolloutKind.ROLLBACK,
    Trigger.INSTANCE: RolloutKind.INSTANCE,
    Trigger.DRIFT: RolloutKind.DRIFT,
}
_FAILED: Final = ("failed", "unreachable")


@dataclass(slots=True)
class HostSeen:
    """A host in a rollout: its newest outcome, and what any of its results says of it."""

    newest: tuple[datetime, str, str]  # time, key, outcome
    outcomes: frozenset[str]


@dataclass(slots=True)
class RolloutHistory:
    """The events of a rollout that a report is about."""

    rollout: str
    start: RolloutStarted | None = None
    started_at: datetime | None = None
    opened_at: datetime | None = None  # when it started, or a person had it retried
    ended_at: datetime | None = None  # also before the time of the report
    pushed_at: datetime | None = None
    ends: dict[str, IndexEntry] = field(default_factory=dict)  # by key: one for each round
    earlier_ends: dict[str, IndexEntry] = field(default_factory=dict)  # before the time of the report
    runs: dict[tuple[str, int], RunEnded] = field(default_factory=dict)  # by target and attempt
    hosts: dict[str, dict[str, HostSeen]] = field(default_factory=dict)  # by target, then by name
    rollbacks: dict[str, IndexEntry] = field(default_factory=dict)
    earlier_rollbacks: dict[str, IndexEntry] = field(default_factory=dict)
    approvals: dict[str, IndexEntry] = field(default_factory=dict)

    def add(self, record: TrailRecord, *, in_time: bool) -> None:
        """Add an event of the rollout. `in_time`: it is in the time of the report."""
        entry = record.entry
        match record.event:
            case RolloutStarted() as start:
                self.start, self.started_at = start, start.at
                self.opened_at = max(start.at, self.opened_at or start.at)
            case RunEnded() as run:
                self.runs[str(run.target), run.attempt] = run
            case _:
                self._add_entry(entry, in_time=in_time)

    def _add_entry(self, entry: IndexEntry, *, in_time: bool) -> None:
        match entry.type:
            case "RolloutRolledBack":
                (self.rollbacks if in_time else self.earlier_rollbacks)[entry.event_key] = entry
            case "RolloutEnded":
                self.ended_at = max(entry.at, self.ended_at or entry.at)
                (self.ends if in_time else self.earlier_ends)[entry.event_key] = entry
            case "RolloutRetried":
                self.opened_at = max(entry.at, self.opened_at or entry.at)
            case "RolloutApproved":
                self.approvals[entry.event_key] = entry
            case "HostResultRecorded" if entry.target and entry.host:
                self._add_host(entry.target, entry.host, entry)

    def _add_host(self, target: str, host: str, entry: IndexEntry) -> None:
        outcome = entry.outcomes[0] if entry.outcomes else ""
        found, outcomes = (entry.at, entry.event_key, outcome), frozenset(entry.outcomes)
        hosts = self.hosts.setdefault(target, {})
        if known := hosts.get(host):
            found, outcomes = max(found, known.newest), outcomes | known.outcomes
        hosts[host] = HostSeen(found, outcomes)

    def add_push(self, at: datetime) -> None:
        """Add a delivery that asked for it: the first of them counts."""
        self.pushed_at = min(at, self.pushed_at or at)

    @property
    def kind(self) -> RolloutKind:
        """What asked for it. Without its start, of which an erratum may have left nothing: a push."""
        start = self.start
        if start is None:
            return RolloutKind.PUSH
        if start.mode is Mode.APPLY:
            return _TRIGGERS.get(start.request.trigger, RolloutKind.BY_HAND) if start.request else RolloutKind.PUSH
        if start.request and start.request.trigger is Trigger.DRIFT:
            return RolloutKind.DRIFT
        return RolloutKind.PULL_REQUEST if start.change.pull_request else RolloutKind.CHECK

    @property
    def applies(self) -> bool:
        """Whether it changes hosts."""
        return self.start is None or self.start.mode is Mode.APPLY

    @property
    def is_open(self) -> bool:
        """Whether it had not ended by the end of the time."""
        return self.opened_at is not None and (self.ended_at is None or self.ended_at < self.opened_at)

    @property
    def ordered_ends(self) -> list[IndexEntry]:
        """Its ends in the time of the report, oldest first."""
        return _by_time(self.ends.values())

    @property
    def all_ends(self) -> list[IndexEntry]:
        """Its ends, also those before the time, oldest first."""
        return _by_time([*self.earlier_ends.values(), *self.ends.values()])

    @property
    def newest_runs(self) -> dict[str, RunEnded]:
        """The newest run of each target, by target."""
        return {target: run for (target, _), run in sorted(self.runs.items())}

    @property
    def was_built(self) -> bool:
        """Whether a build of it ran."""
        return any(run.build_arn for run in self.runs.values())

    def counts(self, target: str | None = None) -> tuple[int, int, int]:
        """How many hosts had a result, changed, and failed in the end: everywhere or on a target."""
        targets = self.hosts.values() if target is None else [self.hosts.get(target, {})]
        seen = [each for hosts in targets for each in hosts.values()]
        changed = "changed" if self.applies else WOULD_CHANGE
        return (
            len(seen),
            sum(changed in each.outcomes for each in seen),
            sum(each.newest[2] in _FAILED for each in seen),
        )

    def failed_at(self) -> datetime | None:
        """When it first failed or was rolled back; None: it did not."""
        ends = [each.at for each in self.ends.values() if result_of_rollout(state_of(each)) is Result.FAILED]
        return min([*ends, *(each.at for each in self.rollbacks.values())], default=None)

    def failures(self) -> list[datetime]:
        """Every time at which it failed or was rolled back, also before the time of the report, oldest first."""
        ends = [each.at for each in self.all_ends if result_of_rollout(state_of(each)) is Result.FAILED]
        rollbacks = [*self.earlier_rollbacks.values(), *self.rollbacks.values()]
        return sorted([*ends, *(each.at for each in rollbacks)])

    def successes(self) -> list[datetime]:
        """When it ended as succeeded, also before the time of the report, and did not fail or was rolled back since."""
        bad = max(self.failures(), default=None)
        ends = [each.at for each in self.all_ends if state_of(each) == RolloutState.SUCCEEDED.value]
        return [at for at in ends if bad is None or at > bad]

    def succeeded_at(self) -> datetime | None:
        """When it succeeded in the end; None: it did not."""
        ends = self.ordered_ends
        return ends[-1].at if ends and state_of(ends[-1]) == RolloutState.SUCCEEDED.value else None


def _by_time(ends: Iterable[IndexEntry]) -> list[IndexEntry]:
    return sorted(ends, key=lambda each: (each.at, each.event_key))


def state_of(end: IndexEntry) -> str:
    """The state with which a rollout ended."""
    return end.outcomes[0] if end.outcomes else ""


def result_of_rollout(state: str) -> Result:
    """What a rollout came to."""
    if state == RolloutState.SUCCEEDED.value:
        return Result.SUCCEEDED
    return Result.FAILED if state in (RolloutState.FAILED.value, RolloutState.ROLLED_BACK.value) else Result.OTHER


def result_of_run(state: RunState) -> Result:
    """What a run came to."""
    if state is RunState.SUCCEEDED:
        return Result.SUCCEEDED
    return Result.FAILED if state.failed else Result.OTHER


def minutes_of(run: RunEnded) -> int:
    """The minutes of a run's build that AWS bills: of all its phases, which earlier events do not have."""
    return (
        billed_minutes(run.duration_seconds if run.build_seconds is None else run.build_seconds) if run.build_arn else 0
    )
