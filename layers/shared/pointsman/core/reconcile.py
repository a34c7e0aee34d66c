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
from typing import Any

from pointsman.core.model import (
    Lane,
    Mode,
    Order,
    Place,
    Rollout,
    RolloutState,
    Run,
    RunKey,
    RunState,
    Target,
    WhenBusy,
)
from pointsman.core.ports import BuildReport, Transition
from pointsman.events import RolloutEnded, RunEnded, RunStarted, RunWaited

# CodeBuild honours an idempotency token for 5 minutes; past this age an unanswered start is looked for first.
# https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
TOKEN_TRUSTED_FOR = timedelta(minutes=4)
# No run outlives these bounds, whatever is lost. A build may queue for 8 hours and run for 36.
# https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html
LONGEST_START = timedelta(hours=1)
LONGEST_BUILD = timedelta(hours=45)


@dataclass(frozen=True)
class StartBuild:
    """Ask CodeBuild for the build of `run`; first look for one when an earlier call may have gone unanswered."""

    run: Run
    search_first: bool


type Step = Transition | StartBuild


def decide(
    rollout: Rollout,
    runs: Iterable[Run],
    lanes: Mapping[str, Lane],
    reports: Mapping[RunKey, BuildReport],
    now: datetime,
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
        if (step := _step(rollout, target, newest.get(target.name), lanes[target.name], reports, now))
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
    rollout: Rollout,
    target: Target,
    run: Run | None,
    lane: Lane,
    reports: Mapping[RunKey, BuildReport],
    now: datetime,
) -> Step | None:
    attempt = rollout.attempts.get(target.name, 1)
    if run is None or run.attempt < attempt:
        new = Run(
            rollout=rollout.id,
            route=rollout.order.route,
            line=rollout.order.line,
            target=target,
            attempt=attempt,
            created_at=rollout.created_at,
        )
        return _enter(rollout, new, lane, now)
    report = _believed(reports.get((target.name, run.attempt)), target)
    match run.state:
        case RunState.WAITING:
            return _advance(rollout, run, lane, now)
        case RunState.STARTING:
            return _begin(rollout, run, lane, report, now)
        case RunState.RUNNING:
            return _watch(rollout, run, lane, report, now)
        case _:
            return None


def _begin(rollout: Rollout, run: Run, lane: Lane, report: BuildReport | None, now: datetime) -> Step:
    if report:
        return started(rollout, run, report, now)
    if _older(run.claimed_at, LONGEST_START, now):
        return end(rollout, run, lane, RunState.REFUSED, "CodeBuild gave no answer for an hour", now)
    return StartBuild(run, search_first=_older(run.claimed_at, TOKEN_TRUSTED_FOR, now))


def _watch(rollout: Rollout, run: Run, lane: Lane, report: BuildReport | None, now: datetime) -> Step | None:
    if report and report.state.ended and report.arn == run.build_arn:
        known = run.model_copy(update={"log_url": report.log_url or run.log_url})
        return end(rollout, known, lane, report.state, report.reason, now, report.ended_at)
    if _older(run.started_at, LONGEST_BUILD, now):
        return end(rollout, run, lane, RunState.FAULTED, "no word of this build for 45 hours", now)
    return None


def _believed(report: BuildReport | None, target: Target) -> BuildReport | None:
    """`report`, unless the build that it tells of is not in the target's account and region."""
    return report if report and target.has_build(report.arn) else None


def _enter(rollout: Rollout, run: Run, lane: Lane, now: datetime) -> Transition:
    """Take the lane when it is free, else the place at its end; unless a newer commit has been there."""
    if newer := _newer(rollout.order, run, lane):
        return end(rollout, run, lane, RunState.SUPERSEDED, newer, now)
    if lane.holder is None and not lane.waiting:
        return _claim(rollout, run, lane, now)
    ahead = lane.holder or lane.waiting[0]
    is_new = run.version == 0  # a run that lost its place waits again, but was told of once
    waits = RunWaited(**_about(rollout, run, now), behind=ahead.rollout)
    return Transition(
        runs=(run.model_copy(update={"behind": ahead.rollout}),),
        lanes=(lane.model_copy(update={"waiting": (*lane.waiting, run.place)}),),
        events=(waits,) if is_new else (),
    )


