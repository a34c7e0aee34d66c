"""What an operator should hear of a sweep, as metrics with alarms."""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from pointsman.core.rollouts.sweep import Swept

logger = Logger(child=True)


def report(swept: Swept) -> None:
    """Count runs that do not come to a build, targets that were freed, and a sweep that had no time for all."""
    if swept.healed:
        logger.error("targets were held for rollouts that are gone, and are free again", extra={"queues": swept.healed})
    metrics = Metrics()
    metrics.add_metric(name="SweepsCutShort", unit=MetricUnit.Count, value=int(swept.left > 0))
    metrics.add_metric(name="RunsStartingLong", unit=MetricUnit.Count, value=swept.starting_long)
    metrics.add_metric(name="TargetsHealed", unit=MetricUnit.Count, value=len(swept.healed))
    metrics.flush_metrics()
