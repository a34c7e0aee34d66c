"""The next steps of a rollout: a pure function of its records, CodeBuild's reports and the time.

A run's way through its target's queue:

    (none) ──▶ WAITING ──▶ STARTING ──▶ RUNNING ──▶ succeeded, failed, stopped, timed out, faulted
                 │             └──▶ refused, cancelled
                 └──▶ superseded, cancelled

It has no memory: the same records give the same steps, and newer records give only the steps that are still missing.
So a delivery, the end of a build and the sweep can all call it, in any order and more than once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pointsman.core.codebuild import LONGEST_BUILD
from pointsman.core.model import Mode, Rollout, RolloutState, Run, RunKey, RunState, Target, TargetName, TargetQueue
from pointsman.core.ports import BuildMissing, BuildReport, Transition
from pointsman.core.rollouts import target_queue
from pointsman.core.rollouts.transitions import about, about_rollout, cancelled_by, end, missed, started
from pointsman.core.trail.events import RolloutEnded, RunWaited

# Every run ends within this bound and LONGEST_BUILD, whatever fails.
LONGEST_DELAY = timedelta(hours=8)  # of a delayed start, if there certainly is no build
# BatchGetBuilds may leave out builds that exist. A build is gone if it was left out this often, for this long.
MISSING_TIMES = 5
MISSING_FOR = timedelta(minutes=15)
STOP_AGAIN_AFTER = timedelta(minutes=4)  # if CodeBuild has not reported the end of a build that it was asked to stop


class AcquireTarget(Transition, kw_only=True, frozen=True):
    """A run acquires its target. The process that writes this is the first to call StartBuild for the run."""


@dataclass(frozen=True)
class StartBuild:
    """Start the build of `run`. Of a cancelled rollout: find the build that may exist."""

    run: Run


@dataclass(frozen=True)
class StopBuild:
    """Stop the build of `run`."""

    run: Run


type Step = Transition | StartBuild | StopBuild
type Reports = Mapping[RunKey, BuildReport | BuildMissing]


def next_steps(
    rollout: Rollout, runs: Iterable[Run], queues: Mapping[str, TargetQueue], reports: Reports, now: datetime
) -> tuple[Step, ...]:
    """Return the steps that bring `rollout` forward; none if it can only wait.

    `reports` has CodeBuild's reports by (target, attempt). Each step concerns one target only.
    """
    if rollout.state.ended:
        return ()
    newest = latest(runs)
    steps: list[Step] = []
    for target in rollout.spec.targets:
        queue = queues[rollout.spec.queue_for(target.name)]
        if step := _step(rollout, target, newest.get(target.name), queue, reports, now):
            steps.append(step)
    return tuple(steps) or _end_of_rollout(rollout, list(newest.values()), now)


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
    if rollout.cancellation:
        return _cancel(rollout, run, queue, _if_from_target(reports.get(run.key), target), now)
    if run.ordering_time < rollout.ordering_time and (step := _pushed_again(rollout, run, queue, now)):
        return step
    report = _if_from_target(reports.get(run.key), target)
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
        hosts=rollout.attempt_hosts.get(target.name, ()) if attempt == rollout.attempts.get(target.name) else (),
        created_at=rollout.ordering_time,
    )


def _pushed_again(rollout: Rollout, run: Run, queue: TargetQueue, now: datetime) -> Transition | None:
    """The commit of `run` was pushed again, perhaps after other commits.

    A waiting run moves to the position of the newer push. A run that is running, or was the last to run, is kept, and
    nothing older may run after it. A run that never ran, that was cancelled, or that another commit followed, runs
    again.
    """
    renewed = run.replace(ordering_time=rollout.ordering_time)
    if run.state is RunState.WAITING:
        others = target_queue.without(queue, run.queue_entry)
        return Transition(runs=(renewed,), queues=(others.replace(waiting=(*others.waiting, renewed.queue_entry)),))
    if run.state is RunState.RUNNING and run.stop_requested_at:
        return None  # it was cancelled, and its build is being stopped
    never_ran = run.state in (RunState.SUPERSEDED, RunState.REFUSED, RunState.CANCELLED) or is_stopped(run)
    if run.state.ended and (never_ran or target_queue.is_outdated(rollout, run, queue)):
        return _enter(rollout, _new_run(rollout, run.target, run.attempt + 1), queue, now)
    if rollout.spec.mode is Mode.CHECK:
        return None  # a check is not repeated
    marked = target_queue.mark_applied(rollout, renewed, queue, now)
    if target_queue.holds(run, queue):
        marked = marked.replace(holder=renewed.queue_entry)
    return Transition(runs=(renewed,), queues=(marked,))


def _cancel(
    rollout: Rollout, run: Run, queue: TargetQueue, report: BuildReport | BuildMissing | None, now: datetime
) -> Step | None:
    """End what has no build, and stop what has one."""
    match run.state:
        case RunState.WAITING:
            return _enter(rollout, run, queue, now)
        case RunState.STARTING if run.start_requested_at:
            return _begin(rollout, run, queue, report, now)
        case RunState.STARTING:
            return _enter(rollout, run, queue, now)
        case RunState.RUNNING:
            is_asked = run.stop_requested_at and now - run.stop_requested_at < STOP_AGAIN_AFTER
            return _watch(rollout, run, queue, report, now) or (None if is_asked else StopBuild(run))
        case _:
            return None


def _begin(
    rollout: Rollout, run: Run, queue: TargetQueue, report: BuildReport | BuildMissing | None, now: datetime
) -> Step:
    if isinstance(report, BuildReport) and not report.started_outside:
        return started(rollout, run, report, now)
    if run.start_requested_at is None and _older(run.acquired_at, LONGEST_DELAY, now):
        reason = f"no build could be started within 8 hours: {run.reason or 'StartBuild was not called'}"
        return end(rollout, run, queue, RunState.REFUSED, reason, now)
    if _older(run.start_requested_at, LONGEST_BUILD, now):
        reason = f"it stayed unknown for 45 hours whether there is a build: {run.reason or 'no answer'}"
        return end(rollout, run, queue, RunState.FAULTED, reason, now)
    return StartBuild(run)


def _watch(
    rollout: Rollout, run: Run, queue: TargetQueue, report: BuildReport | BuildMissing | None, now: datetime
) -> Transition | None:
    if report and report.arn == run.build_arn:
        if isinstance(report, BuildMissing):
            return _miss(rollout, run, queue, report, now)
        if report.state.ended:
            with_log = run.replace(log_url=report.log_url or run.log_url)
            return end(rollout, with_log, queue, report.state, _end_reason(rollout, report), now, report.ended_at)
        if run.missing:
            return Transition(runs=(run.replace(missing=None),))
    if _older(run.started_at, LONGEST_BUILD, now):
        return end(
            rollout, run, queue, RunState.FAULTED, "CodeBuild did not report the end of this build within 45 hours", now
        )
    return None


def _end_reason(rollout: Rollout, report: BuildReport) -> str:
    """Why a build ended. CodeBuild does not say who stopped it."""
    is_cancelled = rollout.cancellation and report.state is RunState.STOPPED
    return cancelled_by(rollout.cancellation) if rollout.cancellation and is_cancelled else report.reason


def _miss(rollout: Rollout, run: Run, queue: TargetQueue, report: BuildMissing, now: datetime) -> Transition | None:
    missing = run.missing
    if missing and missing.last >= report.at:
        is_gone = missing.times >= MISSING_TIMES and missing.last - missing.since >= MISSING_FOR
        reason = "CodeBuild no longer has this build"
        return end(rollout, run, queue, RunState.FAULTED, reason, now) if is_gone else None
    return missed(run, report.at)


def _if_from_target(report: BuildReport | BuildMissing | None, target: Target) -> BuildReport | BuildMissing | None:
    """`report`, or None if its build is not in the target's account and region."""
    return report if report and target.has_build(report.arn) else None


