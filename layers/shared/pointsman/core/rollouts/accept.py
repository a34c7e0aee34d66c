"""A delivery becomes a new rollout, or repeats one that is stored and must not run twice.

`engine.py` chooses by whether a rollout of the same id is stored: repository, route, commit and mode make the id.
"""

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
from pointsman.core.rollouts.reconcile import is_stopped, latest
from pointsman.core.rollouts.transitions import cancelled_by, rollout_started
from pointsman.core.trail.events import DeliveryDecided, RolloutRepeated

PUSHES_KEPT = 50


def delivery_decided(delivery: Delivery) -> DeliveryDecided:
    """The trail's event of a delivery, whether a route matched or not."""
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
    """Start a new rollout."""
    rollout = Rollout(
        id=spec.rollout,
        change=_without_files(
            delivery.change
        ),  # a DynamoDB item is limited to 400 KB, and a rollout has up to 1,000 targets
        spec=spec,
        delivery=delivery.id,
        last_message_id=message_id,
        pushes=(delivery.push,),
        created_at=delivery.ordering_time,
    )
    return Transition(rollout=rollout, events=(rollout_started(rollout, now),))


@dataclass(frozen=True)
class _Repetition:
    """What is left to do of a repeated rollout, by target."""

    is_another_push: bool
    refused: list[TargetName]  # never ran: retried
    outdated: list[TargetName]  # never ran, and a newer commit ran there since: not retried
    pushed_back: list[TargetName]  # a newer commit ran or waited there, and now this commit was pushed again
    new: list[Target]  # added to the route since

    @property
    def names(self) -> list[TargetName]:
        return [*self.refused, *self.pushed_back, *(target.name for target in self.new)]


def repeat(
    delivery: Delivery,
    message_id: str,
    spec: RolloutSpec,
    rollout: Rollout,
    runs: tuple[Run, ...],
    queues: Mapping[str, TargetQueue],
    now: datetime,
) -> Transition:
    """Repeat a rollout: retry what never ran; never repeat what ran. A cancelled rollout stays cancelled.

    Three things run. A refused run is retried, unless a newer commit of its route ran on the target since. A target
    that was added to the route gets its first run. And a push that moves the ref back to this commit is another push:
    it runs again where a newer commit ran, and it supersedes everything that was pushed in between, even what has not
    arrived yet. It also voids a cancellation: the commit runs where it was cancelled.
    """
    repetition = _repetition(delivery, spec, rollout, runs, queues)
    event = RolloutRepeated(
        at=now,
        actor=delivery.change.actor,
        repository=delivery.change.repository,
        commit=delivery.change.after,
        route=rollout.spec.route,
        rollout=rollout.id,
        delivery=delivery.id,
        message_id=message_id,
        reason=_reason(rollout, repetition),
        retried=tuple(repetition.names),
    )
    # A check changes no host, so a push with nothing left to check changes nothing.
    is_requested_again = repetition.is_another_push and (spec.mode is Mode.APPLY or not rollout.state.ended)
    opens = bool(repetition.names) or is_requested_again
    opened = _reopen(delivery, message_id, spec, rollout, runs, repetition) if opens else None
    return Transition(rollout=opened, events=(event,))


def _repetition(
    delivery: Delivery, spec: RolloutSpec, rollout: Rollout, runs: tuple[Run, ...], queues: Mapping[str, TargetQueue]
) -> _Repetition:
    newest = latest(runs)
    is_another_push = _is_another_push(delivery, rollout)
    outdated = {name for name, run in newest.items() if target_queue.is_outdated(rollout, run, queues[run.queue])}
    is_cancelled = rollout.cancellation is not None and not is_another_push
    refused = [
        name
        for name, run in newest.items()
        if run.state is RunState.REFUSED and not is_cancelled and not is_requested(rollout, run)
    ]
    present = {*newest, *(target.name for target in rollout.spec.targets)}
    wanted = {target.name for target in spec.targets}
    cancelled = {name for name, run in newest.items() if run.state is RunState.CANCELLED or is_stopped(run)}
    superseded = {name for name, run in newest.items() if run.state is RunState.SUPERSEDED}
    to_rerun = wanted & (outdated | superseded | cancelled) if is_another_push else set()
    pushed_back = [
        name for name, run in newest.items() if name in to_rerun and run.state.ended and not is_requested(rollout, run)
    ]
    return _Repetition(
        is_another_push=is_another_push,
        refused=[name for name in refused if name not in outdated and name not in pushed_back],
        outdated=[name for name in refused if name in outdated and not is_another_push],
        pushed_back=pushed_back,
        new=[] if is_cancelled else [target for target in spec.targets if target.name not in present],
    )


