"""A rollout and its runs in words, for the terminal and the console."""

from collections.abc import Iterator

from pointsman.core.identity import principal_name
from pointsman.core.model import Rollout, Run, RunState
from pointsman.core.rollouts.ending import ending_of
from pointsman.core.rollouts.rollback_plan import rollout_of_part
from pointsman.core.text import format_duration, join_first
from pointsmanctl.output.run_ends import Ends, why_run_ended
from pointsmanctl.output.times import at_minute


def people_of(rollout: Rollout) -> str:
    """Return who wrote the change, and who asked for the rollout."""
    author = f"by {rollout.change.author}, " if rollout.change.author else ""
    if request := rollout.request:
        reason = f": {request.reason}" if request.reason else ""
        return f"{author}requested by {principal_name(request.actor)}{reason}"
    return f"{author}{'requested' if rollout.change.pull_request else 'pushed'} by {rollout.change.actor}"


def decisions_of(rollout: Rollout) -> Iterator[str]:
    """Yield what people or Pointsman decided about the rollout."""
    ending = ending_of(rollout)
    if ending and rollout.halt and not (rollout.rollback or rollout.cancellation):
        yield f"{ending.reason}, {at_minute(rollout.halt.at)}"
    elif ending:
        yield f"{'was' if rollout.state.ended else 'is being'} {ending.reason}"
    if rollback := rollout.rollback:
        for part in rollback.parts:
            where = join_first(part.targets)
            yield f"  {where}: back to {part.commit[:7]} by {rollout_of_part(rollout, rollback.id, part)}"
    if override := rollout.freeze_override:
        yield f"may run in a freeze, says {principal_name(override.caller)}: {override.reason}"
    if rollout.gate and (approval := rollout.gate.approval):
        yield f"wave {rollout.waves_started} was approved by {approval.login}, {at_minute(approval.at)}"


def took(run: Run) -> str:
    """Return how long the build of a run took; empty if there is none or it goes on."""
    if run.started_at is None or run.ended_at is None:
        return ""
    return format_duration((run.ended_at - run.started_at).total_seconds())


def why_of(run: Run, ends: Ends) -> str:
    """Return why a run is in its state; empty if there is nothing to say."""
    if run.stop_requested_at and not run.state.ended:
        return f"is being stopped since {at_minute(run.stop_requested_at)}"
    waits = run.state is RunState.WAITING and run.blocked_by
    return f"waits behind {run.blocked_by}" if waits else why_run_ended(run, ends)
