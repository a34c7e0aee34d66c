"""What a rollout needs next: a pure function of what is stored, what CodeBuild said and the time.

A run's way through its target's lane:

    (none) ──▶ WAITING ──▶ STARTING ──▶ RUNNING ──▶ succeeded, failed, stopped, timed out, faulted
                 │             └──▶ refused
                 └──▶ superseded

Nothing here remembers: asked again about the same records, it gives the same steps, and about records that have moved
on, only what is still missing. That is what lets a delivery, a build that ended and the sweep all do the same thing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pointsman.core.model import Mode, Rollout, RolloutState, Run, RunKey, RunState, Target, TargetName, TargetQueue
from pointsman.core.ports import BuildMissing, BuildReport, Transition
from pointsman.core.rollouts import target_queue
from pointsman.core.rollouts.transitions import about, about_rollout, end, missed, started
from pointsman.core.trail.events import RolloutEnded, RunWaited

# No run outlives these bounds, whatever is lost. A build may queue for 8 hours and run for 36.
# https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html
LONGEST_DELAY = timedelta(hours=8)  # of a start that is put off, when it is certain that there is no build
LONGEST_BUILD = timedelta(hours=45)
# BatchGetBuilds may leave out a build that is there. Gone is what was left out so often, for so long.
MISSING_TIMES = 5
MISSING_FOR = timedelta(minutes=15)


class AcquireTarget(Transition):
    """A run takes its lane. Who wrote this is the first to call StartBuild for it, and nobody else is."""


@dataclass(frozen=True)
class StartBuild:
    """Ask CodeBuild for the build of `run`."""

    run: Run


type Step = Transition | StartBuild
type Reports = Mapping[RunKey, BuildReport | BuildMissing]


def next_steps(
    rollout: Rollout, runs: Iterable[Run], queues: Mapping[str, TargetQueue], reports: Reports, now: datetime
) -> tuple[Step, ...]:
    """The steps that bring `rollout` forward; none when all that is left is to wait.

    `reports` holds what CodeBuild said of runs by (target, attempt). Each step touches one target alone.
    """
    if rollout.state.ended:
        return ()
    newest = latest(runs)
    steps = tuple(
        step
        for target in rollout.spec.targets
        if (
            step := _step(
                rollout, target, newest.get(target.name), queues[rollout.spec.queue_for(target.name)], reports, now
            )
        )
    )
    return steps or _end_of_rollout(rollout, list(newest.values()), now)


def latest(runs: Iterable[Run]) -> dict[TargetName, Run]:
    """The newest attempt on each target."""
    newest: dict[TargetName, Run] = {}
    for run in runs:
        if run.target.name not in newest or newest[run.target.name].attempt < run.attempt:
            newest[run.target.name] = run
    return newest


def _step(
    rollout: Rollout, target: Target, run: Run | None, queue: TargetQueue, reports: Reports, now: datetime
) -> Step | None:
    attempt = rollout.attempts.get(target.name, 1)
    if run is None or run.attempt < attempt:
        return _enter(rollout, _new_run(rollout, target, attempt), queue, now)
    if run.ordering_time < rollout.ordering_time and (step := _pushed_again(rollout, run, queue, now)):
        return step
    report = _from_target(reports.get(run.key), target)
    match run.state:
        case RunState.WAITING:
            return _advance(rollout, run, queue, now)
        case RunState.STARTING:
            return _begin(rollout, run, queue, report, now)
        case RunState.RUNNING:
            return _watch(rollout, run, queue, report, now)
        case _:
            return None


def _new_run(rollout: Rollout, target: Target, attempt: int) -> Run:
    return Run(
        rollout=rollout.id,
        route=rollout.spec.route,
        concurrency_group=rollout.spec.concurrency_group,
        mode=rollout.spec.mode,
        target=target,
        attempt=attempt,
        created_at=rollout.ordering_time,
    )


def _pushed_again(rollout: Rollout, run: Run, queue: TargetQueue, now: datetime) -> Transition | None:
    """The commit of `run` was pushed once more since: what the commits pushed between have to do with it.

    What waits takes the place of its newer push. What runs, or ran last, is what was asked for: nothing older may
    follow it. What never ran, or was followed by another commit, runs again.
    """
    again = run.model_copy(update={"ordering_time": rollout.ordering_time})
    if run.state is RunState.WAITING:
        moved = target_queue.without(queue, run.queue_entry)
        return Transition(
            runs=(again,), queues=(moved.model_copy(update={"waiting": (*moved.waiting, again.queue_entry)}),)
        )
    never_ran = run.state in (RunState.SUPERSEDED, RunState.REFUSED)
    if run.state.ended and (never_ran or target_queue.overtaken(rollout, run, queue)):
        return _enter(rollout, _new_run(rollout, run.target, run.attempt + 1), queue, now)
    if rollout.spec.mode is Mode.CHECK:
        return None  # what was checked stays checked
    kept = target_queue.mark_applied(rollout, again, queue, now)
    if target_queue.holds(run, queue):
        kept = kept.model_copy(update={"holder": again.queue_entry})
    return Transition(runs=(again,), queues=(kept,))


def _begin(
    rollout: Rollout, run: Run, queue: TargetQueue, report: BuildReport | BuildMissing | None, now: datetime
) -> Step:
    if isinstance(report, BuildReport) and not report.started_outside:
        return started(rollout, run, report, now)
    if run.start_requested_at is None and _older(run.acquired_at, LONGEST_DELAY, now):
        reason = f"no build could be started within 8 hours: {run.reason or 'nobody tried'}"
        return end(rollout, run, queue, RunState.REFUSED, reason, now)
    if _older(run.start_requested_at, LONGEST_BUILD, now):
        reason = f"for 45 hours nobody could tell whether there is a build: {run.reason or 'no answer'}"
        return end(rollout, run, queue, RunState.FAULTED, reason, now)
    return StartBuild(run)


def _watch(
    rollout: Rollout, run: Run, queue: TargetQueue, report: BuildReport | BuildMissing | None, now: datetime
) -> Transition | None:
    if report and report.arn == run.build_arn:
        if isinstance(report, BuildMissing):
            return _miss(rollout, run, queue, report, now)
        if report.state.ended:
            known = run.model_copy(update={"log_url": report.log_url or run.log_url})
            return end(rollout, known, queue, report.state, report.reason, now, report.ended_at)
        if run.missing:
            return Transition(runs=(run.model_copy(update={"missing": None}),))
    if _older(run.started_at, LONGEST_BUILD, now):
        return end(rollout, run, queue, RunState.FAULTED, "no word of this build for 45 hours", now)
    return None


def _miss(rollout: Rollout, run: Run, queue: TargetQueue, report: BuildMissing, now: datetime) -> Transition | None:
    missing = run.missing
    if missing and missing.last >= report.at:
        gone = missing.times >= MISSING_TIMES and missing.last - missing.since >= MISSING_FOR
        reason = "CodeBuild no longer knows this build"
        return end(rollout, run, queue, RunState.FAULTED, reason, now) if gone else None
    return missed(run, report.at)


def _from_target(report: BuildReport | BuildMissing | None, target: Target) -> BuildReport | BuildMissing | None:
    """`report`, unless the build that it tells of is not in the target's account and region."""
    return report if report and target.has_build(report.arn) else None


