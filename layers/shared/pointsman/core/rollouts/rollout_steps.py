"""The steps that concern a rollout as a whole: halt, open a wave, evaluate a gate, note a wait, end."""

from dataclasses import dataclass
from datetime import datetime

from pointsman.core.model import Rollout, RolloutState, Run, RunState, Target, WhenBusy
from pointsman.core.ports import Surroundings, Transition
from pointsman.core.rollout_facts import Halt, HaltKind, OpenGate, Wait
from pointsman.core.rollout_plan import OnFailure
from pointsman.core.rollouts.gates import Evaluation, evaluate, unread_alarms
from pointsman.core.rollouts.overtaking import not_reached
from pointsman.core.rollouts.rollout_end import end_of_rollout
from pointsman.core.rollouts.route_line import newer_rollout, rolled_back_since, superseding, was_rolled_back
from pointsman.core.rollouts.situation import Facts, Situation, has_started
from pointsman.core.rollouts.transitions import about_rollout
from pointsman.core.rollouts.waits import is_behind, wait_before, wait_of
from pointsman.core.rollouts.wave_result import WaveResult, results_of_waves
from pointsman.core.rollouts.waves import is_last_wave, targets_of_wave
from pointsman.core.trail.events import TrailEvent
from pointsman.core.trail.wave_events import (
    GateEvaluated,
    GateOutcome,
    RolloutHalted,
    RolloutWaited,
    WaveStarted,
)

WITHOUT_BUILD = (RunState.WAITING, RunState.STARTING)


@dataclass(frozen=True)
class ReadAlarms:
    """Read the states of alarms, and decide again."""

    arns: tuple[str, ...]


@dataclass(frozen=True)
class ReadTallies:
    """Read how many hosts of these runs failed, and decide again."""

    runs: tuple[Run, ...]


@dataclass(frozen=True)
class PlanRollback:
    """The rollout failed, and its route wants it rolled back: find the earlier commits."""


@dataclass(frozen=True)
class RequestRollback:
    """Store the rollouts that bring the earlier commits back."""


type RolloutStep = Transition | ReadAlarms | ReadTallies | PlanRollback | RequestRollback


def halt_step(situation: Situation) -> RolloutStep | None:
    """Halt the rollout, if a wave failed, a newer commit supersedes it, or it was held for too long.

    A rollback comes first: it does not wait for the builds that are still running.
    """
    rollout, now = situation.rollout, situation.now
    if rollout.rollback and not rollout.rollback.requested:
        return RequestRollback()
    if situation.ending:
        return None
    if halt := _superseded(situation) or _rolled_back(situation):
        return _halt(situation, halt)
    if rollout.hold and now >= rollout.hold.until:
        return _halt(situation, Halt(kind=HaltKind.EXPIRED, reason="it was held for too long", at=now))
    return None if _goes_on(rollout) else _halt_by_wave(situation)


def _halt_by_wave(situation: Situation) -> RolloutStep | None:
    for number, result in results_of_waves(situation):
        if result.unread:
            return ReadTallies(result.unread)
        if result.failure:
            failed = " failed" if result.kind is HaltKind.FAILED else ""
            reason = f"wave {number}{failed}: {result.failure}"
            return _halt(situation, Halt(kind=result.kind, reason=reason, at=situation.now))
    return None


def _goes_on(rollout: Rollout) -> bool:
    return rollout.spec.plan is not None and rollout.spec.plan.on_failure is OnFailure.CONTINUE


def _superseded(situation: Situation) -> Halt | None:
    """The halt by a newer commit: what has not started never does. Waiting runs yield in their queues."""
    rollout = situation.rollout
    cancels = rollout.spec.when_busy is WhenBusy.CANCEL
    if rollout.spec.when_busy is WhenBusy.QUEUE or not (rollout.waves or cancels):
        return None
    newer = newer_rollout(situation)
    has_unstarted = any(situation.is_wanted(target) for target in rollout.spec.targets)
    is_running = any(not run.state.ended for run in situation.newest.values())
    if newer is None or not (has_unstarted or (cancels and is_running)):
        return None
    return Halt(
        kind=HaltKind.SUPERSEDED,
        reason=superseding(newer.rollout),
        at=situation.now,
        by=newer.rollout,
        stops_builds=cancels,
    )


