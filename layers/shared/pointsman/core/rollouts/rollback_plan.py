"""Which commit each target goes back to when a rollout is rolled back. A pure function of stored records."""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pointsman.core.identity import request_id_of, rollout_id, route_of
from pointsman.core.model import (
    FormerGood,
    LastGood,
    QueueEntry,
    Rollout,
    RolloutId,
    RolloutState,
    Run,
    RunState,
    TargetName,
    TargetQueue,
)
from pointsman.core.ports import Loaded, Transition
from pointsman.core.rollout_facts import Rollback, RollbackPart
from pointsman.core.rollouts import target_queue
from pointsman.core.rollouts.ending import may_have_reached
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.rollouts.requests import requested
from pointsman.core.rollouts.route_line import rolled_back_since
from pointsman.core.route_state import RouteState
from pointsman.core.run_request import RunRequest, Trigger
from pointsman.errors import Unreadable

RIGHT_AFTER = timedelta(microseconds=1)

type Load = Callable[[RolloutId], Loaded | None]


@dataclass(frozen=True)
class RollbackPlan:
    """The commits to go back to, and the targets that stay as they are."""

    parts: tuple[RollbackPart, ...] = ()
    left_out: dict[TargetName, str] = field(default_factory=dict)


def plan_rollback(
    rollout: Rollout,
    runs: Iterable[Run],
    wanted: Iterable[TargetName],
    queues: Mapping[str, TargetQueue],
    route: RouteState,
    load: Load,
) -> RollbackPlan:
    """Plan the rollback of `rollout` on `wanted`, or on each target that a build of it has or may have reached.

    `load` reads another rollout, and `route` has the bad commits, that of this rollout among them. Never back to a
    commit whose last run on the target did not succeed, or to a bad one. A target that a newer commit has held since is
    left out: that commit is what would have to be rolled back. Of a rollout on some hosts, only those go back.
    """
    runs = list(runs)
    newest = latest(runs)
    reached = {run.target.name for run in runs if may_have_reached(run)}
    before = {name for part in (rollout.rollback.parts if rollout.rollback else ()) for name in part.targets}
    commits: dict[tuple[RolloutId, str], list[TargetName]] = {}
    left_out: dict[TargetName, str] = {}
    for name in tuple(dict.fromkeys(wanted)) or tuple(name for name in newest if name in reached):
        if name not in reached:
            left_out[name] = "the rollout has no build there"
        elif name in before:
            left_out[name] = "it was rolled back already"
        elif reason := _reason_to_stay(rollout, newest[name], queues[newest[name].queue], route, load):
            left_out[name] = reason
        elif good := _last_good(rollout, name, queues[newest[name].queue], route.bad, load):
            commits.setdefault((good.rollout, good.commit), []).append(name)
        else:
            left_out[name] = "no earlier commit of the route that succeeded there is known"
    parts = tuple(
        RollbackPart(rollout=str(good), commit=commit, targets=tuple(map(str, targets)))
        for (good, commit), targets in commits.items()
    )
    return RollbackPlan(parts, left_out)


def _is_partial(rollout: Rollout) -> bool:
    return rollout.request is not None and rollout.request.is_partial


def halting(entries: Iterable[QueueEntry], route: RouteState, load: Load) -> list[QueueEntry]:
    """Those of a person's run that halts, because its commit was rolled back after the person asked for it."""
    return [entry for entry in entries if _is_halting(entry, route, load)]


def _is_halting(entry: QueueEntry, route: RouteState, load: Load) -> bool:
    with suppress(Unreadable):
        if loaded := load(entry.rollout):
            return route_of(loaded[0]) == route.key and rolled_back_since(route, loaded[0]) is not None
    return False


def _reason_to_stay(rollout: Rollout, run: Run, queue: TargetQueue, route: RouteState, load: Load) -> str | None:
    """Why the target of `run` stays as it is, although the run has reached it."""
    if _is_followed(rollout, run, target_queue.without(queue, *halting(queue.waiting, route, load))):
        return "a newer commit of the route has held the target since, or waits for it"
    good = queue.last_good.get(route_of(rollout))
    if good and good.commit == rollout.change.after and _is_partial(rollout):
        return f"every host has the commit, not only those of this rollout: roll back {good.rollout}"
    return None


