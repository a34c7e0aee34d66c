"""What a delivery asks of the engine: a rollout that is new, or one that is already known and must not be repeated."""

from collections.abc import Mapping
from datetime import datetime

from pointsman.core.model import Change, Delivery, Lane, Order, Rollout, RolloutState, Run, RunState
from pointsman.core.ports import Transition
from pointsman.core.reconcile import latest
from pointsman.events import DeliveryDecided, RolloutRepeated, RolloutStarted


def decided(delivery: Delivery) -> DeliveryDecided:
    """The trail's record of a delivery, matched or not."""
    return DeliveryDecided(
        at=delivery.received_at,
        actor=delivery.change.actor,
        repository=delivery.change.repository,
        commit=delivery.change.after,
        delivery=delivery.id,
        reason=delivery.reason,
        change=delivery.change,
        decisions=delivery.decisions,
    )


def start(delivery: Delivery, order: Order, now: datetime) -> Transition:
    """A rollout that nobody asked for before."""
    rollout = Rollout(
        id=order.rollout, change=delivery.change, order=order, delivery=delivery.id, created_at=delivery.received_at
    )
    event = RolloutStarted(
        at=now,
        actor=delivery.change.actor,
        repository=delivery.change.repository,
        commit=delivery.change.after,
        route=order.route,
        rollout=order.rollout,
        delivery=delivery.id,
        mode=order.mode,
        playbook=order.playbook,
        change=_without_files(delivery.change),
        targets=tuple(target.name for target in order.targets),
    )
    return Transition(rollout=rollout, events=(event,))


def repeat(
    delivery: Delivery,
    message: str,
    rollout: Rollout,
    runs: tuple[Run, ...],
    lanes: Mapping[str, Lane],
    now: datetime,
) -> Transition:
    """A rollout that is asked for again: what never ran is tried again, what ran is not repeated.

    A refused run is left alone when a newer commit of its route has reached the target since: trying it again would
    undo that commit.
    """
    refused = [run for run in latest(runs).values() if run.state is RunState.REFUSED]
    overtaken = [run for run in refused if _overtaken(rollout, run, lanes)]
    again = [run for run in refused if run not in overtaken]
    event = RolloutRepeated(
        at=now,
        actor=delivery.change.actor,
        repository=delivery.change.repository,
        commit=delivery.change.after,
        route=rollout.order.route,
        rollout=rollout.id,
        delivery=delivery.id,
        message=message,
        reason=_why_nothing_twice(rollout, again, overtaken),
        retried=tuple(run.target.name for run in again),
    )
    return Transition(rollout=_reopened(rollout, again) if again else None, events=(event,))


def _reopened(rollout: Rollout, again: list[Run]) -> Rollout:
    return rollout.model_copy(
        update={
            "state": RolloutState.OPEN,
            "ended_at": None,
            "round": rollout.round + 1 if rollout.state.ended else rollout.round,
            "attempts": rollout.attempts | {run.target.name: run.attempt + 1 for run in again},
        }
    )


def _overtaken(rollout: Rollout, run: Run, lanes: Mapping[str, Lane]) -> bool:
    reached = lanes[run.target.name].reached.get(run.route)
    return reached is not None and reached > rollout.created_at


def _why_nothing_twice(rollout: Rollout, again: list[Run], overtaken: list[Run]) -> str:
    short = rollout.change.after[:7]
    if again:
        return f"{_names(again)} refused commit {short} before: tried again there, nowhere else"
    if overtaken:
        return f"{_names(overtaken)} refused commit {short}, and a newer commit has reached them since: nothing runs"
    if not rollout.state.ended:
        return f"commit {short} is already on its way as {rollout.id}: nothing runs twice"
    return f"commit {short} has already run as {rollout.id} ({rollout.state}): nothing runs twice"


def _names(runs: list[Run]) -> str:
    return ", ".join(run.target.name for run in runs)


def _without_files(change: Change) -> Change:
    # The delivery's event keeps the names; one copy in the trail is enough.
    return change.model_copy(update={"files": ()})
