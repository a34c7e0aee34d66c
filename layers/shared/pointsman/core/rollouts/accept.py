"""What a delivery asks of the engine: a rollout that is new, or one that is already known and must not be repeated."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pointsman.core.delivery import Delivery
from pointsman.core.model import (
    Change,
    Mode,
    Rollout,
    RolloutSpec,
    RolloutState,
    Run,
    RunState,
    Target,
    TargetName,
    TargetQueue,
)
from pointsman.core.ports import Transition
from pointsman.core.rollouts import target_queue
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.trail.events import DeliveryDecided, RolloutRepeated, RolloutStarted

PUSHES_KEPT = 50


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
        shortened=delivery.shortened,
    )


def start(delivery: Delivery, message_id: str, spec: RolloutSpec, now: datetime) -> Transition:
    """A rollout that nobody asked for before."""
    rollout = Rollout(
        id=spec.rollout,
        change=_without_files(delivery.change),  # an item of the table has its bounds, and a thousand targets
        spec=spec,
        delivery=delivery.id,
        last_message_id=message_id,
        pushes=(delivery.push,),
        created_at=delivery.ordering_time,
    )
    event = RolloutStarted(
        at=now,
        actor=delivery.change.actor,
        repository=delivery.change.repository,
        commit=delivery.change.after,
        route=spec.route,
        rollout=spec.rollout,
        delivery=delivery.id,
        mode=spec.mode,
        playbook=spec.playbook,
        change=_without_files(delivery.change),
        targets=tuple(target.name for target in spec.targets),
    )
    return Transition(rollout=rollout, events=(event,))


@dataclass(frozen=True)
class _Again:
    """What a rollout that is asked for again has still to do, by the names of its targets."""

    is_another_push: bool
    refused: list[TargetName]  # never ran: tried again
    overtaken: list[TargetName]  # never ran, and a newer commit has been there: left alone
    returned: list[TargetName]  # a newer commit ran or was to run there, and now somebody pushed this one again
    new: list[Target]  # joined the route since

    @property
    def names(self) -> list[TargetName]:
        return [*self.refused, *self.returned, *(target.name for target in self.new)]


def repeat(
    delivery: Delivery,
    message_id: str,
    spec: RolloutSpec,
    rollout: Rollout,
    runs: tuple[Run, ...],
    queues: Mapping[str, TargetQueue],
    now: datetime,
) -> Transition:
    """A rollout that is asked for again: what never ran is tried again, what ran is not repeated.

    Three things are more than a repetition. A refused run is tried again, unless a newer commit of its route has
    reached the target since. A target that joined the route since gets its first run. And a push that moves the ref
    back to this commit is another push: it runs again where a newer one has been, and what was pushed between gives way
    to it everywhere, whether it ran, waits or never came.
    """
    again = _what_is_left(delivery, spec, rollout, runs, queues)
    event = RolloutRepeated(
        at=now,
        actor=delivery.change.actor,
        repository=delivery.change.repository,
        commit=delivery.change.after,
        route=rollout.spec.route,
        rollout=rollout.id,
        delivery=delivery.id,
        message_id=message_id,
        reason=_why(rollout, again),
        retried=tuple(again.names),
    )
    # A check leaves nothing behind, so that a push without anything to check changes nothing.
    requested_anew = again.is_another_push and (spec.mode is Mode.APPLY or not rollout.state.ended)
    opens = bool(again.names) or requested_anew
    opened = _opened_again(delivery, message_id, spec, rollout, runs, again) if opens else None
    return Transition(rollout=opened, events=(event,))


def _what_is_left(
    delivery: Delivery, spec: RolloutSpec, rollout: Rollout, runs: tuple[Run, ...], queues: Mapping[str, TargetQueue]
) -> _Again:
    newest = latest(runs)
    anew = delivery.push not in rollout.pushes and delivery.ordering_time > rollout.ordering_time
    overtaken = {name for name, run in newest.items() if target_queue.overtaken(rollout, run, queues[run.queue])}
    refused = [name for name, run in newest.items() if run.state is RunState.REFUSED and not _is_wanted(rollout, run)]
    known = {*newest, *(target.name for target in rollout.spec.targets)}
    wanted = {target.name for target in spec.targets}
    gave_way = {name for name, run in newest.items() if run.state is RunState.SUPERSEDED}
    returned = [
        name
        for name, run in newest.items()
        if anew and name in wanted & (overtaken | gave_way) and run.state.ended and not _is_wanted(rollout, run)
    ]
    return _Again(
        is_another_push=anew,
        refused=[name for name in refused if name not in overtaken and name not in returned],
        overtaken=[name for name in refused if name in overtaken and not anew],
        returned=returned,
        new=[target for target in spec.targets if target.name not in known],
    )


def _is_wanted(rollout: Rollout, run: Run) -> bool:
    """Whether a redelivery at the same time has asked for the next attempt, which is not in its lane yet."""
    return rollout.attempts.get(run.target.name, 1) > run.attempt


def _opened_again(
    delivery: Delivery, message_id: str, spec: RolloutSpec, rollout: Rollout, runs: tuple[Run, ...], again: _Again
) -> Rollout:
    newest = latest(runs)
    retried = {name: newest[name].attempt + 1 for name in (*again.refused, *again.returned)}
    opened = rollout.model_copy(
        update={
            "state": RolloutState.OPEN,
            "ended_at": None,
            "last_message_id": message_id,
            "round": rollout.round + 1 if rollout.state.ended else rollout.round,
            "attempts": rollout.attempts | retried,
            "spec": rollout.spec.model_copy(update={"targets": _targets(spec, rollout, newest, again)}),
        }
    )
    if not again.is_another_push:
        return opened
    return opened.model_copy(
        update={
            "pushes": (*rollout.pushes, delivery.push)[-PUSHES_KEPT:],
            "ordering_time": delivery.ordering_time,
            "delivery": delivery.id,
        }
    )


def _targets(
    spec: RolloutSpec, rollout: Rollout, newest: Mapping[TargetName, Run], again: _Again
) -> tuple[Target, ...]:
    """The rollout's targets and those that joined the route; what left the route gets nothing of another push."""
    known = {target.name for target in rollout.spec.targets}
    wanted = {target.name for target in spec.targets}
    gone = {name for name, run in newest.items() if again.is_another_push and name not in wanted and run.state.ended}
    stay = (target for target in rollout.spec.targets if target.name not in gone)
    return (*stay, *(target for target in spec.targets if target.name not in known))


def _why(rollout: Rollout, again: _Again) -> str:
    commit = f"commit {rollout.change.after[:7]}"
    parts = [
        again.refused and f"{', '.join(again.refused)} refused {commit} before: tried again there",
        again.returned and f"{commit} was pushed again after a newer one: it runs on {', '.join(again.returned)}",
        again.new and f"{', '.join(target.name for target in again.new)} joined the route since: {commit} runs there",
        again.overtaken and f"{', '.join(again.overtaken)} refused {commit}, and a newer one has reached them since",
    ]
    told = [part for part in parts if part]
    if told:
        return "; ".join(told) + "; nothing runs twice"
    if again.is_another_push:
        return f"{commit} was pushed again: it is what runs, or ran last, and what was pushed between gives way to it"
    if not rollout.state.ended:
        return f"{commit} is already on its way as {rollout.id}: nothing runs twice"
    return f"{commit} has already run as {rollout.id} ({rollout.state}): nothing runs twice"


def _without_files(change: Change) -> Change:
    # The delivery's event keeps the names; one copy in the trail is enough.
    return change.model_copy(update={"files": ()})