def _advance(rollout: Rollout, run: Run, lane: Lane, now: datetime) -> Transition | None:
    if newer := _newer(rollout.order, run, lane):
        return end(rollout, run, lane, RunState.SUPERSEDED, newer, now)
    if lane.holder is None and lane.waiting and lane.waiting[0] == run.place:
        return _claim(rollout, run, lane, now)
    if run.place not in lane.waiting and lane.holder != run.place:
        return _enter(rollout, run, lane, now)
    return None


def _newer(order: Order, run: Run, lane: Lane) -> str | None:
    """Why `run` gives way to a newer commit of its route; None when it need not.

    Newer is what was pushed later, wherever it stands in the lane: deliveries come late, and are delivered again.
    """
    if order.when_busy is not WhenBusy.SUPERSEDE:
        return None
    line = run.place.route
    waiting = [place for place in lane.waiting if place.route == line and place.created_at > run.created_at]
    if waiting:
        return f"superseded by {waiting[-1].rollout}, a newer commit on the same route"
    if lane.reached.get(line, run.created_at) > run.created_at:
        return "superseded: a newer commit on the same route has reached this target"
    return None


def _claim(rollout: Rollout, run: Run, lane: Lane, now: datetime) -> Transition:
    reached = lane.reached
    if rollout.order.mode is Mode.APPLY:  # a check leaves nothing that an older one could undo
        line = run.place.route
        reached = reached | {line: max(run.created_at, reached.get(line, run.created_at))}
    return Transition(
        runs=(run.model_copy(update={"state": RunState.STARTING, "claimed_at": now}),),
        lanes=(
            lane.model_copy(
                update={
                    "holder": run.place,
                    "waiting": tuple(place for place in lane.waiting if place != run.place),
                    "reached": reached,
                }
            ),
        ),
    )


def _older(moment: datetime | None, age: timedelta, now: datetime) -> bool:
    return moment is not None and now - moment > age


def started(rollout: Rollout, run: Run, report: BuildReport, now: datetime) -> Transition:
    """CodeBuild accepted the build of `run`."""
    running = run.model_copy(
        update={
            "state": RunState.RUNNING,
            "build_arn": report.arn,
            "log_url": report.log_url,
            "started_at": report.started_at or now,
        }
    )
    event = RunStarted(**_about(rollout, run, now), build_arn=report.arn, log_url=report.log_url)
    return Transition(runs=(running,), events=(event,))


def end(
    rollout: Rollout,
    run: Run,
    lane: Lane,
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
    ended = run.model_copy(update={"state": state, "reason": reason, "ended_at": ended_at})
    duration = (ended_at - run.started_at).total_seconds() if run.started_at else None
    event = RunEnded(
        **_about(rollout, run, now),
        state=state,
        reason=reason,
        build_arn=run.build_arn,
        log_url=run.log_url,
        duration_seconds=None if duration is None else max(duration, 0.0),
    )
    return Transition(runs=(ended,), lanes=_left(lane, run.place), events=(event,))


def _left(lane: Lane, place: Place) -> tuple[Lane, ...]:
    """`lane` without `place`; nothing to write when it was not there."""
    if lane.holder != place and place not in lane.waiting:
        return ()
    return (
        lane.model_copy(
            update={
                "holder": None if lane.holder == place else lane.holder,
                "waiting": tuple(other for other in lane.waiting if other != place),
            }
        ),
    )


def _end_of_rollout(rollout: Rollout, runs: list[Run], now: datetime) -> tuple[Transition, ...]:
    if not all(run.state.ended for run in runs):
        return ()
    state, reason = verdict(runs)
    event = RolloutEnded(
        **_about_rollout(rollout, now),
        state=state,
        reason=reason,
        round=rollout.round,
    )
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


def _about(rollout: Rollout, run: Run, at: datetime) -> dict[str, Any]:
    return _about_rollout(rollout, at) | {"target": run.target.name, "attempt": run.attempt}


def _about_rollout(rollout: Rollout, at: datetime) -> dict[str, Any]:
    return {
        "at": at,
        "actor": rollout.change.actor,
        "repository": rollout.change.repository,
        "commit": rollout.change.after,
        "route": rollout.order.route,
        "rollout": rollout.id,
    }
