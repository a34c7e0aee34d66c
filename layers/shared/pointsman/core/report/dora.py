"""The four figures of DORA, as docs/reports.md defines them for Pointsman.

https://dora.dev/guides/dora-metrics-four-keys/
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from pointsman.core.report.history import RolloutHistory
from pointsman.core.report.rows import RowMaker, listing
from pointsman.core.report.values import ChangeRow, Dora, Durations, RestoreRow

type Line = tuple[str, str]
"""A repository and a route: what restores each other."""
type Restored = tuple[datetime, RolloutHistory]


def dora(make: RowMaker, changes: Sequence[ChangeRow], days: Sequence[date], limit: int) -> Dora:
    """The figures of the changes that ended, which are newest first."""
    deployments = [row for row in changes if row.is_deployment]
    failed = [row for row in deployments if row.failed]
    timed = [row for row in deployments if row.lead_seconds is not None]
    restores = list(_Restorer(make, {row.rollout: row for row in changes}).all())
    took = [row.seconds for row in restores if row.seconds is not None]
    return Dora(
        days=len(days),
        deployments=listing(deployments, limit),
        deployments_a_day=len(deployments) / len(days) if days else None,
        days_with_deployments=len({make.span.day(row.at) for row in deployments}),
        lead_time=durations(row.lead_seconds for row in timed if row.lead_seconds is not None),
        lead_times=listing(timed, limit),
        failed=listing(failed, limit),
        failure_rate=len(failed) / len(deployments) if deployments else None,
        restore_time=durations(took),
        restores=listing(restores, limit),
        not_restored=len(restores) - len(took),
    )


def durations(seconds: Iterable[float]) -> Durations:
    """The median and the 90th percentile, each one of the durations (the mean of two for an even median)."""
    found = sorted(seconds)
    if not found:
        return Durations()
    middle = len(found) // 2
    median = found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2
    return Durations(number=len(found), median=median, p90=found[math.ceil(len(found) * 0.9) - 1])


@dataclass
class _Restorer:
    """What restored a deployment that failed: its rollback, or the next success on its route."""

    make: RowMaker
    rows: Mapping[str, ChangeRow]  # of changes that ended in the time, by rollout
    successes: dict[Line, list[Restored]] = field(default_factory=lambda: defaultdict(list))
    rollbacks: dict[str, list[RolloutHistory]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for history in self.make.fold.histories.values():
            if bad := _rolled_back_by(history):
                self.rollbacks[bad].append(history)
            elif _is_whole(history):
                self.successes[_line(history)] += [(at, history) for at in history.successes()]

    def all(self) -> Iterator[RestoreRow]:
        """Deployments that failed in the time or were restored in it, the newest end first."""
        found = []
        for history in self.make.fold.histories.values():
            failed = self.rows.get(history.rollout)
            if failed is None or not failed.is_deployment:  # retried in the time, it may have come to nothing
                failed = self.make.earlier(history)
            if failed and (row := self._row(history, failed)):
                found.append(row)
        yield from sorted(found, key=lambda row: (row.failed.at, row.failed.rollout), reverse=True)

    def _row(self, history: RolloutHistory, failed: ChangeRow) -> RestoreRow | None:
        """The first failure that was not restored before the time."""
        for failed_at in history.failures():
            at, by = self._restored(history, failed_at)
            if at is None or at >= self.make.span.since:
                return RestoreRow(failed_at=failed_at, failed=failed, restored_at=at, restored_by=by)
        return None

    def _restored(self, history: RolloutHistory, failed_at: datetime) -> tuple[datetime | None, ChangeRow | None]:
        ways = [each for each in self.successes[_line(history)] if each[0] > failed_at]
        ways += _by_rollback(self.rollbacks[history.rollout], failed_at)
        if not ways:
            return None, None
        at, by = min(ways, key=lambda each: (each[0], each[1].rollout))
        return at, self.rows.get(by.rollout) or self.make.ended(by)


def _by_rollback(histories: Sequence[RolloutHistory], failed_at: datetime) -> list[Restored]:
    """The end of the last of the rollouts that a rollback consists of, if all of them succeeded."""
    done = [(max(history.successes(), default=None), history) for history in histories]
    ends = [(at, history) for at, history in done if at and at > failed_at]
    return [max(ends, key=lambda each: (each[0], each[1].rollout))] if ends and len(ends) == len(done) else []


def _line(history: RolloutHistory) -> Line:
    about = history.start or next(iter(history.all_ends), None)
    return (about.repository or "", about.route or "") if about else ("", "")


def _rolled_back_by(history: RolloutHistory) -> str | None:
    request = history.start.request if history.start else None
    return request.rolls_back if request else None


def _is_whole(history: RolloutHistory) -> bool:
    """Whether it brings a route to a commit, not some of its hosts alone."""
    request = history.start.request if history.start else None
    return history.applies and not (request and request.is_part)
