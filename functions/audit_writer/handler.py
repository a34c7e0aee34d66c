"""audit_writer: records in the audit trail what builds and hosts report.

Invoked by two rules of the control bus: CodeBuild's state changes, and the events of the runner. An event that its
sender may not send, or that cannot be read, is recorded as rejected. Only a service that does not answer raises, for
Lambda to retry.
"""

import os
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.audit_writer.settings import AuditWriterSettings
from pointsman.adapters.aws_client import aws_client
from pointsman.adapters.function_logger import function_logger
from pointsman.adapters.run_lookup_dynamodb import DynamoRunLookup
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.audit.recorder import AuditRecorder, RecordOutcome

logger = function_logger()
metrics = Metrics()

OUTCOME_METRICS = {
    RecordOutcome.RECORDED: "EventsRecorded",
    RecordOutcome.REPEATED: "EventsRepeated",
    RecordOutcome.REJECTED: "EventsRejected",
    RecordOutcome.IGNORED: "EventsIgnored",
}


@cache
def _recorder() -> AuditRecorder:
    settings = AuditWriterSettings.from_environment(os.environ)
    client = aws_client("dynamodb")
    trail = DynamoTrail(client, settings.audit_table, settings.expire_after_days)
    return AuditRecorder(trail, DynamoRunLookup(client, settings.rollouts_table), _now)


def _now() -> datetime:
    return datetime.now(UTC)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Record one EventBridge event. Return the outcome and its reason."""
    metrics.add_metric(name="EventsTaken", unit=MetricUnit.Count, value=1)
    result = _recorder().record(event)
    metrics.add_metric(name=OUTCOME_METRICS[result.outcome], unit=MetricUnit.Count, value=1)
    if result.outside:
        # The build did not wait in the target's queue. Only the operator knows whether it should have: an alarm.
        metrics.add_metric(name="BuildsOutsideQueue", unit=MetricUnit.Count, value=1)
    log = logger.warning if result.outcome is RecordOutcome.REJECTED else logger.info
    log(result.reason, extra={"outcome": result.outcome.value, "event_id": event["id"]})
    return {"outcome": result.outcome.value, "reason": result.reason}
