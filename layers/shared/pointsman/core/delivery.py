"""A delivery: one webhook request with its decisions, sent from webhook_receiver to start_build."""

from datetime import datetime, timedelta
from typing import Literal

from pointsman.core.change import Change, Push
from pointsman.core.decision import Decision
from pointsman.core.model import DeliveryId, RolloutSpec
from pointsman.core.value import Value

# A delivery arrives within seconds of its push. One that arrives later was lost at first, or redelivered by hand.
MANUAL_REDELIVERY_AFTER = 60.0  # seconds
# GitHub redelivers what is up to 3 days old. Anything much older was captured, or was in the dead-letter queue.
# https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
OLDEST_PUSH = timedelta(days=7)


class Delivery(Value, kw_only=True, frozen=True):
    """One webhook request with its decisions."""

    version: Literal[1] = 1
    id: DeliveryId
    event: str  # X-GitHub-Event
    received_at: datetime
    pushed_at: datetime | None = None  # in whole seconds; a redelivery has the same
    reason: str  # a summary in one sentence
    change: Change
    decisions: tuple[Decision, ...] = ()
    specs: tuple[RolloutSpec, ...] = ()
    shortened: bool = False  # file names or details were left out to fit into a message

    @property
    def push(self) -> Push:
        """The push that it reports."""
        return Push(before=self.change.before, pushed_at=self.pushed_at)

    @property
    def ordering_time(self) -> datetime:
        """The time that decides which commit is newer: the push's and, within one second, the arrival's.

        It lies within the second of the push; the later the delivery arrived, the later it is. A manual redelivery
        counts as the oldest of its second, so that it undoes nothing.
        """
        if self.pushed_at is None:
            return self.received_at
        delay = max((self.received_at - self.pushed_at).total_seconds(), 0.0)
        return self.pushed_at + timedelta(seconds=delay / (1 + delay) if delay <= MANUAL_REDELIVERY_AFTER else 0)


def refuse_old(delivery: Delivery, now: datetime) -> Delivery:
    """`delivery`, with nothing to run if the push is more than a week old. Every decision then says so."""
    pushed_at = delivery.pushed_at or delivery.received_at
    if now - pushed_at <= OLDEST_PUSH or not delivery.specs:
        return delivery
    reason = f"the push is {(now - pushed_at).days} days old, more than the limit of 7 days; push again"
    decisions = tuple(
        decision.replace(runs=False, rollout=None, reason=f"{decision.reason}; but {reason}")
        if decision.runs
        else decision
        for decision in delivery.decisions
    )
    return delivery.replace(reason=reason, decisions=decisions, specs=())
