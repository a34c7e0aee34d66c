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

from pointsman.core import lane as queue
from pointsman.core.model import Lane, Mode, Rollout, RolloutState, Run, RunKey, RunState, Target
from pointsman.core.ports import BuildMissing, BuildReport, Transition
from pointsman.core.transitions import about, about_rollout, end, missed, started
from pointsman.events import RolloutEnded, RunWaited

# No run outlives these bounds, whatever is lost. A build may queue for 8 hours and run for 36.
# https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html
LONGEST_DELAY = timedelta(hours=8)  # of a start that is put off, when it is certain that there is no build
LONGEST_BUILD = timedelta(hours=45)
# BatchGetBuilds may leave out a build that is there. Gone is what was left out so often, for so long.
MISSING_TIMES = 5
MISSING_FOR = timedelta(minutes=15)


class Claim(Transition):
    """A run takes its lane. Who wrote this is the first to call StartBuild for it, and nobody else is."""


@dataclass(frozen=True)
class StartBuild:
    """Ask CodeBuild for the build of `run`."""

    run: Run


type Step = Transition | StartBuild
type Reports = Mapping[RunKey, BuildReport | BuildMissing]


def decide(
    rollout: Rollout, runs: Iterable[Run], lanes: Mapping[str, Lane], reports: Reports, now: datetime
) -> tuple[Step, ...]:
    """The steps that bring `rollout` forward; none when all that is left is to wait.

    `reports` holds what CodeBuild said of runs by (target, attempt). Each step touches one target alone.
    """
    if rollout.state.ended:
        return ()
    newest = latest(runs)
    steps = tuple(
        step
        for target in rollout.order.targets
        if (
            step := _step(
                rollout, target, newest.get(target.name), lanes[rollout.order.lane_of(target.name)], reports, now
            )
        )
    )
    return steps or _end_of_rollout(rollout, list(newest.values()), now)


def latest(runs: Iterable[Run]) -> dict[str, Run]:
    """The newest attempt on each target."""
    newest: dict[str, Run] = {}
    for run in runs:
        if run.target.name not in newest or newest[run.target.name].attempt < run.attempt:
            newest[run.target.name] = run
    return newest


def _step(
    rollout: Rollout, target: Target, run: Run | None, lane: Lane, reports: Reports, now: datetime
) -> Step | None:
    attempt = rollout.attempts.get(target.name, 1)
    if run is None or run.attempt < attempt:
        return _enter(rollout, _new_run(rollout, target, attempt), lane, now)
    if run.ordering_time < rollout.ordering_time and (step := _pushed_again(rollout, run, lane, now)):
        return step
    report = _believed(reports.get(run.key), target)
    match run.state:
        case RunState.WAITING:
            return _advance(rollout, run, lane, now)
        case RunState.STARTING:
            return _begin(rollout, run, lane, report, now)
        case RunState.RUNNING:
            return _watch(rollout, run, lane, report, now)
        case _:
            return None


def _new_run(rollout: Rollout, target: Target, attempt: int) -> Run:
    return Run(
        rollout=rollout.id,
        route=rollout.order.route,
        line=rollout.order.line,
        mode=rollout.order.mode,
        target=target,
        attempt=attempt,
        created_at=rollout.ordering_time,
    )


def _pushed_again(rollout: Rollout, run: Run, lane: Lane, now: datetime) -> Transition | None:
    """The commit of `run` was pushed once more since: what the commits pushed between have to do with it.

    What waits takes the place of its newer push. What runs, or ran last, is what was asked for: nothing older may
    follow it. What never ran, or was followed by another commit, runs again.
    """
    again = run.model_copy(update={"ordering_time": rollout.ordering_time})
    if run.state is RunState.WAITING:
        moved = queue.without(lane, run.place)
        return Transition(runs=(again,), lanes=(moved.model_copy(update={"waiting": (*moved.waiting, again.place)}),))
    never_ran = run.state in (RunState.SUPERSEDED, RunState.REFUSED)
    if run.state.ended and (never_ran or queue.overtaken(rollout, run, lane)):
        return _enter(rollout, _new_run(rollout, run.target, run.attempt + 1), lane, now)
    if rollout.order.mode is Mode.CHECK:
        return None  # what was checked stays checked
    kept = queue.applied(rollout, again, lane, now)
    if queue.holds(run, lane):
        kept = kept.model_copy(update={"holder": again.place})
    return Transition(runs=(again,), lanes=(kept,))


