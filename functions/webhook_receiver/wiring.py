"""The receiver's objects on AWS, built once per cold start."""

import os
import time
from datetime import UTC, datetime
from functools import cache, partial

from aws_lambda_powertools import Logger

from functions.webhook_receiver.packaged_routes import packaged_routes
from functions.webhook_receiver.settings import WebhookReceiverSettings
from pointsman.adapters.aws_client import RECEIVER
from pointsman.adapters.aws_json import SECRETS_MANAGER, SQS, AwsJson
from pointsman.adapters.changed_files_github import GithubChangedFiles
from pointsman.adapters.github_http import GithubHttp
from pointsman.adapters.github_token import GithubToken
from pointsman.adapters.queue_sqs import SqsQueue
from pointsman.adapters.secret import Secret
from pointsman.adapters.secrets_manager import SecretsManager
from pointsman.core.github.allowed_addresses import AllowedAddresses
from pointsman.core.github.receiver import Receiver
from pointsman.core.github.signature_check import SignatureCheck

logger = Logger()


@cache
def receiver() -> Receiver:
    """The receiver with its secret, its queue and its routes."""
    settings = WebhookReceiverSettings.from_environment(os.environ)
    secrets = SecretsManager(AwsJson(SECRETS_MANAGER, RECEIVER))
    return Receiver(
        signature_check=SignatureCheck(Secret(secrets, settings.webhook_secret_name), time.monotonic, logger.warning),
        queue=SqsQueue(AwsJson(SQS, RECEIVER), settings.changes_queue_url),
        routes=packaged_routes(),
        clock=partial(datetime.now, UTC),
        github=_github(settings, secrets),
    )


@cache
def allowed_addresses() -> AllowedAddresses:
    """The source addresses that may send webhooks."""
    return AllowedAddresses(WebhookReceiverSettings.from_environment(os.environ).github_hook_ranges)


def _github(settings: WebhookReceiverSettings, secrets: SecretsManager) -> GithubChangedFiles | None:
    if not settings.github_api_secret_name:
        return None
    http = GithubHttp(settings.github_api_url)
    return GithubChangedFiles(http, GithubToken(Secret(secrets, settings.github_api_secret_name), http))
