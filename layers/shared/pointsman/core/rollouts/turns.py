"""Turns: the order of the targets in a wave with `max_parallel`, so that the end of a build need not read all of them.

Who has read the whole rollout lists the turns. Then each end of a build hands its place in the wave over to the next
turn. The end and the beginning are one transaction, so there never are more than `max_parallel`. A turn is only a hint:
what runs is in the runs, and who begins one that has begun already loses a race.
"""

from dataclasses import dataclass
from datetime import datetime

from pointsman.core.model import Rollout, Run, Target, TargetName
from pointsman.core.ports import Surroundings, Transition, Turn
from pointsman.core.rollout_plan import OnFailure
from pointsman.core.rollouts.queue_steps import enter, new_run
from pointsman.core.rollouts.situation import Facts, Situation, is_backing_off, is_unavailable, wave_of
from pointsman.core.rollouts.waits import freeze_of, wait_before
from pointsman.core.rollouts.waves import places_taken, targets_of_wave


@dataclass(frozen=True)
class ListTurns:
    """Store the turns of a rollout in place of others, and then that they are all there. None: there is no list."""

    turns: tuple[Turn, ...] | None


def turn_step(situation: Situation) -> ListTurns | Transition | None:
    """List the turns of the newest wave, as soon as its places are taken as they should be."""
    rollout, index = situation.rollout, situation.rollout.waves_started - 1
    is_listed = rollout.turns_listed is not None
    most = rollout.waves[index].max_parallel if index >= 0 else None
    if situation.ending or most is None:
        return ListTurns(None) if is_listed else None
    targets = targets_of_wave(rollout, index)
    taken = places_taken(situation, targets)
    if taken > most or any(_comes_first(situation, target) for target in targets):
        return Transition(rollout=rollout.replace(turns_listed=None)) if is_listed else None
    if is_listed or not taken:
        return None
    in_wave = {target.name for target in targets}
    return ListTurns(
        tuple(
            Turn(
                rollout=rollout.id,
                number=rollout.version,
                position=position,
                target=target,
                attempt=situation.wanted_attempt(target),
            )
            for position, target in enumerate(rollout.spec.targets)
            if target.name in in_wave and situation.is_wanted(target)
        )
    )


def _comes_first(situation: Situation, target: Target) -> bool:
    """Whether a target that had its turn comes before the next: its freeze is over, or its region may be up again."""
    run, now = situation.run(target), situation.now
    may_be_up = run is not None and is_unavailable(run, now) and not is_backing_off(run, now)
    return not wait_before(situation, target) and (may_be_up or situation.is_outside(target))


def taking_turn(rollout: Rollout, step: Transition, position: int) -> Transition:
    """A step that begins a run on the target at `position`, out of turn."""
    if rollout.turns_listed is None or all(run.version for run in step.runs):
        return step
    turn = Turn(rollout=rollout.id, number=rollout.turns_listed, position=position, target=step.runs[-1].target)
    return step.replace(turns_taken=(turn,))


def hands_over(rollout: Rollout, run: Run) -> bool:
    """Whether `run`, which has ended, leaves its place to the next turn."""
    if rollout.turns_listed is None or is_judged(rollout, run) or run.ordering_time < rollout.ordering_time:
        return False
    return wave_of(rollout, run.target) == rollout.waves_started - 1


def is_judged(rollout: Rollout, run: Run) -> bool:
    """Whether the end of `run` may halt the rollout."""
    goes_on = rollout.spec.plan is not None and rollout.spec.plan.on_failure is OnFailure.CONTINUE
    return run.state.failed and not goes_on


def is_stale(rollout: Rollout, turn: Turn) -> bool:
    """Whether a turn is not of the list that counts, or another attempt was asked for since."""
    return turn.number != rollout.turns_listed or rollout.attempts.get(turn.target.name, 1) > turn.attempt


def is_paused(situation: Situation) -> bool:
    """Whether no turn at all may begin now: the rollout is held, or everything is frozen."""
    rollout = situation.rollout
    anywhere = rollout.spec.targets[0].replace(name=TargetName(""))
    override, freezes = rollout.freeze_override, situation.surroundings.freezes
    frozen = freeze_of(rollout.spec, anywhere, freezes, situation.now, override=override)
    return rollout.hold is not None or frozen is not None


def handed_over(situation: Situation, ended: Transition, turn: Turn) -> Transition | None:
    """The end of a run with the beginning of the next; None if that one cannot simply begin."""
    run = new_run(situation, turn.target, turn.attempt)
    if run.queue in {queue.name for queue in ended.queues}:
        return None
    step = enter(situation, run)
    if step is None or any(each.state.ended for each in step.runs):
        return None
    return step.replace(
        runs=(*ended.runs, *step.runs),
        queues=(*ended.queues, *step.queues),
        events=(*ended.events, *step.events),
        turns_taken=(turn,),
    )


def situation_of_turn(rollout: Rollout, turn: Turn, around: Surroundings, now: datetime) -> Situation:
    """What a decision about a turn takes into account."""
    of_target = rollout.replace(spec=rollout.spec.replace(targets=(turn.target,)))
    return Situation(of_target, {}, around, {}, Facts(), now)
