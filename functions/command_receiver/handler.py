"""command_receiver: takes the commands of people, such as `pointsman rollout cancel`, and says what became of them.

Invoked by the HTTP API, whose route requires a request that IAM has authorised: who sent a command comes from there.
"""

import os
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.command_receiver.settings import CommandReceiverSettings
from pointsman.adapters.aws_client import aws_client
from pointsman.adapters.aws_json import SQS, AwsJson
from pointsman.adapters.function_logger import function_logger
from pointsman.adapters.packaged_routes import packaged_routes
from pointsman.adapters.queue_sqs import SqsQueue
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.api_gateway import answer, body_of, caller_of
from pointsman.core.rollouts.commands.forms import read_command
from pointsman.core.rollouts.commands.service import CommandService
from pointsman.core.trail.command_events import CommandRefused
from pointsman.errors import Rejected, Unavailable

logger = function_logger()


@cache
def _service() -> CommandService:
    settings = CommandReceiverSettings.from_environment(os.environ)
    dynamodb = aws_client("dynamodb")
    return CommandService(
        store=DynamoRollouts(dynamodb, settings.rollouts_table, settings.audit_table, settings.expire_after_days),
        trail=DynamoTrail(dynamodb, settings.audit_table, settings.expire_after_days),
        requests=SqsQueue(AwsJson(SQS), settings.changes_queue_url),
        routes=cache(packaged_routes),
        clock=partial(datetime.now, UTC),
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer 200 with the command's event, 409 with that of a refused command, 400, 404 or 503."""
    caller = caller_of(event)
    try:
        taken = _service().execute(read_command(body_of(event)), caller)
    except Rejected as rejection:
        logger.info("command rejected", extra={"caller": caller, "reason": rejection.reason})
        return answer(rejection.status, {"error": rejection.reason})
    except Unavailable as failure:
        logger.exception("command not taken", extra={"caller": caller})
        return answer(503, {"error": f"nothing was changed, or it is unknown: send the command again ({failure})"})
    refused = isinstance(taken, CommandRefused)
    logger.info("command refused" if refused else "command taken", extra={"caller": caller, "event": taken.to_dict()})
    return answer(409 if refused else 200, taken.to_dict())
