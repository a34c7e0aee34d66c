"""Why nothing of a rollout starts any more, and what becomes of its runs that have no build."""

from dataclasses import dataclass

from pointsman.core.identity import principal_name
from pointsman.core.model import Rollout, Run, RunState
from pointsman.core.rollout_facts import HaltKind


@dataclass(frozen=True)
class Ending:
    """What a cancellation or a halt means for the rollout's runs."""

    state: RunState  # of runs that have no build
    reason: str
    stops_builds: bool
    stops_in_freeze: bool = True  # or while the newer commit is held


def ending_of(rollout: Rollout) -> Ending | None:
    """The ending of a rollout whose runs may not start; None if they may."""
    if rollout.rollback:
        return Ending(RunState.CANCELLED, rollout.rollback.reason, stops_builds=True)
    if cancellation := rollout.cancellation:
        reason = f": {cancellation.reason}" if cancellation.reason else ""
        by = f"cancelled by {principal_name(cancellation.caller)}{reason}"
        return Ending(RunState.CANCELLED, by, stops_builds=True)
    if halt := rollout.halt:
        if halt.kind is HaltKind.SUPERSEDED:
            # The newer commit cannot start in a freeze or a hold: a build that it stops would leave its work half done.
            return Ending(RunState.SUPERSEDED, halt.reason, halt.stops_builds, stops_in_freeze=False)
        return Ending(RunState.SKIPPED, f"the rollout halted: {halt.reason}", halt.stops_builds)
    return None


def may_have_reached(run: Run) -> bool:
    """Whether a run has a build, or may have one that CodeBuild has not named."""
    return bool(run.build_arn or run.start_requested_at) or run.state is RunState.FAULTED


def is_stopped(run: Run) -> bool:
    """Whether the build of `run` was stopped because a person cancelled the rollout, or a newer commit did."""
    return run.state is RunState.STOPPED and run.stop_requested_at is not None


def never_ran(run: Run) -> bool:
    """Whether a run that has ended had no build, or its build was stopped on purpose."""
    without_build = (RunState.SUPERSEDED, RunState.REFUSED, RunState.CANCELLED, RunState.SKIPPED)
    return run.state in without_build or is_stopped(run)
