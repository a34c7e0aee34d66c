"""The transitions of a run, each with its event, and the event of a new rollout."""

from datetime import datetime
from typing import Any

from pointsman.core.model import Rollout, Run, RunState, TargetQueue
from pointsman.core.ports import BuildReport, Transition
from pointsman.core.rollout_facts import Missing
from pointsman.core.rollouts import new_instances, target_queue
from pointsman.core.trail.events import RolloutStarted, RunDelayed, RunEnded, RunStarted
from pointsman.core.version import VERSION


def rollout_started(rollout: Rollout, now: datetime) -> RolloutStarted:
    """The trail's event of a new rollout, whether a push, a pull request or a request of its own asked for it."""
    return RolloutStarted(
        **about_rollout(rollout, now),
        delivery=rollout.delivery,
        request=rollout.request,
        mode=rollout.spec.mode,
        playbook=rollout.spec.playbook,
        change=rollout.change,
        targets=tuple(target.name for target in rollout.spec.targets),
    )


def requesting_start(run: Run, now: datetime) -> Transition:
    """StartBuild is about to be called. This is written first: from here on a build may exist."""
    return Transition(runs=(run.replace(start_requested_at=run.start_requested_at or now),))


def no_build(run: Run) -> Transition:
    """CodeBuild certainly has no build of `run`."""
    return Transition(runs=(run.replace(start_requested_at=None, backoff=None),))


def delayed(rollout: Rollout, run: Run, reason: str, now: datetime, *, may_exist: bool) -> Transition:
    """The build can't be started now, or it is unknown whether it was. Only the first reason is an event."""
    delayed_run = run.replace(reason=reason, start_requested_at=run.start_requested_at if may_exist else None)
    event = RunDelayed(**about(rollout, run, now), reason=reason)
    return Transition(runs=(delayed_run,), events=() if run.reason else (event,))


def started(rollout: Rollout, run: Run, report: BuildReport, now: datetime) -> Transition:
    """CodeBuild accepted the build of `run`."""
    running = run.replace(
        state=RunState.RUNNING,
        reason="",
        build_arn=report.arn,
        log_url=report.log_url,
        start_requested_at=None,
        backoff=None,
        started_at=report.started_at or now,
    )
    event = RunStarted(
        **about(rollout, run, now), build_arn=report.arn, log_url=report.log_url, pointsman_version=VERSION
    )
    return Transition(runs=(running,), events=(event,))


def stop_requested(run: Run, now: datetime) -> Transition:
    """CodeBuild is about to be asked to stop the build of `run`."""
    return Transition(runs=(run.replace(reason="", stop_requested_at=now),))


def missed(run: Run, at: datetime) -> Transition:
    """CodeBuild's answer at `at` did not include the build."""
    before = run.missing or Missing(since=at, last=at, times=0)
    missing = before.replace(last=at, times=before.times + 1)
    return Transition(runs=(run.replace(missing=missing),))


def end(
    rollout: Rollout,
    run: Run,
    queue: TargetQueue,
    state: RunState,
    reason: str,
    now: datetime,
    report: BuildReport | None = None,
) -> Transition:
    """`run` has ended; its target is free for the next run. `report`: CodeBuild's on the end of its build.

    CodeBuild's time is in whole seconds and may be earlier than the recorded start. The event has `now`, so that it
    comes after the others.
    """
    ended_at = report.ended_at if report and report.ended_at else now
    ended = run.replace(state=state, reason=reason, start_requested_at=None, ended_at=ended_at)
    duration = (ended_at - run.started_at).total_seconds() if run.started_at else None
    event = RunEnded(
        **about(rollout, run, now),
        state=state,
        reason=reason,
        build_arn=run.build_arn,
        log_url=run.log_url,
        duration_seconds=None if duration is None else max(duration, 0.0),
        **(report.usage.to_dict() if report else {}),
    )
    after, skipped = new_instances.after_run(rollout, ended, target_queue.without(queue, run.queue_entry), now)
    return Transition(
        runs=(ended,),
        queues=() if after == queue else (after,),
        events=(event, skipped) if skipped else (event,),
    )


def about(rollout: Rollout, run: Run, at: datetime) -> dict[str, Any]:
    """The fields of every event of a run."""
    return about_rollout(rollout, at) | {"target": run.target.name, "attempt": run.attempt}


def about_rollout(rollout: Rollout, at: datetime) -> dict[str, Any]:
    """The fields of every event of a rollout."""
    return {
        "at": at,
        "actor": rollout.actor,
        "repository": rollout.change.repository,
        "commit": rollout.change.after,
        "route": rollout.spec.route,
        "rollout": rollout.id,
    }
