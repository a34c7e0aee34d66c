"""A delivery becomes a new rollout, or repeats one that is stored and must not run twice.

`engine.py` chooses by whether a rollout of the same id is stored: repository, route, commit and mode make the id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pointsman.core.change import Change
from pointsman.core.delivery import Delivery
from pointsman.core.model import (
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
from pointsman.core.rollout_facts import Halt, HaltKind
from pointsman.core.rollouts import overtaking, route_line, target_queue
from pointsman.core.rollouts.ending import ending_of, never_ran
from pointsman.core.rollouts.pushers import pushed_again, with_people
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.rollouts.situation import wave_of
from pointsman.core.rollouts.transitions import rollout_started
from pointsman.core.route_state import RouteState
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


def start(
    delivery: Delivery,
    message_id: str,
    spec: RolloutSpec,
    route: RouteState,
    now: datetime,
    load: overtaking.Load,
) -> Transition:
    """Start a new rollout. `route` has the others of its route, and `load` reads one that it may overtake."""
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
    if at := route_line.bad_since(route, rollout):  # it never runs, so it supersedes nothing
        reason = f"commit {rollout.change.after[:7]} was rolled back: push a new commit, or use `pointsman run`"
        halted = rollout.replace(halt=Halt(kind=HaltKind.REJECTED, reason=reason, at=at))
        return Transition(rollout=halted, events=(rollout_started(halted, now),))
    started = rollout_started(rollout, now).replace(overtakes=overtaking.overtaken_by(route, rollout, load))
    return Transition(
        rollout=rollout,
        route=route_line.opened(route, rollout) if rollout.is_of_whole_route else None,
        events=(started,),
    )


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
    route: RouteState,
    now: datetime,
) -> Transition:
    """Repeat a rollout: retry what never ran; never repeat what ran. What was cancelled or halted stays so.

    Three things run. A refused run is retried, unless a newer commit of its route ran on the target since. A target
    that was added to the route gets its first run. And a push that moves the ref back to this commit is another push:
    it runs again where a newer commit ran, and it supersedes everything that was pushed in between, even what has not
    arrived yet. It also voids a cancellation: the commit runs where it was cancelled.
    """
    is_bad = route_line.bad_since(route, rollout) is not None
    is_final = _is_final(rollout) or is_bad
    repetition = _repetition(delivery, spec, rollout, runs, queues, is_final=is_final)
    event = RolloutRepeated(
        at=now,
        actor=delivery.change.actor,
        repository=delivery.change.repository,
        commit=delivery.change.after,
        route=rollout.spec.route,
        rollout=rollout.id,
        delivery=delivery.id,
        message_id=message_id,
        reason=_reason(rollout, repetition, is_bad=is_bad),
        retried=tuple(repetition.names),
    )
    # A check changes no host, so a push with nothing left to check changes nothing.
    is_requested_again = repetition.is_another_push and (spec.mode is Mode.APPLY or not rollout.state.ended)
    opens = (bool(repetition.names) or is_requested_again) and not is_final
    opened = _reopen(delivery, message_id, spec, rollout, runs, repetition, now) if opens else None
    is_listed = opened is not None and opened.is_of_whole_route
    stored = with_people(opened or rollout, delivery)
    return Transition(
        rollout=stored if opened or stored != rollout else None,
        route=route_line.opened(route, opened) if opened and is_listed else None,
        has_new_targets=opened is not None and opened.spec.targets != rollout.spec.targets,
        events=(event,),
    )


def _repetition(
    delivery: Delivery,
    spec: RolloutSpec,
    rollout: Rollout,
    runs: tuple[Run, ...],
    queues: Mapping[str, TargetQueue],
    *,
    is_final: bool,
) -> _Repetition:
    newest = latest(runs)
    is_another_push = _is_another_push(delivery, rollout)
    outdated = {name for name, run in newest.items() if target_queue.is_outdated(rollout, run, queues[run.queue])}
    is_over = is_final or (ending_of(rollout) is not None and not is_another_push)
    present = {*newest, *(target.name for target in rollout.spec.targets)}
    wanted = {target.name for target in spec.targets}
    kept = wanted if is_another_push else present  # another push does not run on targets that left the route
    refused = [
        name
        for name, run in newest.items()
        if run.state is RunState.REFUSED and name in kept and not is_over and not is_requested(rollout, run)
    ]
    unbuilt = {name for name, run in newest.items() if run.state is not RunState.REFUSED and never_ran(run)}
    to_rerun = wanted & (outdated | unbuilt) if is_another_push and not is_final else set()
    pushed_back = [
        name for name, run in newest.items() if name in to_rerun and run.state.ended and not is_requested(rollout, run)
    ]
    return _Repetition(
        is_another_push=is_another_push,
        refused=[name for name in refused if name not in outdated and name not in pushed_back],
        outdated=[name for name in refused if name in outdated and not is_another_push],
        pushed_back=pushed_back,
        new=[] if is_over else [target for target in spec.targets if target.name not in present],
    )


def _is_final(rollout: Rollout) -> bool:
    """Whether no push starts anything of the rollout any more."""
    return rollout.rollback is not None or (rollout.halt is not None and rollout.halt.kind is not HaltKind.SUPERSEDED)


def _is_another_push(delivery: Delivery, rollout: Rollout) -> bool:
    """Whether the commit was pushed again since, and after a cancellation or halt: a late delivery voids neither."""
    is_newer = delivery.push not in rollout.pushes and delivery.ordering_time > rollout.ordering_time
    ends = [each.at for each in (rollout.cancellation, rollout.halt) if each]
    return is_newer and all(delivery.ordering_time > at for at in ends)


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
    now: datetime,
) -> Rollout:
    newest = latest(runs)
    retried = {name: newest[name].attempt + 1 for name in (*repetition.refused, *repetition.pushed_back)}
    hosts: dict[TargetName, tuple[str, ...]] = {} if repetition.is_another_push else rollout.attempt_hosts
    new_spec = _spec_of_today(spec, rollout, newest, is_another_push=repetition.is_another_push)
    is_anew = new_spec is not None and new_spec.plan != rollout.spec.plan
    keeps_gate = not retried and not repetition.new and not is_anew
    opened = reopened(rollout.replace(attempt_hosts=hosts), retried, {}, now=now, keeps_gate=keeps_gate).replace(
        last_message_id=message_id,
        spec=new_spec or rollout.spec.replace(targets=_targets(spec, rollout, newest, repetition)),
    )
    if is_anew:
        opened = opened.replace(waves_started=0, round=rollout.round + 1)
    if not repetition.is_another_push:
        return opened
    return opened.replace(
        pushes=(*rollout.pushes, delivery.push)[-PUSHES_KEPT:],
        ordering_time=delivery.ordering_time,
        delivery=delivery.id,
        change=pushed_again(opened.change, delivery.change, is_newest=True),
        waves_started=0 if rollout.state.ended else opened.waves_started,
    )


def _spec_of_today(
    spec: RolloutSpec, rollout: Rollout, newest: Mapping[TargetName, Run], *, is_another_push: bool
) -> RolloutSpec | None:
    """What the route asks for now, for a rollout that begins anew; None for one that goes on as it began.

    Gates that the route got since hold it, too. Runs without a build go on as they began: StartBuild may have been
    called for them.
    """
    is_settled = all(run.state.ended or run.state is RunState.RUNNING for run in newest.values())
    if rollout.state.ended and is_another_push:
        return spec
    if spec.plan == rollout.spec.plan or not is_settled or not (rollout.state.ended or is_another_push):
        return None
    wanted = {target.name: target for target in spec.targets}
    kept = (each.replace(wave=wanted[each.name].wave if each.name in wanted else 0) for each in rollout.spec.targets)
    present = {target.name for target in rollout.spec.targets}
    added = (target for name, target in wanted.items() if name not in present)
    targets = (*kept, *added)
    if is_another_push:  # it does not run on targets that left the route, except where a build is running
        targets = tuple(each for each in targets if each.name in wanted or not _is_ended(newest.get(each.name)))
    return rollout.spec.replace(plan=spec.plan, targets=targets)


def _is_ended(run: Run | None) -> bool:
    return run is None or run.state.ended


def reopened(
    rollout: Rollout,
    attempts: Mapping[TargetName, int],
    hosts: Mapping[TargetName, tuple[str, ...]],
    *,
    now: datetime,
    keeps_gate: bool = False,
) -> Rollout:
    """The rollout, in which these attempts are wanted, and nothing keeps them from starting. `hosts` limits some.

    Unless nothing runs again, an open gate is evaluated anew: in another round, as its evaluations are numbered.
    """
    others = {name: names for name, names in rollout.attempt_hosts.items() if name not in attempts}
    stays = rollout.gate is not None and keeps_gate
    was_at_gate = bool(rollout.waves) and not stays and (rollout.gate or rollout.cancellation)
    return rollout.replace(
        state=RolloutState.OPEN,
        ended_at=None,
        cancellation=None,
        halt=None,
        rollback=None,  # a stored one without parts, which changed nothing
        turns_listed=None,
        gate=rollout.gate if stays else None,
        wait=rollout.wait if stays else None,
        round=rollout.round + 1 if rollout.state.ended or rollout.halt or was_at_gate else rollout.round,
        attempts=rollout.attempts | dict(attempts),
        reopened_at=now,
        freeze_override=None,
        attempt_hosts=others | dict(hosts),
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
    added = (target for target in spec.targets if target.name not in present)
    return (*kept, *(target.replace(wave=wave_of(rollout, target)) for target in added))


def _reason(rollout: Rollout, repetition: _Repetition, *, is_bad: bool) -> str:
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
    if is_bad and not rollout.rollback:
        return f"{commit} was rolled back; push a new commit, or use `pointsman run`"
    if repetition.is_another_push and not _is_final(rollout):
        return f"{commit} was pushed again; it is running or ran last, and it supersedes what was pushed in between"
    if rollout.rollback:
        return f"{commit} was rolled back: {rollout.rollback.reason}; push a new commit, or use `pointsman run`"
    if ending := ending_of(rollout):
        was = "was " if rollout.cancellation else "did not finish: "
        push_again = "" if _is_final(rollout) else ", or push again"
        return f"{commit} {was}{ending.reason}; retry the rollout{push_again}"
    if not rollout.state.ended:
        return f"{commit} is already in progress as {rollout.id}: nothing runs twice"
    return f"{commit} has already run as {rollout.id} ({rollout.state}): nothing runs twice"


def _without_files(change: Change) -> Change:
    # The names are in the event of the delivery.
    return change.replace(files=())
