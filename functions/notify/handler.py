"""notify: keep the Slack channel in line with the audit trail and with the alarms.

The audit table's stream invokes it, in order for each rollout and in batches: each rollout of a batch is shown once.
Two rules invoke it when an alarm of the control stack or of a worker stack changes its state. A schedule invokes it to
retry the messages that could not be updated.
Rejected events are not shown: whoever forges them could flood the channel. audit_writer counts them, for an alarm.
"""

import time
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.notify import wiring
from functions.notify.report import logger, metrics, report_alarm, report_batch, report_list, report_result
from functions.notify.stream import StreamBatch
from pointsman.core.slack.alarm_event import is_alarm_event, read_alarm_event
from pointsman.core.slack.alarm_status import record_change
from pointsman.core.slack.channel_sync import ChannelSync
from pointsman.core.slack.port import WaitBudget


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Show what a stream's batch or an alarm's event is about, or what is on the list. Raises for a retry."""
    wait_budget = WaitBudget(lambda: context.get_remaining_time_in_millis() / 1000, time.sleep)
    channel_sync = wiring.channel_sync(wait_budget)
    if "Records" in event:
        _sync_batch(StreamBatch.read(event), channel_sync)
    elif is_alarm_event(event):
        _sync_alarm(event, channel_sync)
    else:
        result = channel_sync.sync_list()
        report_result(result)
        report_list(channel_sync.update_list(result))


def _sync_batch(batch: StreamBatch, channel_sync: ChannelSync) -> None:
    report_batch(batch.rollouts, batch.altered)
    if not (batch.rollouts or batch.events):
        return
    result = channel_sync.sync_batch(batch.rollouts, batch.events)
    report_result(result)
    channel_sync.finish_batch(result, batch.written_at)


def _sync_alarm(event: dict[str, Any], channel_sync: ChannelSync) -> None:
    """Show an alarm. What Slack does not take now is on the list."""
    report_alarm()
    messages = record_change(wiring.messages(), read_alarm_event(event))
    if not messages:
        return
    result = channel_sync.sync_batch(messages)
    report_result(result)
    channel_sync.update_list(result)
