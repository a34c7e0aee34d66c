"""audit_writer: what builds and hosts tell enters the trail.

Invoked by rules of the control bus: CodeBuild's state changes, and host results of the callback plugin. What its sender
has no say in, and what can't be read, is recorded as rejected; only a service that does not answer reaches the retry.
"""

import os
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.audit_writer.settings import AuditWriterSettings
from pointsman.adapters.aws_client import aws_client
from pointsman.adapters.run_lookup_dynamodb import DynamoRunLookup
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.audit.recorder import AuditRecorder, RecordOutcome

logger = Logger()
metrics = Metrics()


@cache
def _recorder() -> AuditRecorder:
    settings = AuditWriterSettings.from_environment(os.environ)
    client = aws_client("dynamodb")
    trail = DynamoTrail(client, settings.audit_table)
    return AuditRecorder(trail, DynamoRunLookup(client, settings.rollouts_table), _now)


def _now() -> datetime:
    return datetime.now(UTC)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Record one EventBridge event; what became of it, and why."""
    metrics.add_metric(name="EventsTaken", unit=MetricUnit.Count, value=1)
    result = _recorder().take(event)
    metrics.add_metric(name=result.outcome, unit=MetricUnit.Count, value=1)
    if result.outside:
        # It ran beside the queue of its target, which only the operator can judge: for an alarm.
        metrics.add_metric(name="BuildsOutsideQueue", unit=MetricUnit.Count, value=1)
    tell = logger.warning if result.outcome is RecordOutcome.REJECTED else logger.info
    tell(result.reason, extra={"outcome": result.outcome.value, "event_id": event["id"]})
    return {"outcome": result.outcome.value, "reason": result.reason}
