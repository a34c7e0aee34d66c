"""notify: the Slack channel is kept true to the trail.

Invoked by the audit table's stream, in order for each rollout and in batches: every rollout of a batch is shown once.
Rejected events are not shown: whoever forges them could flood the channel. audit_writer counts them, for an alarm.
"""

import os
import time
from collections.abc import Iterator
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
from pointsman.core.show_rollout import Board
from pointsman.core.slack_port import Patience, SlackBusy, SlackRefused
from pointsman.errors import Unavailable

logger = Logger()
metrics = Metrics()


@cache
def _board() -> Board:
    settings = NotifySettings.from_environment(os.environ)
    client = boto3.client("dynamodb")
    token = Secret(SecretsProvider(), settings.slack_secret_name)
    return Board(
        DynamoTrail(client, settings.audit_table),
        DynamoPostings(client, settings.rollouts_table),
        SlackChannel(token, settings.slack_channel, settings.slack_api_url),
        partial(datetime.now, UTC),
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Show each rollout of a stream's batch. Raises Unavailable, so that the stream brings the batch again."""
    rollouts = list(dict.fromkeys(_rollouts_of(event)))
    metrics.add_metric(name="RolloutsTouched", unit=MetricUnit.Count, value=len(rollouts))
    patience = Patience(lambda: context.get_remaining_time_in_millis() / 1000, time.sleep)
    failures = _show_all(rollouts, patience)
    if failures:
        names = ", ".join(failures)
        raise Unavailable(f"not shown: {names}") from next(iter(failures.values()))


def _rollouts_of(event: dict[str, Any]) -> Iterator[str]:
    for record in event["Records"]:
        partition: str = record["dynamodb"]["Keys"]["pk"]["S"]
        if partition.startswith("ROLLOUT#"):
            yield partition.removeprefix("ROLLOUT#")


def _show_all(rollouts: list[str], patience: Patience) -> dict[str, Unavailable]:
    """Those that could not be shown now. One that fails stops no other, unless Slack has no time for any."""
    failures: dict[str, Unavailable] = {}
    for rollout in rollouts:
        try:
            shown = _board().show(rollout, patience)
        except SlackRefused as refusal:
            # No retry mends this, and retries would hold up every other rollout. The next event tries again.
            logger.error(str(refusal), extra={"rollout": rollout})  # noqa: TRY400 - the message says it all
            metrics.add_metric(name="SlackRefused", unit=MetricUnit.Count, value=1)
        except SlackBusy as busy:
            metrics.add_metric(name="SlackBusy", unit=MetricUnit.Count, value=1)
            return failures | {rollout: busy}
        except Unavailable as error:
            failures[rollout] = error
        else:
            metrics.add_metric(name=shown.value, unit=MetricUnit.Count, value=1)
    return failures
