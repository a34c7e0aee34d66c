"""The engine's door: deliveries from the queue, build states and the sweep. All three bring rollouts forward."""

import functools
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from functions.start_build.settings import StartBuildSettings
from functions.start_build.watch import report
from pointsman.adapters.aws_client import aws_client
from pointsman.adapters.builds_codebuild import CodeBuilds
from pointsman.adapters.dead_letters_sqs import SqsDeadLetters
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.audit.build_event import UnrelatedEvent, read_build_event
from pointsman.core.delivery import Delivery
from pointsman.core.model import Mode
from pointsman.core.rollouts.engine import Engine
from pointsman.errors import Unreadable

logger = Logger()

TIME_TO_END_MS = 45_000  # what one rollout may still take when somebody looks at the clock


@functools.cache
def settings() -> StartBuildSettings:
    """The environment, read once for each cold start."""
    return StartBuildSettings.from_environment(os.environ)


@functools.cache
def engine() -> Engine:
    """The engine on AWS, wired once for each cold start."""
    known = settings()
    dynamodb = aws_client("dynamodb")
    return Engine(
        store=DynamoRollouts(dynamodb, known.rollouts_table, known.audit_table),
        trail=DynamoTrail(dynamodb, known.audit_table),
        builds=CodeBuilds(
            known.start_role_name,
            {Mode.APPLY: known.project_name, Mode.CHECK: known.check_project_name},
            known.external_id,
        ),
        clock=lambda: datetime.now(UTC),
    )


@functools.cache
def dead_letters() -> SqsDeadLetters:
    """Where messages go that nobody can read."""
    return SqsDeadLetters(functools.cache(lambda: aws_client("sqs")), settings().changes_dead_letters_url)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse | None:
    """Take deliveries (SQS), a build's state (EventBridge) or the sweep (EventBridge schedule).

    Each delivery that cannot be stored goes back to the queue, and only it: which commit is newer is known from the
    push, so none has to wait for another. What else fails raises, for Lambda to retry.
    """

    def is_late() -> bool:
        return context.get_remaining_time_in_millis() < TIME_TO_END_MS

    if "Records" in event:
        return take_all(event, context, is_late)
    if event.get("detail-type") == "Scheduled Event":
        engine().sweep(is_late, report)
        return None
    take_build_state(event)
    return None


def take_all(event: dict[str, Any], context: LambdaContext, is_late: Any) -> PartialItemFailureResponse:
    """Messages of changes.fifo: all are stored before any build is asked for, so that no region holds up a message."""
    stored: list[str] = []
    answer = process_partial_response(
        event,
        lambda record: stored.extend(take(record)),
        BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False),
        context,
    )
    try:
        engine().reconcile(stored, enough=is_late)
    except Exception:  # the messages are stored: a rollout that can't be moved must not give any of them back
        logger.exception("not everything could be started now; the sweep goes on with it")
    return answer


def take(record: SQSRecord) -> Iterable[str]:
    """Store one message; the rollouts that it asks for. What nobody can read is put aside, and holds up no other."""
    try:
        delivery = Delivery.read_json(record.body)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:3])
        return put_aside(record, f"not a delivery that this version reads: {faults}")
    logger.append_keys(delivery=delivery.id, commit=delivery.change.after)
    try:
        return engine().accept(delivery, record.message_id)
    except Unreadable as error:
        put_aside(record, str(error))
        return [spec.rollout for spec in delivery.specs]


def put_aside(record: SQSRecord, reason: str) -> tuple[str, ...]:
    """Move a message to the dead letters at once, whose alarm rings."""
    group = record.attributes.message_group_id or "put-aside"
    dead_letters().put(record.body, record.message_id, group, reason)
    logger.error("a message was put among the dead letters", extra={"message_id": record.message_id, "reason": reason})
    return ()


def take_build_state(event: dict[str, Any]) -> None:
    """One build-state event of a build that began or ended."""
    told = read_build_event(event)
    if isinstance(told, UnrelatedEvent):
        logger.info("a build that is not ours changed its state", extra={"reason": told.reason})
        return
    engine().build_ended(told.rollout, told.target, told.attempt, told.report)