def _rolled_back(situation: Situation) -> Halt | None:
    """The halt of a person's run whose commit was rolled back since: as far as it has no build."""
    rollout = situation.rollout
    at = rolled_back_since(situation.route, rollout)
    if at is None or not _waiting_anywhere(situation):
        return None
    reason = f"{was_rolled_back(rollout, at)}: if you want it all the same, run it again"
    return Halt(kind=HaltKind.REJECTED, reason=reason, at=situation.now)


def _waiting_anywhere(situation: Situation) -> bool:
    """Whether a target has no build yet, or not the attempt that was asked for."""
    without_build = any(run.state in WITHOUT_BUILD for run in situation.newest.values())
    return without_build or any(situation.is_wanted(target) for target in situation.rollout.spec.targets)


def _halt(situation: Situation, halt: Halt, *before: TrailEvent) -> Transition:
    rollout = situation.rollout
    event = RolloutHalted(
        **about_rollout(rollout, situation.now),
        kind=halt.kind,
        reason=halt.reason,
        wave=rollout.waves_started,
        round=rollout.round,
        not_started=tuple(map(str, not_reached(rollout, situation.runs))),
        superseded_by=halt.by,
    )
    halted = rollout.replace(halt=halt, hold=None, gate=None, wait=None)
    return Transition(rollout=halted, events=(*before, event))


def rollout_steps(situation: Situation) -> tuple[RolloutStep, ...]:
    """The next step of a rollout none of whose targets can move."""
    if situation.ending:
        return _end(situation)
    if not situation.rollout.waves:
        return (*_note(situation, wait_of(situation, _waiting(situation))), *_end(situation))[:1]
    return _wave_steps(situation)


def _wave_steps(situation: Situation) -> tuple[RolloutStep, ...]:
    rollout, started = situation.rollout, situation.rollout.waves_started
    if started == 0:
        return _next_wave(situation, None)
    targets = [target for target in rollout.spec.targets if has_started(rollout, target)]
    if not all(situation.is_settled(target) for target in targets):
        return _note(situation, wait_of(situation, _waiting(situation)))
    results = [result for _, result in results_of_waves(situation)]
    for result in results:
        if result.unread:
            return (ReadTallies(result.unread),)
        if result.wait:
            return _note(situation, result.wait)
    return _gate_steps(situation, results[-1])


def _waiting(situation: Situation) -> list[Target]:
    """The targets whose wave has started, and whose run has no build."""
    return [
        target
        for target in situation.rollout.spec.targets
        if has_started(situation.rollout, target)
        and (situation.is_wanted(target) or situation.newest[target.name].state in WITHOUT_BUILD)
    ]


def _gate_steps(situation: Situation, result: WaveResult) -> tuple[RolloutStep, ...]:
    """The gate after the newest wave, which is over."""
    rollout = situation.rollout
    gate, is_last = rollout.waves[rollout.waves_started - 1].after, is_last_wave(rollout)
    if gate and is_last:
        gate = gate.replace(approval=None)  # nothing is left that would wait for it
    if unread := unread_alarms(situation, gate):
        return (ReadAlarms(unread),)
    opened = rollout.gate or OpenGate(opened_at=situation.now)
    evaluation = evaluate(situation, gate, opened, result.inputs)
    if evaluation.outcome is GateOutcome.PASSED and not is_last:
        return _next_wave(situation, evaluation)
    if evaluation.outcome is GateOutcome.PASSED:
        return _note(situation, None) or _end(situation)
    evaluated = _evaluated(situation, opened, evaluation)
    if evaluation.outcome is GateOutcome.FAILED:
        reason = f"after wave {rollout.waves_started}: {evaluation.reason}"
        return (_halt(situation, Halt(kind=evaluation.kind, reason=reason, at=situation.now), evaluated),)
    if rollout.gate and rollout.wait == evaluation.wait:
        return ()
    noted = opened.replace(evaluations=opened.evaluations + 1)
    return (Transition(rollout=rollout.replace(gate=noted, wait=evaluation.wait), events=(evaluated,)),)


