"""The receiver's objects on AWS, built once per cold start."""

import os
import time
from datetime import UTC, datetime
from functools import cache, partial

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from botocore.config import Config

from functions.webhook_receiver.packaged_routes import packaged_routes
from functions.webhook_receiver.settings import WebhookReceiverSettings
from pointsman.adapters.changed_files_github import GithubChangedFiles
from pointsman.adapters.github_http import GithubHttp
from pointsman.adapters.github_token import GithubToken
from pointsman.adapters.queue_sqs import SqsQueue
from pointsman.adapters.secret import Secret
from pointsman.core.github.allowed_addresses import AllowedAddresses
from pointsman.core.github.receiver import Receiver
from pointsman.core.github.signature_check import SignatureCheck

logger = Logger()

# GitHub waits 10 seconds for the whole answer. A quick 503 is better than none: it asks for a redelivery.
CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=1, read_timeout=2)


@cache
def receiver() -> Receiver:
    """The receiver with its secret, its queue and its routes."""
    settings = WebhookReceiverSettings.from_environment(os.environ)
    session = boto3.Session()
    secrets = SecretsProvider(boto3_client=session.client("secretsmanager", config=CONFIG))
    return Receiver(
        signature_check=SignatureCheck(Secret(secrets, settings.webhook_secret_name), time.monotonic, logger.warning),
        queue=SqsQueue(cache(lambda: session.client("sqs", config=CONFIG)), settings.changes_queue_url),
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