def _is_followed(rollout: Rollout, run: Run, queue: TargetQueue) -> bool:
    """Whether a newer commit of the route has held the target of `run` since, or waits for it.

    A run on some hosts is newer than the commit of the target, and is followed by whatever runs there later.
    """
    good, is_partial = queue.last_good.get(route_of(rollout)), _is_partial(rollout)
    for each in (*queue.waiting, *((queue.holder,) if queue.holder else ())):
        is_other = each.rollout != rollout.id and each.concurrency_group == rollout.spec.route
        if is_other and (is_partial or each.ordering_time > run.ordering_time):
            return True
    times = [queue.newest_applied.get(rollout.spec.route), good.ordering_time if good else None]
    if target_queue.is_outdated(rollout, run, queue) or _is_any_after(times, run.ordering_time):
        return True
    ran = (good.acquired_at, good.failed_until) if good else ()
    return is_partial and run.acquired_at is not None and _is_any_after(ran, run.acquired_at)


def _is_any_after(times: Iterable[datetime | None], moment: datetime) -> bool:
    return any(time > moment for time in times if time)


def _last_good(
    rollout: Rollout, name: TargetName, queue: TargetQueue, bad: Collection[str], load: Load
) -> FormerGood | None:
    """The newest commit that succeeded on a target before `rollout`."""
    good = queue.last_good.get(route_of(rollout))
    failed = good.failed if good else ()
    for candidate in candidates(good):
        if candidate.rollout == rollout.id or not (loaded := load(candidate.rollout)):
            continue
        earlier, runs = loaded
        run = latest(runs).get(name)
        is_bad = earlier.change.after in (*failed, *bad)
        if run and run.state is RunState.SUCCEEDED and not (is_bad or earlier.rollback):
            return candidate.replace(commit=earlier.change.after)
    return None


def candidates(good: LastGood | None) -> tuple[FormerGood, ...]:
    """The rollouts that succeeded on a target, the newest first."""
    return (FormerGood(rollout=good.rollout, commit=good.commit), *good.former) if good else ()


def marked(rollout: Rollout, rollback: Rollback) -> Rollout:
    """The rollout whose commit is bad. It is open until the rollouts of its rollback are stored."""
    return rollout.replace(
        state=RolloutState.OPEN,
        ended_at=None,
        round=rollout.round + 1 if rollout.state.ended else rollout.round,
        rollback=rollback,
        hold=None,
        gate=None,
        wait=None,
    )


def rollout_of_part(rollout: Rollout, rollback_id: str, part: RollbackPart) -> RolloutId:
    """The id of the rollout that brings a part back, whether it is stored yet or not."""
    request = request_id_of(part.rollback or rollback_id, rollout.id, part.rollout)
    return rollout_id(rollout.change.repository_id, rollout.spec.route, part.commit, rollout.spec.mode, request)


def request_of(rollout: Rollout, rollback: Rollback, part: RollbackPart, good: Rollout, now: datetime) -> Transition:
    """The rollout that brings the targets of a part back to their earlier commit, all at once.

    It comes right after the rollout that it undoes: what was pushed since is newer, and still goes to these targets.
    """
    plan, request_id = good.spec.plan, request_id_of(part.rollback or rollback.id, rollout.id, part.rollout)
    spec = good.spec.replace(
        targets=tuple(target for target in good.spec.targets if target.name in part.targets),
        plan=plan.freezes_only() if plan else None,
    )
    request = RunRequest(
        id=request_id,
        trigger=Trigger.ROLLBACK,
        actor=rollback.actor,
        reason=f"{rollback.reason}; commit {part.commit[:7]} succeeded there before",
        is_subset=True,
        rolls_back=rollout.id,
    )
    if rollout.request and rollout.request.is_partial:  # only what it has reached goes back
        limits = {target.name: target.limit for target in rollout.spec.targets}
        request = request.replace(instances=rollout.request.instances, is_limited=rollout.request.is_limited)
        spec = spec.replace(
            targets=tuple(target.replace(limit=limits[target.name]) for target in spec.targets),
            concurrency_group=f"{spec.route}#{request_id}",
        )
    stored, event = requested(good.change, spec, request, now)
    stored = stored.replace(ordering_time=rollout.ordering_time + RIGHT_AFTER, freeze_override=rollback.override)
    return Transition(rollout=stored, events=(event,))
