"""The engine's door: deliveries from the queue, builds that ended, and the sweep. All three bring rollouts forward."""

import functools
import os
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.start_build.settings import StartBuildSettings
from functions.start_build.watch import WatchedRollouts, sweep
from pointsman.adapters.builds_codebuild import CodeBuilds
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.build_event import NotOurs, read_build_event
from pointsman.core.engine import Engine
from pointsman.core.model import Delivery
from pointsman.errors import Unavailable

logger = Logger()

TIME_TO_END_MS = 45_000  # what one rollout may still take when the sweep looks at the clock


@functools.cache
def rollouts() -> WatchedRollouts:
    """The rollouts table, wired once for each cold start."""
    settings = StartBuildSettings.from_environment(os.environ)
    return WatchedRollouts(boto3.client("dynamodb"), settings.rollouts_table, settings.audit_table)


@functools.cache
def engine() -> Engine:
    """The engine on AWS, wired once for each cold start."""
    settings = StartBuildSettings.from_environment(os.environ)
    dynamodb = boto3.client("dynamodb")
    return Engine(
        store=rollouts(),
        trail=DynamoTrail(dynamodb, settings.audit_table),
        builds=CodeBuilds(settings.start_role_name, settings.project_name, settings.external_id),
        clock=lambda: datetime.now(UTC),
    )


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse | None:
    """Take deliveries (SQS), the end of a build (EventBridge) or the sweep (EventBridge schedule).

    A delivery that cannot be stored goes back to the queue with those of its ref behind it; what else fails raises, for
    Lambda to retry.
    """
    if "Records" in event:
        return process_partial_response(event, take, SqsFifoPartialProcessor(skip_group_on_error=True), context)
    if event.get("detail-type") == "Scheduled Event":
        sweep(rollouts(), engine().sweep, lambda: context.get_remaining_time_in_millis() < TIME_TO_END_MS)
        return None
    end_build(event)
    return None


def take(record: SQSRecord) -> None:
    """One message of changes.fifo. It is given back only when it could not be stored: the rest is the sweep's, too."""
    delivery = Delivery.read_json(record.body)
    logger.append_keys(delivery=delivery.id, commit=delivery.change.after)
    ids = engine().accept(delivery, record.message_id)
    try:
        engine().reconcile(ids)
    except Unavailable:
        logger.exception("not everything could be started now; the sweep goes on with it")


def end_build(event: dict[str, Any]) -> None:
    """One build-state event of a build that has ended."""
    told = read_build_event(event)
    if isinstance(told, NotOurs):
        logger.info("a build that is not ours ended", extra={"reason": told.reason})
        return
    engine().build_ended(told.rollout, told.target, told.attempt, told.report)