def _enter(rollout: Rollout, run: Run, queue: TargetQueue, now: datetime) -> Transition:
    """Take the lane when it is free, else the place at its end; unless a newer commit has been there."""
    if reason := target_queue.reason_to_yield(rollout, run, queue):
        return end(rollout, run, queue, RunState.SUPERSEDED, reason, now)
    if queue.holder is None and not queue.waiting:
        return _acquire(rollout, run, queue, now)
    ahead = queue.holder or queue.waiting[0]
    is_new = run.version == 0  # a run that lost its place waits again, but was told of once
    waits = RunWaited(**about(rollout, run, now), blocked_by=ahead.rollout)
    return Transition(
        runs=(run.model_copy(update={"blocked_by": ahead.rollout}),),
        queues=(queue.model_copy(update={"waiting": (*queue.waiting, run.queue_entry)}),),
        events=(waits,) if is_new else (),
    )


def _advance(rollout: Rollout, run: Run, queue: TargetQueue, now: datetime) -> Transition | None:
    if reason := target_queue.reason_to_yield(rollout, run, queue):
        return end(rollout, run, queue, RunState.SUPERSEDED, reason, now)
    if target_queue.is_next(run, queue):
        return _acquire(rollout, run, queue, now)
    if not target_queue.waits(run, queue) and not target_queue.holds(run, queue):
        return _enter(rollout, run, queue, now)
    return None


def _acquire(rollout: Rollout, run: Run, queue: TargetQueue, now: datetime) -> AcquireTarget:
    """Take the lane. Who writes this calls StartBuild next, so that from here on a build may exist."""
    return AcquireTarget(
        runs=(run.model_copy(update={"state": RunState.STARTING, "acquired_at": now, "start_requested_at": now}),),
        queues=(target_queue.acquire(rollout, run, queue, now),),
    )


def _older(moment: datetime | None, age: timedelta, now: datetime) -> bool:
    return moment is not None and now - moment > age


def _end_of_rollout(rollout: Rollout, runs: list[Run], now: datetime) -> tuple[Transition, ...]:
    if not all(run.state.ended for run in runs):
        return ()
    state, reason = rollout_result(runs)
    event = RolloutEnded(**about_rollout(rollout, now), state=state, reason=reason, round=rollout.round)
    return (Transition(rollout=rollout.model_copy(update={"state": state, "ended_at": now}), events=(event,)),)


def rollout_result(runs: list[Run]) -> tuple[RolloutState, str]:
    """What became of a rollout whose runs have all ended, with the count that tells why."""
    succeeded = sum(run.state is RunState.SUCCEEDED for run in runs)
    superseded = sum(run.state is RunState.SUPERSEDED for run in runs)
    others = len(runs) - succeeded - superseded
    counts = f"{succeeded} of {len(runs)} targets succeeded"
    if others:
        return RolloutState.FAILED, f"{counts}, {others} did not" + (f", {superseded} superseded" if superseded else "")
    if superseded:
        return RolloutState.SUPERSEDED, f"{counts}, {superseded} superseded by a newer commit"
    return RolloutState.SUCCEEDED, counts