def _begin(rollout: Rollout, run: Run, lane: Lane, report: BuildReport | BuildMissing | None, now: datetime) -> Step:
    if isinstance(report, BuildReport) and not report.started_outside:
        return started(rollout, run, report, now)
    if run.asked_at is None and _older(run.claimed_at, LONGEST_DELAY, now):
        reason = f"no build could be started within 8 hours: {run.reason or 'nobody tried'}"
        return end(rollout, run, lane, RunState.REFUSED, reason, now)
    if _older(run.asked_at, LONGEST_BUILD, now):
        reason = f"for 45 hours nobody could tell whether there is a build: {run.reason or 'no answer'}"
        return end(rollout, run, lane, RunState.FAULTED, reason, now)
    return StartBuild(run)


def _watch(
    rollout: Rollout, run: Run, lane: Lane, report: BuildReport | BuildMissing | None, now: datetime
) -> Transition | None:
    if report and report.arn == run.build_arn:
        if isinstance(report, BuildMissing):
            return _miss(rollout, run, lane, report, now)
        if report.state.ended:
            known = run.model_copy(update={"log_url": report.log_url or run.log_url})
            return end(rollout, known, lane, report.state, report.reason, now, report.ended_at)
        if run.missing:
            return Transition(runs=(run.model_copy(update={"missing": None}),))
    if _older(run.started_at, LONGEST_BUILD, now):
        return end(rollout, run, lane, RunState.FAULTED, "no word of this build for 45 hours", now)
    return None


def _miss(rollout: Rollout, run: Run, lane: Lane, report: BuildMissing, now: datetime) -> Transition | None:
    missing = run.missing
    if missing and missing.last >= report.at:
        gone = missing.times >= MISSING_TIMES and missing.last - missing.since >= MISSING_FOR
        reason = "CodeBuild no longer knows this build"
        return end(rollout, run, lane, RunState.FAULTED, reason, now) if gone else None
    return missed(run, report.at)


def _believed(report: BuildReport | BuildMissing | None, target: Target) -> BuildReport | BuildMissing | None:
    """`report`, unless the build that it tells of is not in the target's account and region."""
    return report if report and target.has_build(report.arn) else None


def _enter(rollout: Rollout, run: Run, lane: Lane, now: datetime) -> Transition:
    """Take the lane when it is free, else the place at its end; unless a newer commit has been there."""
    if reason := queue.newer(rollout, run, lane):
        return end(rollout, run, lane, RunState.SUPERSEDED, reason, now)
    if lane.holder is None and not lane.waiting:
        return _claim(rollout, run, lane, now)
    ahead = lane.holder or lane.waiting[0]
    is_new = run.version == 0  # a run that lost its place waits again, but was told of once
    waits = RunWaited(**about(rollout, run, now), behind=ahead.rollout)
    return Transition(
        runs=(run.model_copy(update={"behind": ahead.rollout}),),
        lanes=(lane.model_copy(update={"waiting": (*lane.waiting, run.place)}),),
        events=(waits,) if is_new else (),
    )


def _advance(rollout: Rollout, run: Run, lane: Lane, now: datetime) -> Transition | None:
    if reason := queue.newer(rollout, run, lane):
        return end(rollout, run, lane, RunState.SUPERSEDED, reason, now)
    if queue.is_next(run, lane):
        return _claim(rollout, run, lane, now)
    if not queue.waits(run, lane) and not queue.holds(run, lane):
        return _enter(rollout, run, lane, now)
    return None


def _claim(rollout: Rollout, run: Run, lane: Lane, now: datetime) -> Claim:
    """Take the lane. Who writes this calls StartBuild next, so that from here on a build may exist."""
    return Claim(
        runs=(run.model_copy(update={"state": RunState.STARTING, "claimed_at": now, "asked_at": now}),),
        lanes=(queue.claimed(rollout, run, lane, now),),
    )


def _older(moment: datetime | None, age: timedelta, now: datetime) -> bool:
    return moment is not None and now - moment > age


def _end_of_rollout(rollout: Rollout, runs: list[Run], now: datetime) -> tuple[Transition, ...]:
    if not all(run.state.ended for run in runs):
        return ()
    state, reason = verdict(runs)
    event = RolloutEnded(**about_rollout(rollout, now), state=state, reason=reason, round=rollout.round)
    return (Transition(rollout=rollout.model_copy(update={"state": state, "ended_at": now}), events=(event,)),)


def verdict(runs: list[Run]) -> tuple[RolloutState, str]:
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
