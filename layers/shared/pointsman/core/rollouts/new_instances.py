"""New instances of a target: which wait for a run of their own, and which need none. Pure functions of the queue.

An instance waits beside the queue's runs, not among them, until the target is free. So instances that come up together
share a run, and the commit that they get is the newest good one of that moment. A push that starts meanwhile includes
them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pointsman.core.decision import Decision, Outcome
from pointsman.core.identity import route_of
from pointsman.core.model import (
    FormerGood,
    LastGood,
    Mode,
    Rollout,
    RolloutSpec,
    Run,
    RunState,
    Target,
    TargetName,
    TargetQueue,
    WaitingInstances,
)
from pointsman.core.run_request import InstanceLaunch
from pointsman.core.trail.instance_events import InstanceDecided, InstancesSkipped

ACTOR = "aws.ec2"  # EventBridge's name for EC2; no login of GitHub has a dot
OLDEST_LAUNCH = timedelta(days=1)  # anything older is a replay of the bus's archive
AGAIN_AFTER = timedelta(hours=1)  # so that a playbook that stops and starts its own instance does not run forever
LONGEST_WAIT = timedelta(hours=8)
REMEMBERED_FOR = timedelta(days=2)
# The queue of a target is one item of at most 400 KB.
MOST_REMEMBERED = 1_000
MOST_WAITING = 500
FORMER_KEPT = 5  # commits to which a rollback may go


@dataclass(frozen=True)
class InstanceRoute:
    """A route that configures new instances of a target. The spec has this target alone, and no rollout's id yet."""

    spec: RolloutSpec
    serves: Callable[[str], bool]  # whether it is a route of this repository

    @property
    def target(self) -> Target:
        """The target."""
        return self.spec.targets[0]


def is_known(queue: TargetQueue, launch: InstanceLaunch) -> bool:
    """Whether the launch was seen before, as EventBridge may deliver an event twice."""
    seen = queue.launches.get(launch.instance)
    return seen is not None and launch.launched_at <= seen


def take(
    queue: TargetQueue, launch: InstanceLaunch, routes: Iterable[InstanceRoute], now: datetime
) -> tuple[TargetQueue, tuple[Decision, ...]]:
    """The queue in which a launch waits for the routes that configure it, and each route's decision."""
    waiting = dict(queue.new_instances)
    decisions: list[Decision] = []
    for route in routes:
        keys = [key for key, good in queue.last_good.items() if _is_of(route, key, good)]
        for key in keys:
            reason = _reason_against(queue, launch, queue.last_good[key])
            decisions.append(_decision(route, reason or _reason_for(queue.last_good[key]), runs=reason is None))
            if reason is None:
                before = waiting[key].launches if key in waiting else ()
                others = (each for each in before if each.instance != launch.instance)
                waiting[key] = WaitingInstances(spec=route.spec, launches=(*others, launch))
        if not keys:
            reason = f"no commit of this route has succeeded on {route.target.name} yet: push one"
            decisions.append(_decision(route, reason, runs=False))
    return queue.replace(new_instances=waiting, launches=_remembered(queue, launch, now)), tuple(decisions)


def _is_of(route: InstanceRoute, key: str, good: LastGood) -> bool:
    return key.partition("#")[2] == route.spec.route and route.serves(good.repository)


def _reason_against(queue: TargetQueue, launch: InstanceLaunch, good: LastGood) -> str | None:
    """Why an instance gets no run of its own; None if it gets one."""
    before = queue.launches.get(launch.instance)
    if before is not None and launch.launched_at - before < AGAIN_AFTER:
        return "it had also come up less than an hour before: it is not configured again so soon"
    if good.acquired_at > launch.up_at:
        return f"rollout {good.rollout} began after it came up and includes it"
    if good.failed_until and launch.up_at <= good.failed_until:
        return "a newer commit did not succeed and may have reached it: fix the cause and push"
    if sum(len(each.launches) for each in queue.new_instances.values()) >= MOST_WAITING:
        return f"{MOST_WAITING} instances wait already, which is the limit: push or redeliver a commit"
    return None


def _reason_for(good: LastGood) -> str:
    return f"gets the newest good commit of {good.repository} once the target is free; now that of {good.rollout}"


def _decision(route: InstanceRoute, reason: str, *, runs: bool) -> Decision:
    return Decision(
        route=route.spec.route,
        outcome=Outcome.MATCHED if runs else Outcome.IGNORED,
        runs=runs,
        reason=reason,
        targets=(route.target.name,) if runs else (),
    )


def _remembered(queue: TargetQueue, launch: InstanceLaunch, now: datetime) -> dict[str, datetime]:
    """The launches of the last two days."""
    kept = {name: at for name, at in queue.launches.items() if now - at < REMEMBERED_FOR}
    newest = sorted((kept | {launch.instance: launch.launched_at}).items(), key=lambda each: each[1])
    return dict(newest[-MOST_REMEMBERED:])


def decided(
    target_name: TargetName, launch: InstanceLaunch, host: str, decisions: tuple[Decision, ...], now: datetime
) -> InstanceDecided:
    """The trail's event of a launch."""
    return InstanceDecided(
        at=now,
        actor=ACTOR,
        target=target_name,
        host=host,
        instance_id=launch.instance,
        launched_at=launch.launched_at,
        decisions=decisions,
    )


