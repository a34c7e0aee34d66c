"""Logs and metrics of notify."""

from collections.abc import Iterable

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from functions.notify.stream import AlteredItem
from pointsman.adapters.function_logger import function_logger
from pointsman.core.slack.channel_sync import ChannelSyncResult, SyncResult
from pointsman.core.slack.message_sync import NotifyResult
from pointsman.core.slack.stale import StaleList
from pointsman.errors import SlackBusy

logger = function_logger()
metrics = Metrics()

RESULT_METRICS = {
    NotifyResult.POSTED: "MessagesPosted",
    NotifyResult.UPDATED: "MessagesUpdated",
    NotifyResult.UNCHANGED: "MessagesUnchanged",
    NotifyResult.UNKNOWN: "RolloutsUnknown",
}


def report_batch(rollouts: list[str], altered: Iterable[AlteredItem]) -> None:
    """Count the rollouts of a batch. The trail is append-only: log and count altered items, for an alarm."""
    for item in altered:
        logger.error("The audit trail was altered", extra={"change": item.change, "keys": item.keys})
        metrics.add_metric(name="TrailAltered", unit=MetricUnit.Count, value=1)
    metrics.add_metric(name="RolloutsTouched", unit=MetricUnit.Count, value=len(rollouts))


def report_alarm() -> None:
    """Count a change of an alarm's state."""
    metrics.add_metric(name="AlarmsTaken", unit=MetricUnit.Count, value=1)


def report_result(result: ChannelSyncResult) -> None:
    """Count what was shown; log and count what was not."""
    for part in (result.from_batch, result.from_list):
        _report_part(part)


def report_list(stale: StaleList) -> None:
    """Count the messages that are still out of date, for an alarm."""
    metrics.add_metric(name="MessagesStale", unit=MetricUnit.Count, value=len(stale.rollouts))


def _report_part(part: SyncResult) -> None:
    for result in part.synced.values():
        metrics.add_metric(name=RESULT_METRICS[result], unit=MetricUnit.Count, value=1)
    for rollout, refusal in part.refused.items():
        logger.error(str(refusal), extra={"rollout": rollout})
        metrics.add_metric(name="SlackRefused", unit=MetricUnit.Count, value=1)
    for rollout, failure in part.failed.items():
        reason = f"{type(failure).__name__}: {failure}"
        logger.warning("Slack message not updated", extra={"rollout": rollout, "reason": reason})
        if isinstance(failure, SlackBusy):
            metrics.add_metric(name="SlackBusy", unit=MetricUnit.Count, value=1)
