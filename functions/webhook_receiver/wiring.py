"""The receiver's objects on AWS, built once per cold start."""

import os
import time
from datetime import UTC, datetime
from functools import cache, partial

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.parameters import SecretsProvider

from functions.webhook_receiver.packaged_routes import packaged_routes
from functions.webhook_receiver.settings import WebhookReceiverSettings
from pointsman.adapters.aws_client import RECEIVER, aws_client
from pointsman.adapters.changed_files_github import GithubChangedFiles
from pointsman.adapters.github_http import GithubHttp
from pointsman.adapters.github_token import GithubToken
from pointsman.adapters.queue_sqs import SqsQueue
from pointsman.adapters.secret import Secret
from pointsman.core.github.allowed_addresses import AllowedAddresses
from pointsman.core.github.receiver import Receiver
from pointsman.core.github.signature_check import SignatureCheck

logger = Logger()


@cache
def receiver() -> Receiver:
    """The receiver with its secret, its queue and its routes."""
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
def allowed_addresses() -> AllowedAddresses:
    """The source addresses that may send webhooks."""
    return AllowedAddresses(WebhookReceiverSettings.from_environment(os.environ).github_hook_ranges)


def _github(settings: WebhookReceiverSettings, secrets: SecretsProvider) -> GithubChangedFiles | None:
    if not settings.github_api_secret_name:
        return None
    http = GithubHttp(settings.github_api_url)
    return GithubChangedFiles(http, GithubToken(Secret(secrets, settings.github_api_secret_name), http))
