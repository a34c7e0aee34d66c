"""audit_writer: what builds and hosts tell enters the trail.

Invoked by rules of the control bus: CodeBuild's state changes, and host results of the callback plugin. What its sender
has no say in, and what can't be read, is recorded as rejected; only a service that does not answer reaches the retry.
"""

import os
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.audit_writer.settings import AuditWriterSettings
from pointsman.adapters.asked_for_dynamodb import DynamoAskedFor
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.witness import Outcome, Witness

logger = Logger()
metrics = Metrics()


@cache
def _witness() -> Witness:
    settings = AuditWriterSettings.from_environment(os.environ)
    client = boto3.client("dynamodb")
    trail = DynamoTrail(client, settings.audit_table)
    return Witness(trail, DynamoAskedFor(client, settings.rollouts_table), _now)


def _now() -> datetime:
    return datetime.now(UTC)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Record one EventBridge event; what became of it, and why."""
    metrics.add_metric(name="EventsTaken", unit=MetricUnit.Count, value=1)
    testimony = _witness().take(event)
    metrics.add_metric(name=testimony.outcome, unit=MetricUnit.Count, value=1)
    if testimony.outside:
        # It ran beside the queue of its target, which only the operator can judge: for an alarm.
        metrics.add_metric(name="BuildsOutsideQueue", unit=MetricUnit.Count, value=1)
    tell = logger.warning if testimony.outcome is Outcome.REJECTED else logger.info
    tell(testimony.reason, extra={"outcome": testimony.outcome.value, "event_id": event["id"]})
    return {"outcome": testimony.outcome.value, "reason": testimony.reason}
