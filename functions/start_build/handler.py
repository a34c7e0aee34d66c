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
from pointsman.adapters.builds_codebuild import CodeBuilds
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.build_event import NotOurs, read_build_event
from pointsman.core.engine import Engine
from pointsman.core.model import Delivery

logger = Logger()


@functools.cache
def engine() -> Engine:
    """The engine on AWS, wired once for each cold start."""
    settings = StartBuildSettings.from_environment(os.environ)
    dynamodb = boto3.client("dynamodb")
    return Engine(
        store=DynamoRollouts(dynamodb, settings.rollouts_table, settings.audit_table),
        trail=DynamoTrail(dynamodb, settings.audit_table),
        builds=CodeBuilds(settings.start_role_name, settings.project_name, settings.external_id),
        clock=lambda: datetime.now(UTC),
    )


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse | None:
    """Take deliveries (SQS), the end of a build (EventBridge) or the sweep (EventBridge schedule).

    A delivery that fails goes back to the queue with those behind it; anything else raises, for Lambda to retry.
    """
    if "Records" in event:
        return process_partial_response(event, take, SqsFifoPartialProcessor(), context)
    if event.get("detail-type") == "Scheduled Event":
        engine().sweep()
        return None
    end_build(event)
    return None


def take(record: SQSRecord) -> None:
    """One message of changes.fifo."""
    delivery = Delivery.model_validate_json(record.body)
    logger.append_keys(delivery=delivery.id, commit=delivery.change.after)
    engine().take(delivery, record.message_id)


def end_build(event: dict[str, Any]) -> None:
    """One build-state event of a build that has ended."""
    told = read_build_event(event)
    if isinstance(told, NotOurs):
        logger.info("a build that is not ours ended", extra={"reason": told.reason})
        return
    engine().build_ended(told.rollout, told.target, told.attempt, told.report)
