"""notify: the Slack channel is kept true to the trail.

Invoked by the audit table's stream, in order for each rollout and in batches: every rollout of a batch is shown once.
What could not be shown is noted on a list, and shown after the next message that Slack takes, or by the schedule.
Rejected events are not shown: whoever forges them could flood the channel. audit_writer counts them, for an alarm.
"""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.notify.settings import NotifySettings
from pointsman.adapters.aws_client import aws_client
from pointsman.adapters.secret import Secret
from pointsman.adapters.slack import SlackChannel
from pointsman.adapters.slack_messages_dynamodb import DynamoSlackMessages
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.slack.channel_sync import ChannelSync, SyncResult
from pointsman.core.slack.notifier import SlackNotifier
from pointsman.core.slack.port import WaitBudget
from pointsman.core.trail.keys import rollout_of
from pointsman.errors import SlackBusy, Unavailable, raise_failures

logger = Logger()
metrics = Metrics()

STALE_SHOWN = 10  # in one invocation: Slack takes about one message a second, and new events come first
STALE_SHOWN_BY_SCHEDULE = 60
# For as long the stream brings a batch again, which shows it soonest; then the list has it, and the stream goes on.
RETRIED_BY_STREAM = timedelta(minutes=10)


@cache
def _messages() -> DynamoSlackMessages:
    settings = NotifySettings.from_environment(os.environ)
    return DynamoSlackMessages(aws_client("dynamodb"), settings.rollouts_table)


@cache
def _notifier() -> SlackNotifier:
    settings = NotifySettings.from_environment(os.environ)
    client = aws_client("dynamodb")
    token = Secret(SecretsProvider(boto3_client=aws_client("secretsmanager")), settings.slack_secret_name)
    return SlackNotifier(
        DynamoTrail(client, settings.audit_table),
        _messages(),
        SlackChannel(token, settings.slack_channel, settings.slack_api_url),
        partial(datetime.now, UTC),
        settings.slack_members,
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Show each rollout of a stream's batch, or, on schedule, those of the list. Raises to be given the batch again."""
    wait_budget = WaitBudget(lambda: context.get_remaining_time_in_millis() / 1000, time.sleep)
    notifier = ChannelSync(_notifier, _messages(), wait_budget)
    if "Records" in event:
        _show_batch(event, notifier)
        return
    stale = _messages().load_stale()
    found = notifier.show_stale(stale, STALE_SHOWN_BY_SCHEDULE)
    _tell_found(found)
    left = notifier.note(stale, found)
    metrics.add_metric(name="MessagesStale", unit=MetricUnit.Count, value=len(left.rollouts))


def _show_batch(event: dict[str, Any], notifier: ChannelSync) -> None:
    _tell_altered(event)
    rollouts = list(dict.fromkeys(_rollouts_of(event)))
    metrics.add_metric(name="RolloutsTouched", unit=MetricUnit.Count, value=len(rollouts))
    if not rollouts:
        return
    stale = _messages().load_stale()
    found = notifier.show_all(rollouts)
    rest = stale.changed((), rollouts)
    waiting = notifier.show_stale(rest, STALE_SHOWN) if found.is_well else SyncResult()
    for each in (found, waiting):
        _tell_found(each)
    try:
        notifier.note(stale, found, waiting)
    except Unavailable as error:
        raise_failures([*found.failures.values(), error])
    if found.failures and _is_young(event):
        _raise(found.failures)


def _raise(failures: dict[str, Exception]) -> None:
    """Raise what says most: what will pass by itself names the rollouts that wait for it."""
    lasting = [failure for failure in failures.values() if not isinstance(failure, Unavailable)]
    raise_failures(lasting)
    raise Unavailable(f"not shown: {', '.join(failures)}") from next(iter(failures.values()))


def _is_young(event: dict[str, Any]) -> bool:
    """Whether the stream is to bring the batch again."""
    told = [record["dynamodb"].get("ApproximateCreationDateTime") for record in event["Records"]]
    times = [at.timestamp() if isinstance(at, datetime) else float(at) for at in told if at]
    return not times or time.time() - min(times) < RETRIED_BY_STREAM.total_seconds()


def _rollouts_of(event: dict[str, Any]) -> Iterator[str]:
    for record in event["Records"]:
        partition: str = record["dynamodb"]["Keys"]["pk"]["S"]
        if record["eventName"] == "INSERT" and (rollout := rollout_of(partition)):
            yield rollout


def _tell_altered(event: dict[str, Any]) -> None:
    """The trail is only ever added to, so an item that was changed or removed is somebody's doing: for an alarm."""
    for record in event["Records"]:
        if record["eventName"] != "INSERT":
            keys = {name: value["S"] for name, value in record["dynamodb"]["Keys"].items()}
            logger.error("the trail was altered", extra={"change": record["eventName"], "keys": keys})
            metrics.add_metric(name="TrailAltered", unit=MetricUnit.Count, value=1)


def _tell_found(found: SyncResult) -> None:
    """Log what failed, and count what was done."""
    for shown in found.shown.values():
        metrics.add_metric(name=shown.value, unit=MetricUnit.Count, value=1)
    for rollout, refusal in found.refused.items():
        logger.error(str(refusal), extra={"rollout": rollout})
        metrics.add_metric(name="SlackRefused", unit=MetricUnit.Count, value=1)
    for rollout, failure in found.failures.items():
        logger.warning("not shown", extra={"rollout": rollout, "reason": f"{type(failure).__name__}: {failure}"})
        if isinstance(failure, SlackBusy):
            metrics.add_metric(name="SlackBusy", unit=MetricUnit.Count, value=1)
