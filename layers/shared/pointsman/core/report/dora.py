"""The four figures of DORA, as docs/reports.md defines them for Pointsman.

https://dora.dev/guides/dora-metrics-four-keys/
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from pointsman.core.report.fold import TrailFold
from pointsman.core.report.history import RolloutHistory
from pointsman.core.report.rows import listing
from pointsman.core.report.values import ChangeRow, Dora, Durations, RestoreRow, RolloutKind

type Line = tuple[str, str]
"""A repository and a route: what restores each other."""


def dora(fold: TrailFold, changes: Sequence[ChangeRow], days: Sequence[date], limit: int) -> Dora:
    """The figures of the changes that ended, which are newest first."""
    deployments = [row for row in changes if row.is_deployment]
    failed = [row for row in deployments if row.failed]
    timed = [row for row in deployments if row.lead_seconds is not None]
    restores = list(_restores(fold, changes, failed))
    took = [row.seconds for row in restores if row.seconds is not None]
    return Dora(
        days=len(days),
        deployments=listing(deployments, limit),
        deployments_a_day=len(deployments) / len(days) if days else None,
        days_with_deployments=len({fold.span.day(row.at) for row in deployments}),
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


def _restores(fold: TrailFold, changes: Sequence[ChangeRow], failed: Sequence[ChangeRow]) -> Iterable[RestoreRow]:
    """What restored each deployment that failed: its rollback, or the next success on its route."""
    successes: dict[Line, list[tuple[datetime, ChangeRow]]] = defaultdict(list)
    rollbacks: dict[str, list[ChangeRow]] = defaultdict(list)
    for row in reversed(changes):
        history = fold.histories[row.rollout]
        if row.kind is RolloutKind.ROLLBACK and (bad := _rolled_back_by(history)):
            rollbacks[bad].append(row)
        elif (done := history.succeeded_at()) and _is_whole(history):
            successes[row.repository, row.route].append((done, row))
    for row in failed:
        failed_at = fold.histories[row.rollout].failed_at() or row.at
        ways = [each for each in successes[row.repository, row.route] if each[0] > failed_at]
        ways += _by_rollback(fold, rollbacks[row.rollout], failed_at)
        at, by = min(ways, key=lambda each: (each[0], each[1].rollout), default=(None, None))
        yield RestoreRow(failed_at=failed_at, failed=row, restored_at=at, restored_by=by)


def _by_rollback(fold: TrailFold, rows: Sequence[ChangeRow], failed_at: datetime) -> list[tuple[datetime, ChangeRow]]:
    """The end of the last of the rollouts that a rollback consists of, if all of them succeeded."""
    done = [(fold.histories[row.rollout].succeeded_at(), row) for row in rows]
    ends = [(at, row) for at, row in done if at and at > failed_at]
    return [max(ends, key=lambda each: (each[0], each[1].rollout))] if ends and len(ends) == len(done) else []


def _rolled_back_by(history: RolloutHistory) -> str | None:
    request = history.start.request if history.start else None
    return request.rolls_back if request else None


def _is_whole(history: RolloutHistory) -> bool:
    """Whether it brings a route to a commit, not some of its hosts alone."""
    request = history.start.request if history.start else None
    return history.applies and not (request and request.is_part)