def _enter(rollout: Rollout, run: Run, queue: TargetQueue, now: datetime) -> Transition:
    """Acquire the target if it is free, else join the queue; unless the run is cancelled, or a newer commit has run."""
    if rollout.cancellation:
        return end(rollout, run, queue, RunState.CANCELLED, cancelled_by(rollout.cancellation), now)
    if reason := target_queue.reason_to_yield(rollout, run, queue):
        return end(rollout, run, queue, RunState.SUPERSEDED, reason, now)
    if queue.holder is None and not queue.waiting:
        return _acquire(rollout, run, queue, now)
    ahead = queue.holder or queue.waiting[0]
    is_new = run.version == 0  # a run that lost its entry joins again, without a second event
    event = RunWaited(**about(rollout, run, now), blocked_by=ahead.rollout)
    return Transition(
        runs=(run.replace(blocked_by=ahead.rollout),),
        queues=(queue.replace(waiting=(*queue.waiting, run.queue_entry)),),
        events=(event,) if is_new else (),
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
    """Acquire the target. The process that writes this calls StartBuild next, so from here on a build may exist."""
    return AcquireTarget(
        runs=(run.replace(state=RunState.STARTING, acquired_at=now, start_requested_at=now),),
        queues=(target_queue.acquire(rollout, run, queue, now),),
    )


def _older(moment: datetime | None, age: timedelta, now: datetime) -> bool:
    return moment is not None and now - moment > age


def _end_of_rollout(rollout: Rollout, runs: list[Run], now: datetime) -> tuple[Transition, ...]:
    if not all(run.state.ended for run in runs):
        return ()
    state, reason = rollout_result(runs)
    if rollout.cancellation and state is RolloutState.CANCELLED:
        reason = f"{cancelled_by(rollout.cancellation)}; {reason}"
    event = RolloutEnded(**about_rollout(rollout, now), state=state, reason=reason, round=rollout.round)
    return (Transition(rollout=rollout.replace(state=state, ended_at=now), events=(event,)),)


def is_stopped(run: Run) -> bool:
    """Whether the build of `run` was stopped because a person cancelled the rollout."""
    return run.state is RunState.STOPPED and run.stop_requested_at is not None


def rollout_result(runs: list[Run]) -> tuple[RolloutState, str]:
    """The result of a rollout whose runs have all ended, with the counts as its reason."""
    states = Counter(run.state for run in runs)
    succeeded, superseded = states[RunState.SUCCEEDED], states[RunState.SUPERSEDED]
    cancelled = states[RunState.CANCELLED] + sum(map(is_stopped, runs))
    failed = len(runs) - succeeded - superseded - cancelled
    counts = (
        (failed, "did not"),
        (cancelled, "cancelled"),
        (superseded, "superseded" if failed or cancelled else "superseded by a newer commit"),
    )
    parts = [
        f"{succeeded} of {len(runs)} targets succeeded",
        *(f"{number} {what}" for number, what in counts if number),
    ]
    if failed:
        state = RolloutState.FAILED
    elif cancelled:
        state = RolloutState.CANCELLED
    else:
        state = RolloutState.SUPERSEDED if superseded else RolloutState.SUCCEEDED
    return state, ", ".join(parts)
