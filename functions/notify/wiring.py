"""The parts of notify on AWS, made once per cold start."""

import os
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from functions.notify.settings import NotifySettings
from pointsman.adapters.aws_client import aws_client
from pointsman.adapters.aws_json import SECRETS_MANAGER, AwsJson
from pointsman.adapters.secret import Secret
from pointsman.adapters.secrets_manager import SecretsManager
from pointsman.adapters.slack import SlackWebChannel
from pointsman.adapters.slack_messages_dynamodb import DynamoSlackMessages
from pointsman.adapters.slack_summaries_dynamodb import DynamoSummaries
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.slack.channel_sync import ChannelSync
from pointsman.core.slack.notifier import SlackNotifier
from pointsman.core.slack.port import WaitBudget

now = partial(datetime.now, UTC)


@cache
def _dynamodb() -> Any:
    return aws_client("dynamodb")


@cache
def messages() -> DynamoSlackMessages:
    """The state of the messages, on the rollouts table."""
    settings = NotifySettings.from_environment(os.environ)
    return DynamoSlackMessages(_dynamodb(), settings.rollouts_table)


@cache
def _notifier() -> SlackNotifier:
    settings = NotifySettings.from_environment(os.environ)
    trail = DynamoTrail(_dynamodb(), settings.audit_table)
    token = Secret(SecretsManager(AwsJson(SECRETS_MANAGER)), settings.slack_secret_name)
    channel = SlackWebChannel(token, settings.slack_channel, settings.slack_api_url)
    summaries = DynamoSummaries(_dynamodb(), settings.rollouts_table)
    return SlackNotifier(trail, messages(), channel, now, settings.slack_members, summaries=summaries)


def channel_sync(wait_budget: WaitBudget) -> ChannelSync:
    """What keeps the channel up to date in one invocation."""
    return ChannelSync(_notifier(), messages(), wait_budget, now)


def forget() -> None:
    """Make every part anew at the next invocation: for tests, which change the environment."""
    for part in (_dynamodb, messages, _notifier):
        part.cache_clear()
