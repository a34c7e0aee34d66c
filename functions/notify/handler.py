"""notify: the Slack channel is kept true to the trail.

Invoked by the audit table's stream, in order for each rollout and in batches: every rollout of a batch is shown once.
What Slack refused is kept on a list, and shown after the first message that Slack takes again.
Rejected events are not shown: whoever forges them could flood the channel. audit_writer counts them, for an alarm.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.notify.settings import NotifySettings
from pointsman.adapters.postings_dynamodb import DynamoPostings
from pointsman.adapters.secret import Secret
from pointsman.adapters.slack import SlackChannel
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.show_rollout import Board, Shown
from pointsman.core.slack_port import Patience, SlackBusy, SlackRefused
from pointsman.core.stale_messages import StaleStore, note
from pointsman.errors import Unavailable

logger = Logger()
metrics = Metrics()

STALE_SHOWN = 10  # in one invocation: Slack takes about one message a second, and new events come first


@cache
def _postings() -> DynamoPostings:
    settings = NotifySettings.from_environment(os.environ)
    return DynamoPostings(boto3.client("dynamodb"), settings.rollouts_table)


@cache
def _board() -> Board:
    settings = NotifySettings.from_environment(os.environ)
    client = boto3.client("dynamodb")
    token = Secret(SecretsProvider(), settings.slack_secret_name)
    return Board(
        DynamoTrail(client, settings.audit_table),
        _postings(),
        SlackChannel(token, settings.slack_channel, settings.slack_api_url),
        partial(datetime.now, UTC),
    )


@dataclass
class _Round:
    """What became of the rollouts of an invocation."""

    settled: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failures: dict[str, Unavailable] = field(default_factory=dict)
    told: bool = False  # Slack took a message

    @property
    def is_well(self) -> bool:
        """True while Slack is known to take messages."""
        return self.told and not self.refused and not self.failures


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Show each rollout of a stream's batch. Raises Unavailable, so that the stream brings the batch again."""
    _tell_altered(event)
    rollouts = list(dict.fromkeys(_rollouts_of(event)))
    metrics.add_metric(name="RolloutsTouched", unit=MetricUnit.Count, value=len(rollouts))
    patience = Patience(lambda: context.get_remaining_time_in_millis() / 1000, time.sleep)
    found = _Round()
    _show_all(rollouts, patience, found)
    failures = dict(found.failures)
    _keep_stale(_postings(), patience, found)
    if failures:
        names = ", ".join(failures)
        raise Unavailable(f"not shown: {names}") from next(iter(failures.values()))


def _rollouts_of(event: dict[str, Any]) -> Iterator[str]:
    for record in event["Records"]:
        partition: str = record["dynamodb"]["Keys"]["pk"]["S"]
        if record["eventName"] == "INSERT" and partition.startswith("ROLLOUT#"):
            yield partition.removeprefix("ROLLOUT#")


def _tell_altered(event: dict[str, Any]) -> None:
    """The trail is only ever added to, so an item that was changed or removed is somebody's doing: for an alarm."""
    for record in event["Records"]:
        if record["eventName"] != "INSERT":
            keys = {name: value["S"] for name, value in record["dynamodb"]["Keys"].items()}
            logger.error("the trail was altered", extra={"change": record["eventName"], "keys": keys})
            metrics.add_metric(name="TrailAltered", unit=MetricUnit.Count, value=1)


def _show_all(rollouts: list[str], patience: Patience, found: _Round) -> None:
    """Show `rollouts`. One that fails stops no other, unless Slack has no time for any."""
    for rollout in rollouts:
        try:
            shown = _board().show(rollout, patience)
        except SlackRefused as refusal:
            # No retry mends this, and retries would hold up every other rollout: it waits on the list.
            logger.error(str(refusal), extra={"rollout": rollout})  # noqa: TRY400 - the message says it all
            metrics.add_metric(name="SlackRefused", unit=MetricUnit.Count, value=1)
            found.refused.append(rollout)
        except SlackBusy as busy:
            metrics.add_metric(name="SlackBusy", unit=MetricUnit.Count, value=1)
            found.failures[rollout] = busy
            return
        except Unavailable as error:
            found.failures[rollout] = error
        else:
            metrics.add_metric(name=shown.value, unit=MetricUnit.Count, value=1)
            found.settled.append(rollout)
            found.told = found.told or shown in (Shown.POSTED, Shown.UPDATED)


def _keep_stale(store: StaleStore, patience: Patience, found: _Round) -> None:
    """Show what was refused before, where Slack is well, and keep the list of it. What fails stays on the list."""
    if not found.settled and not found.refused:
        return
    waiting = [rollout for rollout in store.load_stale().rollouts if rollout not in found.settled]
    for rollout in waiting[:STALE_SHOWN]:
        if not found.is_well:
            break
        _show_all([rollout], patience, found)
    note(store, found.refused, found.settled)
