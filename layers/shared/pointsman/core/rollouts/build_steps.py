"""The steps of a run that has a build, or may have one: start it, follow it, stop it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pointsman.core.codebuild import LONGEST_BUILD
from pointsman.core.model import Run, RunState
from pointsman.core.ports import BuildMissing, BuildReport, Transition
from pointsman.core.rollouts.releases import release
from pointsman.core.rollouts.situation import Situation, is_backing_off, is_unavailable
from pointsman.core.rollouts.starter import CALL_MAY_LAST, TOKEN_TRUSTED_FOR
from pointsman.core.rollouts.transitions import end, missed, started
from pointsman.core.rollouts.waits import wait_before
from pointsman.core.rollouts.waves import has_room

# Every run ends within this bound and LONGEST_BUILD, whatever fails.
LONGEST_DELAY = timedelta(hours=8)  # of a delayed start, if there certainly is no build
# BatchGetBuilds may leave out builds that exist. A build is gone if it was left out this often, for this long.
MISSING_TIMES = 5
MISSING_FOR = timedelta(minutes=15)
STOP_AGAIN_AFTER = timedelta(minutes=4)  # if CodeBuild has not reported the end of a build that it was asked to stop


@dataclass(frozen=True)
class StartBuild:
    """Start the build of `run`. Of a rollout that ends: find the build that may exist."""

    run: Run


@dataclass(frozen=True)
class StopBuild:
    """Stop the build of `run`."""

    run: Run


def begin(situation: Situation, run: Run) -> Transition | StartBuild | None:
    """Start the build of a run that holds its target, unless that has failed for too long."""
    rollout, queue, now = situation.rollout, situation.queue(run.target), situation.now
    report = _report(situation, run)
    if isinstance(report, BuildReport) and not report.started_outside:
        return started(rollout, run, report, now)
    if run.start_requested_at is None and _older(run.acquired_at, LONGEST_DELAY, now):
        reason = f"no build could be started within 8 hours: {run.reason or 'StartBuild was not called'}"
        return end(rollout, run, queue, RunState.REFUSED, reason, now)
    if _older(run.start_requested_at, LONGEST_BUILD, now):
        reason = f"it stayed unknown for 45 hours whether there is a build: {run.reason or 'no answer'}"
        return end(rollout, run, queue, RunState.FAULTED, reason, now)
    may_be_searched = _may_be_searched(run, now)
    is_paused = is_backing_off(run, now) and not situation.ending  # what ends must not wait for long
    if wait := wait_before(situation, run.target):
        if run.start_requested_at is None:
            return release(rollout, run, queue, wait.reason, now)
        return StartBuild(run) if may_be_searched and not is_paused else None
    if is_paused:
        return None
    if is_unavailable(run, now) and not has_room(situation, run.target) and not may_be_searched:
        return None  # others of the wave took its place
    return StartBuild(run)


def was_given_up(run: Run) -> bool:
    """Whether a run was refused because its region had started no build for too long."""
    held = run.ended_at - run.acquired_at if run.ended_at and run.acquired_at else timedelta()
    return run.state is RunState.REFUSED and held > LONGEST_DELAY


def _may_be_searched(run: Run, now: datetime) -> bool:
    """Whether a build may exist, and no call that could still make one is in progress."""
    return _older(run.start_requested_at, TOKEN_TRUSTED_FOR + CALL_MAY_LAST, now)


def watch(situation: Situation, run: Run) -> Transition | None:
    """Take CodeBuild's report on a build."""
    rollout, queue, now = situation.rollout, situation.queue(run.target), situation.now
    report = _report(situation, run)
    if report and report.arn == run.build_arn:
        if isinstance(report, BuildMissing):
            return _miss(situation, run, report)
        if report.state.ended:
            with_log = run.replace(log_url=report.log_url or run.log_url)
            reason = _end_reason(situation, run, report)
            return end(rollout, with_log, queue, report.state, reason, now, report)
        if run.missing:
            return Transition(runs=(run.replace(missing=None),))
    if _older(run.started_at, LONGEST_BUILD, now):
        reason = "CodeBuild did not report the end of this build within 45 hours"
        return end(rollout, run, queue, RunState.FAULTED, reason, now)
    return None


def watch_to_stop(situation: Situation, run: Run) -> Transition | StopBuild | None:
    """Take CodeBuild's report on a build that has to stop, and ask for that."""
    is_asked = run.stop_requested_at and situation.now - run.stop_requested_at < STOP_AGAIN_AFTER
    return watch(situation, run) or (None if is_asked else StopBuild(run))


def _end_reason(situation: Situation, run: Run, report: BuildReport) -> str:
    """Why a build ended. CodeBuild does not say who stopped it."""
    ending = situation.ending
    is_stopped = run.stop_requested_at is not None and report.state is RunState.STOPPED
    return ending.reason if ending and is_stopped else report.reason


def _miss(situation: Situation, run: Run, report: BuildMissing) -> Transition | None:
    missing = run.missing
    if missing and missing.last >= report.at:
        is_gone = missing.times >= MISSING_TIMES and missing.last - missing.since >= MISSING_FOR
        reason = "CodeBuild no longer has this build"
        queue = situation.queue(run.target)
        return end(situation.rollout, run, queue, RunState.FAULTED, reason, situation.now) if is_gone else None
    return missed(run, report.at)


def _report(situation: Situation, run: Run) -> BuildReport | BuildMissing | None:
    """CodeBuild's report, or None if its build is not in the target's account and region."""
    report = situation.reports.get(run.key)
    return report if report and run.target.has_build(report.arn) else None


def _older(moment: datetime | None, age: timedelta, now: datetime) -> bool:
    return moment is not None and now - moment > age
