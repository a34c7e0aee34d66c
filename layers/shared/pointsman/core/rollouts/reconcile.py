"""The next steps of a rollout: a pure function of its records, CodeBuild's reports and the time.

A run's way through its target's queue:

    (none) ──▶ WAITING ──▶ STARTING ──▶ RUNNING ──▶ succeeded, failed, stopped, timed out, faulted
                 │             └──▶ refused, cancelled, skipped
                 └──▶ superseded, cancelled, skipped

It has no memory: the same records give the same steps, and newer records give only the steps that are still missing.
So a delivery, the end of a build, a command and the sweep can all call it, in any order and more than once.
"""

from collections.abc import Iterable
from datetime import datetime

from pointsman.core.model import Rollout, Run, RunState, Target, TargetName
from pointsman.core.ports import Surroundings, Transition
from pointsman.core.rollouts.build_steps import StartBuild, StopBuild, begin, watch, watch_to_stop
from pointsman.core.rollouts.queue_steps import AcquireTarget, advance, enter, new_run, pushed_again
from pointsman.core.rollouts.releases import ReleaseTarget, ReleaseTargets, together
from pointsman.core.rollouts.rollout_steps import RolloutStep, halt_step, rollout_steps
from pointsman.core.rollouts.situation import Facts, Reports, Situation, has_started
from pointsman.core.rollouts.turns import ListTurns, taking_turn, turn_step
from pointsman.core.rollouts.waits import is_frozen
from pointsman.core.rollouts.waves import may_start

type Step = RolloutStep | StartBuild | StopBuild | ReleaseTargets | ListTurns


def next_steps(
    rollout: Rollout,
    runs: Iterable[Run],
    surroundings: Surroundings,
    reports: Reports,
    now: datetime,
    facts: Facts | None = None,
) -> tuple[Step, ...]:
    """Return the steps that bring `rollout` forward; none if it can only wait.

    `reports` has CodeBuild's reports by (target, attempt). Each step concerns one target only, or the rollout alone.
    """
    if rollout.state.ended:
        return ()
    runs = tuple(runs)
    situation = Situation(rollout, latest(runs), surroundings, reports, facts or Facts(), now, runs)
    if halt := halt_step(situation):
        return (halt,)
    starting = may_start(situation)
    of_targets: tuple[Step, ...] = tuple(
        taking_turn(rollout, step, position) if isinstance(step, Transition) else step
        for position, target in enumerate(rollout.spec.targets)
        if (step := step_of_target(situation, target, may_begin=target.name in starting))
    )
    if releases := [step for step in of_targets if isinstance(step, ReleaseTarget)]:
        # They change the rollout, so that the fence would stop what starts beside them.
        others = [step for step in of_targets if not isinstance(step, ReleaseTarget | AcquireTarget | StartBuild)]
        return (*others, together(rollout, releases))
    if any(isinstance(step, Transition) for step in of_targets):
        return of_targets
    # A region that is down is called again and again, while the rollout goes on: unless it halts.
    turns = turn_step(situation)
    if turns and situation.ending:
        return (turns,)
    return rollout_steps(situation) or ((turns,) if turns else of_targets)


def latest(runs: Iterable[Run]) -> dict[TargetName, Run]:
    """The newest attempt on each target."""
    newest: dict[TargetName, Run] = {}
    for run in runs:
        if run.target.name not in newest or newest[run.target.name].attempt < run.attempt:
            newest[run.target.name] = run
    return newest


def step_of_target(situation: Situation, target: Target, *, may_begin: bool) -> Step | None:
    """The next step of the run on one target. `may_begin`: its wave lets a run begin."""
    rollout, run = situation.rollout, situation.run(target)
    if run is None or situation.is_wanted(target):
        is_ended = situation.ending and (run is not None or not rollout.waves)
        attempt = situation.wanted_attempt(target)
        return enter(situation, new_run(situation, target, attempt)) if is_ended or may_begin else None
    if situation.ending:
        return _end(situation, run)
    is_older = run.ordering_time < rollout.ordering_time and has_started(rollout, target)
    if is_older and (step := pushed_again(situation, run)):
        return step
    match run.state:
        case RunState.WAITING:
            return advance(situation, run, may_join=may_begin)
        case RunState.STARTING:
            return begin(situation, run)
        case RunState.RUNNING:
            return watch(situation, run)
        case _:
            return None


def _end(situation: Situation, run: Run) -> Step | None:
    """End what has no build. What has one is stopped, or followed to its end."""
    match run.state:
        case RunState.WAITING:
            return enter(situation, run)
        case RunState.STARTING:
            return begin(situation, run) if run.start_requested_at else enter(situation, run)
        case RunState.RUNNING:
            return watch_to_stop(situation, run) if _is_to_stop(situation, run) else watch(situation, run)
        case _:
            return None


def _is_to_stop(situation: Situation, run: Run) -> bool:
    ending = situation.ending
    if ending is None or not ending.stops_builds:
        return False
    newest = situation.route.newest
    is_held = newest is not None and newest.is_held
    return ending.stops_in_freeze or not (is_held or is_frozen(situation, run.target))