def _next_wave(situation: Situation, evaluation: Evaluation | None) -> tuple[Transition, ...]:
    """Start the next wave, unless its targets are frozen or the rollout is held."""
    rollout, index = situation.rollout, situation.rollout.waves_started
    targets = targets_of_wave(rollout, index)  # none, if they have left the route since
    is_frozen = bool(targets) and all(wait_before(situation, target) for target in targets)
    if is_frozen or rollout.hold or is_behind(situation):
        return _note(situation, wait_of(situation, targets))
    started = WaveStarted(
        **about_rollout(rollout, situation.now),
        wave=index + 1,
        waves=len(rollout.waves),
        round=rollout.round,
        targets=tuple(str(target.name) for target in targets),
    )
    events: tuple[TrailEvent, ...] = (started,)
    if evaluation:
        events = (_evaluated(situation, rollout.gate or OpenGate(opened_at=situation.now), evaluation), started)
    begun = rollout.replace(
        waves_started=index + 1, wave_started_at=situation.now, turns_listed=None, gate=None, wait=None
    )
    return (Transition(rollout=begun, events=events),)


def _end(situation: Situation) -> tuple[RolloutStep, ...]:
    """End the rollout, unless its route wants it rolled back now that nothing of it is running."""
    rollout, plan = situation.rollout, situation.rollout.spec.plan
    steps = end_of_rollout(situation)
    is_failed = any(step.rollout and step.rollout.state is RolloutState.FAILED for step in steps)
    wants_rollback = plan is not None and plan.on_failure is OnFailure.ROLLBACK and rollout.rollback is None
    return (PlanRollback(),) if wants_rollback and is_failed and _failed_by_itself(rollout) else steps


def _failed_by_itself(rollout: Rollout) -> bool:
    """Whether a rollout whose runs did not all succeed failed: no person ended it, nor did its waves tolerate that."""
    halt = rollout.halt
    return not rollout.cancellation and (halt.kind is HaltKind.FAILED if halt else not rollout.waves)


def _evaluated(situation: Situation, opened: OpenGate, evaluation: Evaluation) -> GateEvaluated:
    rollout, wait = situation.rollout, evaluation.wait
    return GateEvaluated(
        **about_rollout(rollout, situation.now),
        wave=rollout.waves_started,
        round=rollout.round,
        number=opened.evaluations + 1,
        outcome=evaluation.outcome,
        reason=evaluation.reason,
        waits_for=wait.kind if wait else None,
        until=wait.until if wait else None,
        inputs=evaluation.inputs,
    )


def _note(situation: Situation, wait: Wait | None) -> tuple[Transition, ...]:
    """Store what the rollout waits for, if that is new."""
    rollout = situation.rollout
    if rollout.wait == wait:
        return ()
    if wait is None:
        return (Transition(rollout=rollout.replace(wait=None)),)
    number = rollout.waits_recorded + 1
    about = about_rollout(rollout, situation.now)
    event = RolloutWaited(**about, kind=wait.kind, reason=wait.reason, until=wait.until, number=number)
    return (Transition(rollout=rollout.replace(wait=wait, waits_recorded=number), events=(event,)),)


def with_first_wave(start: Transition, around: Surroundings, now: datetime) -> Transition:
    """The transition that stores a new rollout, with the start of its first wave if nothing keeps that."""
    rollout = start.rollout
    if rollout is None or not rollout.waves:
        return start
    routes = around.routes if start.route is None else around.routes | {start.route.key: start.route}
    situation = Situation(rollout, {}, around.replace(routes=routes), {}, Facts(), now)
    step = None if halt_step(situation) else next(iter(_wave_steps(situation)), None)
    if not isinstance(step, Transition):
        return start
    return start.replace(rollout=step.rollout, events=(*start.events, *step.events))