def _is_another_push(delivery: Delivery, rollout: Rollout) -> bool:
    """Whether the commit was pushed again since, and after a cancellation: a late delivery does not void one."""
    is_newer = delivery.push not in rollout.pushes and delivery.ordering_time > rollout.ordering_time
    return is_newer and not (rollout.cancellation and delivery.ordering_time <= rollout.cancellation.at)


def is_requested(rollout: Rollout, run: Run) -> bool:
    """Whether the next attempt was requested, and is not in its queue yet."""
    return rollout.attempts.get(run.target.name, 1) > run.attempt


def _reopen(
    delivery: Delivery,
    message_id: str,
    spec: RolloutSpec,
    rollout: Rollout,
    runs: tuple[Run, ...],
    repetition: _Repetition,
) -> Rollout:
    newest = latest(runs)
    retried = {name: newest[name].attempt + 1 for name in (*repetition.refused, *repetition.pushed_back)}
    opened = rollout.replace(
        state=RolloutState.OPEN,
        ended_at=None,
        last_message_id=message_id,
        cancellation=None,
        round=rollout.round + 1 if rollout.state.ended else rollout.round,
        attempts=rollout.attempts | retried,
        attempt_hosts={}
        if repetition.is_another_push
        else {name: hosts for name, hosts in rollout.attempt_hosts.items() if name not in retried},
        spec=rollout.spec.replace(targets=_targets(spec, rollout, newest, repetition)),
    )
    if not repetition.is_another_push:
        return opened
    return opened.replace(
        pushes=(*rollout.pushes, delivery.push)[-PUSHES_KEPT:],
        ordering_time=delivery.ordering_time,
        delivery=delivery.id,
    )


def _targets(
    spec: RolloutSpec, rollout: Rollout, newest: Mapping[TargetName, Run], repetition: _Repetition
) -> tuple[Target, ...]:
    """The rollout's targets and those added to the route. Another push does not run on targets that left the route."""
    present = {target.name for target in rollout.spec.targets}
    wanted = {target.name for target in spec.targets}
    removed: set[TargetName] = set()
    if repetition.is_another_push:
        removed = {name for name, run in newest.items() if name not in wanted and run.state.ended}
    kept = (target for target in rollout.spec.targets if target.name not in removed)
    return (*kept, *(target for target in spec.targets if target.name not in present))


def _reason(rollout: Rollout, repetition: _Repetition) -> str:
    commit = f"commit {rollout.change.after[:7]}"
    refused, pushed_back = ", ".join(repetition.refused), ", ".join(repetition.pushed_back)
    outdated, new = ", ".join(repetition.outdated), ", ".join(target.name for target in repetition.new)
    earlier = "it was cancelled" if rollout.cancellation else "a newer one"
    parts = [
        refused and f"{commit} was refused on {refused} and is retried there",
        pushed_back and f"{commit} was pushed again after {earlier} and runs again on {pushed_back}",
        new and f"{commit} runs on {new}, which the route did not have before",
        outdated and f"{commit} was refused on {outdated} and is not retried: a newer one ran there since",
    ]
    if reason := "; ".join(part for part in parts if part):
        return f"{reason}; nothing runs twice"
    if repetition.is_another_push:
        return f"{commit} was pushed again; it is running or ran last, and it supersedes what was pushed in between"
    if rollout.cancellation:
        return f"{commit} was {cancelled_by(rollout.cancellation)}; retry the rollout, or push again"
    if not rollout.state.ended:
        return f"{commit} is already in progress as {rollout.id}: nothing runs twice"
    return f"{commit} has already run as {rollout.id} ({rollout.state}): nothing runs twice"


def _without_files(change: Change) -> Change:
    # The names are in the event of the delivery.
    return change.replace(files=())
