"""webhook_receiver: GitHub's deliveries come in here, and leave with every route's decision.

Invoked by the HTTP API (payload format 2.0). Nothing of a body is read before its signature was right, and nothing of
it is logged but names: repository, ref, commit, and what the reasons tell.
"""

import os
import time
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.webhook_receiver.packaged_routes import packaged_routes
from functions.webhook_receiver.settings import WebhookReceiverSettings
from pointsman.adapters.aws_client import RECEIVER, aws_client
from pointsman.adapters.changed_files_github import GithubChangedFiles
from pointsman.adapters.github_http import GithubHttp
from pointsman.adapters.github_token import GithubToken
from pointsman.adapters.queue_sqs import SqsQueue
from pointsman.adapters.secret import Secret
from pointsman.core.github.allowed_addresses import AllowedAddresses, looks_like_github
from pointsman.core.github.answer import Answer, rejected
from pointsman.core.github.receiver import Receiver
from pointsman.core.github.request import read_request
from pointsman.core.github.signature_check import SignatureCheck
from pointsman.errors import Rejected

logger = Logger()
metrics = Metrics()

REFUSED_AT_THE_DOOR = {401, 403}  # a secret that differs, or an address that GithubHookRanges lacks


@cache
def receiver() -> Receiver:
    """The receiver on AWS, wired once for each cold start."""
    settings = WebhookReceiverSettings.from_environment(os.environ)
    secrets = SecretsProvider(boto3_client=aws_client("secretsmanager", RECEIVER))
    return Receiver(
        signature_check=SignatureCheck(Secret(secrets, settings.webhook_secret_name), time.monotonic, logger.warning),
        queue=SqsQueue(cache(lambda: aws_client("sqs", RECEIVER)), settings.changes_queue_url),
        routes=packaged_routes(),
        clock=partial(datetime.now, UTC),
        github=_github(settings, secrets),
    )


@cache
def callers() -> AllowedAddresses:
    """Who may knock, read once for each cold start."""
    return AllowedAddresses(WebhookReceiverSettings.from_environment(os.environ).github_hook_ranges)


def _github(settings: WebhookReceiverSettings, secrets: SecretsProvider) -> GithubChangedFiles | None:
    if not settings.github_api_secret_name:
        return None
    http = GithubHttp(settings.github_api_url)
    return GithubChangedFiles(http, GithubToken(Secret(secrets, settings.github_api_secret_name), http))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one delivery. Raises Misconfigured, which API Gateway turns into a 500: nothing a sender can mend."""
    try:
        answer = _answer(event, context)
    except Exception:
        _count("failed")
        raise
    # Either way GitHub has to be asked to redeliver, so one alarm is for both.
    _count("failed" if answer.outcome == "unavailable" else answer.outcome)
    if answer.status in REFUSED_AT_THE_DOOR and looks_like_github(event):
        metrics.add_metric(name="GithubRefused", unit=MetricUnit.Count, value=1)
    if "files_failure" in answer.known:
        metrics.add_metric(name="GithubUnanswered", unit=MetricUnit.Count, value=1)
    if held := answer.known.get("held"):
        metrics.add_metric(name="DecisionsHeld", unit=MetricUnit.Count, value=len(held))
    _log(answer)
    return answer.to_api_gateway()


def _answer(event: dict[str, Any], context: LambdaContext) -> Answer:
    try:
        callers().check(event)
        request = read_request(event)
    except Rejected as rejection:
        return rejected(rejection.status, rejection.reason)
    return receiver().receive(request, lambda: context.get_remaining_time_in_millis() / 1000)


def _count(outcome: str) -> None:
    metrics.add_metric(name=f"Deliveries{outcome.capitalize()}", unit=MetricUnit.Count, value=1)


def _log(answer: Answer) -> None:
    told = {"outcome": answer.outcome, "status": answer.status, **answer.known}
    if answer.outcome == "unavailable":
        logger.error(answer.reason, extra=told)
    elif answer.known.keys() & {"files_failure", "held"}:
        logger.warning(answer.reason, extra=told)
    else:
        logger.info(answer.reason, extra=told)
