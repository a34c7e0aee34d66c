"""Entry point of start_build: deliveries (SQS), states of builds and instances (EventBridge), the scheduled sweep."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.start_build import wiring
from functions.start_build.instance_states import take_instance_state
from functions.start_build.run_metrics import publishing_runs
from functions.start_build.sweep_metrics import publish
from pointsman.adapters.function_logger import function_logger
from pointsman.core.audit.build_event import UnrelatedEvent, read_build_event
from pointsman.core.audit.instance_event import SOURCE
from pointsman.core.model import RolloutId, TargetName
from pointsman.core.rollouts.consume import BatchResult, ReceivedMessage

logger = function_logger()

TIME_TO_FINISH_MS = 45_000  # the longest that one rollout can still take after a look at the clock


@logger.inject_lambda_context(clear_state=True)
@publishing_runs()
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any] | None:
    """Return the messages that go back to the queue. Other failures are raised, and Lambda retries."""

    def should_stop() -> bool:
        return context.get_remaining_time_in_millis() < TIME_TO_FINISH_MS

    if "Records" in event:
        result = wiring.consumer().consume(received(event), should_stop)
        log(result)
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in result.returned]}
    if event.get("detail-type") == "Scheduled Event":
        try:
            wiring.engine().sweep(should_stop, publish)
        finally:  # a rollout that can't be moved now stops no check
            wiring.drift_checks().sweep(should_stop)
        return None
    if event.get("source") == SOURCE:
        take_instance_state(event)
        return None
    take_build_state(event)
    return None


def received(event: dict[str, Any]) -> list[ReceivedMessage]:
    """The messages of an SQS event. Those of a FIFO queue have a group."""
    return [
        ReceivedMessage(
            id=record["messageId"],
            group_id=record["attributes"].get("MessageGroupId") or "unknown",
            body=record["body"],
        )
        for record in event["Records"]
    ]


def log(result: BatchResult) -> None:
    """Log what did not succeed."""
    for message_id, failure in result.returned.items():
        logger.warning("message returned to the queue", extra={"message_id": message_id}, exc_info=failure)
    for message_id, reason in result.dead_letters.items():
        logger.error("message moved to the dead-letter queue", extra={"message_id": message_id, "reason": reason})
    if result.reconcile_failure:
        logger.error("some builds could not be started now; the sweep retries", exc_info=result.reconcile_failure)


def take_build_state(event: dict[str, Any]) -> None:
    """Pass on the state of a build that began or ended."""
    change = read_build_event(event)
    if isinstance(change, UnrelatedEvent):
        logger.info("ignored the state of a build that Pointsman did not start", extra={"reason": change.reason})
        return
    wiring.engine().build_ended(RolloutId(change.rollout), TargetName(change.target), change.attempt, change.report)
