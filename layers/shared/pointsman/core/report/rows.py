"""The rows of a report's lists."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pointsman.core.index.entry import IndexEntry
from pointsman.core.model import RolloutState
from pointsman.core.report.fold import TrailFold
from pointsman.core.report.history import RolloutHistory, minutes_of, result_of_rollout, result_of_run, state_of
from pointsman.core.report.price import BuildPrices
from pointsman.core.report.span import TimeSpan
from pointsman.core.report.values import ChangeRow, EventRow, Listing, Result, RolloutKind, RunRow, TargetRow
from pointsman.core.text import one_line
from pointsman.core.trail.events import RunEnded

MOST_TARGETS: Final = 12  # of a change, in its row
LONGEST_TITLE: Final = 120
LONGEST_REASON: Final = 200
_DEPLOYS: Final = (RolloutKind.PUSH, RolloutKind.BY_HAND)
_ARRIVED: Final = (RolloutState.SUCCEEDED.value, RolloutState.FAILED.value, RolloutState.ROLLED_BACK.value)


@dataclass(frozen=True)
class RowMaker:
    """Makes rows out of what was folded."""

    fold: TrailFold
    prices: BuildPrices

    @property
    def span(self) -> TimeSpan:
        """The time of the report."""
        return self.fold.span

    def ended(self, history: RolloutHistory) -> ChangeRow | None:
        """The row of a rollout that ended in the time, with its last end; None: it did not."""
        ends = history.ordered_ends
        return self._change(history, ends[-1]) if ends else None

    def unfinished(self, history: RolloutHistory) -> ChangeRow | None:
        """The row of a rollout that had not ended by the end of the time; None: it had."""
        return self._change(history, None) if history.is_open else None

    def earlier(self, history: RolloutHistory) -> ChangeRow | None:
        """The row of a deployment that ended before the time and failed; None: it did not, or was none."""
        ends = sorted(history.earlier_ends.values(), key=lambda each: each.at)
        if not _is_deployment(history, ends):
            return None
        return self._change(history, ends[-1]).replace(result=Result.FAILED, is_deployment=True)

    def _change(self, history: RolloutHistory, end: IndexEntry | None) -> ChangeRow:
        start = history.start
        started_at = history.started_at or (end.at if end else self.span.since)
        state = state_of(end) if end else RolloutState.OPEN.value
        hosts, changed, failed = history.counts()
        is_deployment = end is not None and _is_deployment(history, history.ends.values())
        pushed_at = min(self.fold.pushed_at(history) or started_at, started_at)
        about, targets = start or end, _targets(history, "not started" if end else "not ended")
        return ChangeRow(
            at=end.at if end else started_at,
            started_at=started_at,
            pushed_at=pushed_at,
            person=self.fold.person(about.actor if about else None),
            kind=history.kind,
            repository=(about.repository if about else None) or "",
            commit=(about.commit if about else None) or "",
            title=one_line(start.change.title, LONGEST_TITLE) if start else "",
            url=start.change.url if start else None,
            route=(about.route if about else None) or "",
            rollout=history.rollout,
            targets=targets[:MOST_TARGETS],
            targets_total=len(targets),
            hosts=hosts,
            hosts_changed=changed,
            hosts_failed=failed,
            state=state,
            result=Result.FAILED if history.failed_at() else result_of_rollout(state),
            reason=end.detail.partition(": ")[2] if end else "",
            minutes=sum(minutes_of(run) for run in history.runs.values() if run.at in self.span),
            approved_by=tuple(sorted({self.fold.person(each.person) for each in history.approvals.values()})),
            is_deployment=is_deployment,
            lead_seconds=_lead_seconds(history, pushed_at) if is_deployment else None,
        )

    def run(self, history: RolloutHistory, run: RunEnded) -> RunRow:
        """The row of a run."""
        _, changed, failed = history.counts(str(run.target))
        return RunRow(
            at=run.at,
            person=self.fold.person(run.actor),
            kind=history.kind,
            repository=run.repository or "",
            commit=run.commit or "",
            url=history.start.change.url if history.start else None,
            route=run.route or "",
            rollout=history.rollout,
            target=str(run.target),
            attempt=run.attempt,
            state=run.state.value,
            result=result_of_run(run.state),
            reason=one_line(run.reason, LONGEST_REASON),
            minutes=minutes_of(run),
            environment_type=run.environment_type,
            compute_type=run.compute_type,
            dollars_a_minute=self.prices.of(run.environment_type, run.compute_type),
            log_url=run.log_url,
            hosts_changed=changed,
            hosts_failed=failed,
        )

    def event(self, entry: IndexEntry) -> EventRow:
        """The row of another event."""
        history = self.fold.histories.get(entry.rollout or "")
        start = history.start if history else None
        return EventRow(
            at=entry.at,
            person=self.fold.person(entry.login or entry.actor),
            type=entry.type,
            outcomes=entry.outcomes,
            detail=entry.detail,
            repository=entry.repository,
            commit=entry.commit,
            url=start.change.url if start and start.commit == entry.commit else None,
            route=entry.route,
            rollout=entry.rollout,
            target=entry.target,
            host=entry.host,
        )


def _is_deployment(history: RolloutHistory, ends: Iterable[IndexEntry]) -> bool:
    """Whether it arrived, once at least: a failure that is retried and then cancelled has failed all the same."""
    arrived = any(state_of(each) in _ARRIVED for each in ends)
    return arrived and history.applies and history.kind in _DEPLOYS and history.was_built


def _targets(history: RolloutHistory, otherwise: str) -> tuple[TargetRow, ...]:
    """The targets of a rollout: failed ones first, so that they have room."""
    runs = history.newest_runs
    names = {*runs, *(history.start.targets if history.start else ())}
    rows = [_target(name, runs.get(name), otherwise) for name in sorted(names)]
    return tuple(sorted(rows, key=lambda row: (row.state == "succeeded", row.target)))


def _target(name: str, run: RunEnded | None, otherwise: str) -> TargetRow:
    return TargetRow(target=name, state=run.state.value if run else otherwise, log_url=run.log_url if run else None)


def _lead_seconds(history: RolloutHistory, pushed_at: datetime) -> float | None:
    done = history.succeeded_at()
    return (done - pushed_at).total_seconds() if done and history.kind is RolloutKind.PUSH else None


def newest_first(rows: Iterable[ChangeRow]) -> list[ChangeRow]:
    """RowMaker of rollouts by time."""
    return sorted(rows, key=lambda row: (row.at, row.rollout), reverse=True)


def runs_first(rows: Iterable[RunRow]) -> list[RunRow]:
    """RowMaker of runs by time."""
    return sorted(rows, key=lambda row: (row.at, row.rollout, row.target, row.attempt), reverse=True)


def listing[Row](rows: Iterable[Row], limit: int) -> Listing[Row]:
    """The list behind a figure, with as many rows as there is room for."""
    kept = tuple(rows)
    return Listing[Row](total=len(kept), rows=kept[:limit])
