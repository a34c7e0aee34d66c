"""The metrics of a sweep. Each has an alarm."""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from pointsman.core.rollouts.sweep import SweepResult

logger = Logger(child=True)


def publish(result: SweepResult) -> None:
    """Publish how many runs have no build yet, how many targets were freed, and whether the sweep ran out of time."""
    if result.freed:
        logger.error("freed targets that were held for rollouts that are gone", extra={"queues": result.freed})
    metrics = Metrics()
    metrics.add_metric(name="SweepsCutShort", unit=MetricUnit.Count, value=int(result.left > 0))
    metrics.add_metric(name="RunsStartingLong", unit=MetricUnit.Count, value=result.starting_long)
    metrics.add_metric(name="TargetsHealed", unit=MetricUnit.Count, value=len(result.freed))
    metrics.flush_metrics()
