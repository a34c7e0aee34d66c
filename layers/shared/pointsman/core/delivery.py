"""A delivery: one webhook request with its decisions, sent from webhook_receiver to start_build."""

from datetime import datetime, timedelta
from typing import Literal

from pointsman.core.model import Change, Decision, DeliveryId, Push, RolloutSpec, Value

# A delivery comes within seconds of its push. One that comes later was lost at first, or was redelivered by hand.
MANUAL_REDELIVERY_AFTER = 60.0  # seconds
# GitHub redelivers what is up to 3 days old. What is much older was captured, or lay among the dead letters.
# https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
OLDEST_PUSH = timedelta(days=7)


class Delivery(Value):
    """One webhook request, decided: the message from webhook_receiver to start_build."""

    version: Literal[1] = 1
    id: DeliveryId
    event: str  # X-GitHub-Event
    received_at: datetime
    pushed_at: datetime | None = None  # in whole seconds, and the same when it is delivered again
    reason: str  # the whole in one sentence
    change: Change
    decisions: tuple[Decision, ...] = ()
    specs: tuple[RolloutSpec, ...] = ()
    shortened: bool = False  # names or details were left out to fit the queue's messages

    @property
    def push(self) -> Push:
        """The push that it tells of."""
        return Push(before=self.change.before, pushed_at=self.pushed_at)

    @property
    def ordering_time(self) -> datetime:
        """From when its commit is newer than others: by when it was pushed, and of one second by when it came.

        It lies within the second of the push, the further on the later it came. What was lost at first, and comes by
        hand, counts as the oldest of its second: it shall undo nothing.
        """
        if self.pushed_at is None:
            return self.received_at
        late = max((self.received_at - self.pushed_at).total_seconds(), 0.0)
        return self.pushed_at + timedelta(seconds=late / (1 + late) if late <= MANUAL_REDELIVERY_AFTER else 0)


def refuse_old(delivery: Delivery, now: datetime) -> Delivery:
    """`delivery`; or, of a push that is more than a week old, one with nothing to run, which every decision says."""
    pushed_at = delivery.pushed_at or delivery.received_at
    if now - pushed_at <= OLDEST_PUSH or not delivery.specs:
        return delivery
    reason = f"pushed {(now - pushed_at).days} days ago: what is older than 7 days is not run, push again"
    decisions = tuple(
        decision.model_copy(update={"runs": False, "rollout": None, "reason": f"{decision.reason}; but {reason}"})
        if decision.runs
        else decision
        for decision in delivery.decisions
    )
    return delivery.model_copy(update={"reason": reason, "decisions": decisions, "specs": ()})
