"""The metrics of a sweep: those of alarms, and the age of the oldest waiting run for the dashboard."""

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from pointsman.adapters.function_logger import function_logger
from pointsman.core.rollouts.sweep import SweepResult

logger = function_logger(child=True)


def publish(result: SweepResult) -> None:
    """Publish what the sweep has seen, zeros too: a run without a build, a freed target, a lack of time, a wait."""
    if result.freed:
        logger.error("freed targets that were held for rollouts that are gone", extra={"queues": result.freed})
    metrics = Metrics()
    metrics.add_metric(name="SweepsCutShort", unit=MetricUnit.Count, value=int(result.left > 0))
    metrics.add_metric(name="RunsStartingLong", unit=MetricUnit.Count, value=result.starting_long)
    metrics.add_metric(name="TargetsHealed", unit=MetricUnit.Count, value=len(result.freed))
    metrics.add_metric(name="OldestWait", unit=MetricUnit.Seconds, value=result.oldest_wait.total_seconds())
    metrics.flush_metrics()
