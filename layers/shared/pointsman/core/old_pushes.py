"""Pushes that come so late that they must not run: captured and sent again, or found among the dead letters.

Which commit is newer is known as long as a target remembers its route and playbook. A new table or a new name remembers
nothing; so a push has to be recent, too.
"""

from datetime import datetime, timedelta

from pointsman.core.model import Delivery

# GitHub redelivers what is up to 3 days old. What is much older was captured, or lay among the dead letters.
# https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
OLDEST_PUSH = timedelta(days=7)


def refuse_old(delivery: Delivery, now: datetime) -> Delivery:
    """`delivery`; or, of a push that is more than a week old, one with nothing to run, which every decision says."""
    pushed_at = delivery.pushed_at or delivery.received_at
    if now - pushed_at <= OLDEST_PUSH or not delivery.orders:
        return delivery
    reason = f"pushed {(now - pushed_at).days} days ago: what is older than 7 days is not run, push again"
    decisions = tuple(
        decision.model_copy(update={"runs": False, "rollout": None, "reason": f"{decision.reason}; but {reason}"})
        if decision.runs
        else decision
        for decision in delivery.decisions
    )
    return delivery.model_copy(update={"reason": reason, "decisions": decisions, "orders": ()})