def next_key(queue: TargetQueue, is_frozen: Callable[[RolloutSpec], bool]) -> str | None:
    """The route whose new instances get their run now; None while the target is busy or frozen, or if none wait."""
    if queue.holder is not None or queue.waiting:
        return None
    return next((key for key, waiting in queue.new_instances.items() if not is_frozen(waiting.spec)), None)


def after_run(
    rollout: Rollout, run: Run, queue: TargetQueue, now: datetime
) -> tuple[TargetQueue, InstancesSkipped | None]:
    """The queue after `run` has ended: the last good commit, without the instances that need no run of their own.

    A run that was made for some instances only changes neither, and a retry of some hosts settles no instance. A run
    that failed may have reached every instance that came up before its end, and an older commit may not undo what it
    did there. A check for drift that ran beside any of them says nothing.
    """
    if rollout.spec.mode is Mode.CHECK or run.build_arn is None or run.acquired_at is None:
        return queue, None
    key = route_of(rollout)
    queue = queue.replace(applied_until=queue.applied_until | {key: now})
    if rollout.request and rollout.request.is_partial:
        return queue, None
    succeeded = run.state is RunState.SUCCEEDED
    before = run.acquired_at if succeeded else max(run.ended_at or now, now)
    good = queue.last_good.get(key)
    if succeeded:
        queue = queue.replace(last_good=queue.last_good | {key: _newer(good, rollout, run)})
    elif good:
        # An event that arrives after this end may be of an instance that came up before it.
        until = before if good.ordering_time < run.ordering_time else good.failed_until
        failed = _failed_again(good, rollout.change.after)
        queue = queue.replace(last_good=queue.last_good | {key: good.replace(failed_until=until, failed=failed)})
    waiting = queue.new_instances.get(key)
    if waiting is None or run.hosts:
        return queue, None
    settled = [each for each in waiting.launches if each.up_at <= before]
    if not settled:
        return queue, None
    reason = (
        f"rollout {rollout.id} began after they came up and includes them"
        if succeeded
        else f"rollout {rollout.id} did not succeed and may have reached them: fix the cause and push"
    )
    event = _skipped(waiting.spec, settled, reason, now).replace(
        rollout=rollout.id, repository=rollout.change.repository, commit=rollout.change.after
    )
    return without(queue, key, settled), event


def _newer(good: LastGood | None, rollout: Rollout, run: Run) -> LastGood:
    """The newer of both commits, whichever run ended first."""
    failed = tuple(commit for commit in (good.failed if good else ()) if commit != rollout.change.after)
    if good and good.ordering_time > run.ordering_time:
        return good.replace(failed=failed)
    former = (FormerGood(rollout=good.rollout, commit=good.commit), *good.former) if good else ()
    return LastGood(
        rollout=rollout.id,
        repository=rollout.change.repository,
        ordering_time=run.ordering_time,
        # A retry of some hosts includes no instance that came up meanwhile.
        acquired_at=(None if run.hosts else run.acquired_at) or run.created_at,
        commit=rollout.change.after,
        former=tuple(each for each in former if each.rollout != rollout.id)[:FORMER_KEPT],
        failed=failed,
    )


def _failed_again(good: LastGood, commit: str) -> tuple[str, ...]:
    """The commits to which no rollback goes, now that a run of `commit` did not succeed."""
    known = {good.commit, *(each.commit for each in good.former)}
    return tuple(each for each in dict.fromkeys((*good.failed, commit)) if each in known)


def without(queue: TargetQueue, key: str, launches: Iterable[InstanceLaunch]) -> TargetQueue:
    """The queue in which these instances no longer wait for a run of the route."""
    gone = set(launches)
    left = tuple(each for each in queue.new_instances[key].launches if each not in gone)
    others = {name: each for name, each in queue.new_instances.items() if name != key}
    return queue.replace(
        new_instances={**others, key: queue.new_instances[key].replace(launches=left)} if left else others
    )


def expired(
    queue: TargetQueue, is_frozen: Callable[[RolloutSpec], bool], now: datetime
) -> tuple[TargetQueue, tuple[InstancesSkipped, ...]]:
    """The queue without instances that waited too long, since the target was never free. A freeze has its own end."""
    events: list[InstancesSkipped] = []
    for key, waiting in queue.new_instances.items():
        if is_frozen(waiting.spec):
            continue
        if late := [each for each in waiting.launches if now - each.up_at > LONGEST_WAIT]:
            queue = without(queue, key, late)
            reason = f"{waiting.spec.targets[0].name} was busy for 8 hours: the next push configures them"
            events.append(_skipped(waiting.spec, late, reason, now))
    return queue, tuple(events)


def abandoned(queue: TargetQueue, key: str, reason: str, now: datetime) -> tuple[TargetQueue, InstancesSkipped]:
    """The queue without the instances that wait for a route, because its commit cannot run."""
    waiting = queue.new_instances[key]
    return without(queue, key, waiting.launches), _skipped(waiting.spec, waiting.launches, reason, now)


def _skipped(spec: RolloutSpec, launches: Iterable[InstanceLaunch], reason: str, now: datetime) -> InstancesSkipped:
    instances = tuple(launch.instance for launch in launches)
    return InstancesSkipped(
        at=now, actor=ACTOR, route=spec.route, target=spec.targets[0].name, instances=instances, reason=reason
    )
