"""A run's transitions, each with the event that tells of it."""

from datetime import datetime
from typing import Any

from pointsman.core.model import Missing, Rollout, Run, RunState, TargetQueue
from pointsman.core.ports import BuildReport, Transition
from pointsman.core.rollouts.target_queue import leave
from pointsman.core.trail.events import RunDelayed, RunEnded, RunStarted


def asking(run: Run, now: datetime) -> Transition:
    """StartBuild is about to be called: from here on a build may exist. Written first, so that no two call unawares."""
    return Transition(runs=(run.model_copy(update={"start_requested_at": run.start_requested_at or now}),))


def no_build(run: Run) -> Transition:
    """CodeBuild has no build of `run`: whatever was asked for came to nothing."""
    return Transition(runs=(run.model_copy(update={"start_requested_at": None}),))


def delayed(rollout: Rollout, run: Run, reason: str, now: datetime, *, may_exist: bool) -> Transition:
    """The build can't be started now, or nobody can tell whether it was; the first reason is told."""
    waits = run.model_copy(
        update={"reason": reason, "start_requested_at": run.start_requested_at if may_exist else None}
    )
    event = RunDelayed(**about(rollout, run, now), reason=reason)
    return Transition(runs=(waits,), events=() if run.reason else (event,))


def started(rollout: Rollout, run: Run, report: BuildReport, now: datetime) -> Transition:
    """CodeBuild accepted the build of `run`."""
    running = run.model_copy(
        update={
            "state": RunState.RUNNING,
            "reason": "",
            "build_arn": report.arn,
            "log_url": report.log_url,
            "start_requested_at": None,
            "started_at": report.started_at or now,
        }
    )
    event = RunStarted(**about(rollout, run, now), build_arn=report.arn, log_url=report.log_url)
    return Transition(runs=(running,), events=(event,))


def missed(run: Run, at: datetime) -> Transition:
    """CodeBuild was asked at `at` and did not name the build."""
    before = run.missing or Missing(since=at, last=at, times=0)
    now_missing = before.model_copy(update={"last": at, "times": before.times + 1})
    return Transition(runs=(run.model_copy(update={"missing": now_missing}),))


def end(
    rollout: Rollout,
    run: Run,
    queue: TargetQueue,
    state: RunState,
    reason: str,
    now: datetime,
    ended_at: datetime | None = None,
) -> Transition:
    """`run` reached its end; its lane is free for the next.

    `ended_at` is CodeBuild's word, in whole seconds: it may lie before the moment when the start was recorded, so the
    event carries `now` and stands behind the others.
    """
    ended_at = ended_at or now
    ended = run.model_copy(update={"state": state, "reason": reason, "start_requested_at": None, "ended_at": ended_at})
    duration = (ended_at - run.started_at).total_seconds() if run.started_at else None
    event = RunEnded(
        **about(rollout, run, now),
        state=state,
        reason=reason,
        build_arn=run.build_arn,
        log_url=run.log_url,
        duration_seconds=None if duration is None else max(duration, 0.0),
    )
    return Transition(runs=(ended,), queues=leave(queue, run.queue_entry), events=(event,))


def about(rollout: Rollout, run: Run, at: datetime) -> dict[str, Any]:
    """What every event of a run tells."""
    return about_rollout(rollout, at) | {"target": run.target.name, "attempt": run.attempt}


def about_rollout(rollout: Rollout, at: datetime) -> dict[str, Any]:
    """What every event of a rollout tells."""
    return {
        "at": at,
        "actor": rollout.change.actor,
        "repository": rollout.change.repository,
        "commit": rollout.change.after,
        "route": rollout.spec.route,
        "rollout": rollout.id,
    }
