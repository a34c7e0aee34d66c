"""What an operator should hear of a sweep: runs that do not come to a build, and a sweep that had no time for all."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.core.model import Rollout, Run, RunState
from pointsman.core.reconcile import latest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LONG_START = timedelta(minutes=15)  # a start takes seconds; one that was throttled is tried again by the next sweep


class WatchedRollouts(DynamoRollouts):
    """The rollouts table, where runs that have been starting for long are noticed when they are loaded."""

    def __init__(self, client: "DynamoDBClient", rollouts_table: str, audit_table: str) -> None:
        super().__init__(client, rollouts_table, audit_table)
        self.starting_long: set[tuple[str, str, int]] = set()

    def load(self, rollout: str) -> tuple[Rollout, tuple[Run, ...]] | None:
        """See RolloutStore.load."""
        loaded = super().load(rollout)
        for run in latest(loaded[1]).values() if loaded else ():
            note = self.starting_long.add if is_starting_long(run, datetime.now(UTC)) else self.starting_long.discard
            note((rollout, run.target.name, run.attempt))
        return loaded


def is_starting_long(run: Run, now: datetime) -> bool:
    """Whether its build should have begun long ago."""
    return run.state is RunState.STARTING and run.claimed_at is not None and now - run.claimed_at > LONG_START


def sweep(rollouts: WatchedRollouts, sweep: Callable[[Callable[[], bool]], None], is_late: Callable[[], bool]) -> None:
    """Let `sweep` go on until it is late, and count what the alarms are about, also when it raises."""
    cut_short = False

    def enough() -> bool:
        nonlocal cut_short
        cut_short = is_late()
        return cut_short

    rollouts.starting_long.clear()
    try:
        sweep(enough)
    finally:
        metrics = Metrics()
        metrics.add_metric(name="SweepsCutShort", unit=MetricUnit.Count, value=int(cut_short))
        metrics.add_metric(name="RunsStartingLong", unit=MetricUnit.Count, value=len(rollouts.starting_long))
        metrics.flush_metrics()
