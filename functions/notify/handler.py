"""notify: keep the Slack channel in line with the audit trail.

The audit table's stream invokes it, in order for each rollout and in batches: each rollout of a batch is shown once.
A schedule invokes it to retry the messages that could not be updated.
Rejected events are not shown: whoever forges them could flood the channel. audit_writer counts them, for an alarm.
"""

import os
import time
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.notify.report import logger, metrics, report_batch, report_list, report_result
from functions.notify.settings import NotifySettings
from functions.notify.stream import StreamBatch
from pointsman.adapters.aws_client import aws_client
from pointsman.adapters.aws_json import SECRETS_MANAGER, AwsJson
from pointsman.adapters.secret import Secret
from pointsman.adapters.secrets_manager import SecretsManager
from pointsman.adapters.slack import SlackWebChannel
from pointsman.adapters.slack_messages_dynamodb import DynamoSlackMessages
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.slack.channel_sync import ChannelSync
from pointsman.core.slack.notifier import SlackNotifier
from pointsman.core.slack.port import WaitBudget

_now = partial(datetime.now, UTC)


@cache
def _dynamodb() -> Any:
    return aws_client("dynamodb")


@cache
def _messages() -> DynamoSlackMessages:
    settings = NotifySettings.from_environment(os.environ)
    return DynamoSlackMessages(_dynamodb(), settings.rollouts_table)


@cache
def _notifier() -> SlackNotifier:
    settings = NotifySettings.from_environment(os.environ)
    trail = DynamoTrail(_dynamodb(), settings.audit_table)
    token = Secret(SecretsManager(AwsJson(SECRETS_MANAGER)), settings.slack_secret_name)
    channel = SlackWebChannel(token, settings.slack_channel, settings.slack_api_url)
    return SlackNotifier(trail, _messages(), channel, _now, settings.slack_members)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Show the rollouts of a stream's batch or, on schedule, those of the list. Raises to have the batch retried."""
    wait_budget = WaitBudget(lambda: context.get_remaining_time_in_millis() / 1000, time.sleep)
    channel_sync = ChannelSync(_notifier(), _messages(), wait_budget, _now)
    if "Records" in event:
        _sync_batch(StreamBatch.read(event), channel_sync)
        return
    result = channel_sync.sync_list()
    report_result(result)
    report_list(channel_sync.update_list(result))


def _sync_batch(batch: StreamBatch, channel_sync: ChannelSync) -> None:
    report_batch(batch.rollouts, batch.altered)
    if not batch.rollouts:
        return
    result = channel_sync.sync_batch(batch.rollouts)
    report_result(result)
    channel_sync.finish_batch(result, batch.written_at)
