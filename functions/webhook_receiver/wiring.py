"""The receiver's objects on AWS, built once per cold start."""

import os
import time
from datetime import UTC, datetime
from functools import cache, cached_property, partial

from functions.webhook_receiver.settings import WebhookReceiverSettings
from pointsman.adapters.aws_client import RECEIVER
from pointsman.adapters.aws_json import SECRETS_MANAGER, SQS, AwsJson
from pointsman.adapters.function_logger import function_logger
from pointsman.adapters.packaged_routes import packaged_routes
from pointsman.adapters.queue_sqs import SqsQueue
from pointsman.adapters.secret import Secret
from pointsman.adapters.secrets_manager import SecretsManager
from pointsman.core.github.allowed_addresses import AllowedAddresses
from pointsman.core.github.receiver import Receiver
from pointsman.core.github.signature_check import SignatureCheck
from pointsman.core.routing.changed_files import ChangedFilesSource
from pointsman.core.routing.routing_input import Comparison

logger = function_logger()


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
        host=settings.github_url,
    )


@cache
def allowed_addresses() -> AllowedAddresses:
    """The source addresses that may send webhooks."""
    return AllowedAddresses(WebhookReceiverSettings.from_environment(os.environ).github_hook_ranges)


class LazyGithub:
    """GitHub's API. Its client is imported with the first question: most deliveries have none."""

    def __init__(self, settings: WebhookReceiverSettings, secrets: SecretsManager) -> None:
        self._settings = settings
        self._secrets = secrets

    def changed_files(self, comparison: Comparison, seconds: float) -> tuple[str, ...]:
        """See ChangedFilesSource.changed_files."""
        start = time.monotonic()
        source = self._source  # the first time, it may read certificates
        return source.changed_files(comparison, seconds - (time.monotonic() - start))

    @cached_property
    def _source(self) -> ChangedFilesSource:
        from pointsman.adapters.certificates_s3 import certificates_in  # noqa: PLC0415
        from pointsman.adapters.changed_files_github import GithubChangedFiles  # noqa: PLC0415
        from pointsman.adapters.github_http import GithubHttp  # noqa: PLC0415
        from pointsman.adapters.github_token import GithubToken  # noqa: PLC0415

        settings = self._settings
        certificates = certificates_in(settings.github_certificate_arn) if settings.github_certificate_arn else None
        http = GithubHttp(settings.github_url.api_or(settings.github_api_url), certificates)
        secret = Secret(self._secrets, settings.github_api_secret_name)
        return GithubChangedFiles(http, GithubToken(secret, http))


def _github(settings: WebhookReceiverSettings, secrets: SecretsManager) -> ChangedFilesSource | None:
    return LazyGithub(settings, secrets) if settings.github_api_secret_name else None
