"""Runs on new instances alone: when a launch is noted, and when the target becomes free."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from pointsman.core.identity import request_id
from pointsman.core.model import Rollout, RolloutId, RolloutSpec, Run, RunState, TargetName, TargetQueue
from pointsman.core.ports import FoundInstance, RolloutStore, Transition, load_readable
from pointsman.core.rollouts import new_instances
from pointsman.core.rollouts.new_instances import InstanceRoute
from pointsman.core.rollouts.requests import requested
from pointsman.core.rollouts.rollback_plan import candidates
from pointsman.core.rollouts.waits import freeze_of
from pointsman.core.route_state import Freezes
from pointsman.core.run_request import InstanceLaunch, RunRequest, Trigger
from pointsman.core.text import join_first, pluralize
from pointsman.errors import Conflict, Unavailable

INSTANCES_IN_A_RUN = 100  # their ids are a variable of the build
LOST_RACES_ALLOWED = 25  # instances that come up together write the same queue


class InstanceRuns:
    """Notes launches, and starts runs for them. It stores; the engine then moves the rollouts forward."""

    def __init__(self, store: RolloutStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def note(self, launch: InstanceLaunch, found: FoundInstance, routes: Sequence[InstanceRoute]) -> list[str]:
        """Store a launch with the decisions of these routes, once; return the queues in which it may wait."""
        by_target: dict[TargetName, list[InstanceRoute]] = {}
        for route in routes:
            by_target.setdefault(route.target.name, []).append(route)
        for name, of_target in by_target.items():
            self._with_queue(name, partial(self._noted, launch, found, of_target))
        return list(by_target)

    def _noted(
        self, launch: InstanceLaunch, found: FoundInstance, routes: Sequence[InstanceRoute], queue: TargetQueue
    ) -> Transition | None:
        if new_instances.is_known(queue, launch):
            return None
        now = self._clock()
        after, decisions = new_instances.take(queue, launch, routes, now)
        event = new_instances.decided(routes[0].target.name, launch, found.name or found.id, decisions, now)
        return Transition(queues=(after,), events=(event,))

    def start(self, queue_names: Iterable[str], failures: list[Exception]) -> list[RolloutId]:
        """Start a run in each of these queues that is free and has new instances; return their rollouts.

        Instances that waited too long, or whose last good commit is gone, get none, and the trail says so. A queue that
        can't be read or written now is added to `failures`; the sweep tries again.
        """
        started: list[RolloutId] = []
        for name in queue_names:
            try:
                while transition := self._with_queue(name, self._next):
                    if transition.rollout:
                        started.append(transition.rollout.id)
                        break
            except Exception as failure:  # one queue stops no other
                failures.append(failure)
        return started

    def _next(self, queue: TargetQueue) -> Transition | None:
        now = self._clock()
        freezes = self._store.surroundings((), ()).freezes if queue.new_instances else Freezes()

        def is_frozen(spec: RolloutSpec) -> bool:
            return freeze_of(spec, spec.targets[0], freezes, now) is not None

        key = new_instances.next_key(queue, is_frozen)
        if key is None:
            after, events = new_instances.expired(queue, is_frozen, now)
            return Transition(queues=(after,), events=events) if events else None
        good = self._good(queue, key)
        if good is None:
            reason = "the last good commit is no longer stored, or was rolled back: push one"
            after, event = new_instances.abandoned(queue, key, reason, now)
            return Transition(queues=(after,), events=(event,))
        return start_on_instances(good, queue, key, now)

    def _good(self, queue: TargetQueue, key: str) -> Rollout | None:
        """The newest commit that succeeded and was not rolled back."""
        bad = self._store.surroundings((), (key,)).routes[key].bad
        for candidate in candidates(queue.last_good.get(key)):
            good = self._load(candidate.rollout)
            if good and good.rollback is None and good.change.after not in bad:
                return good
        return None

    def _load(self, rollout_id: RolloutId) -> Rollout | None:
        loaded = load_readable(self._store, rollout_id)
        return loaded[0] if loaded else None

    def _with_queue(self, name: str, plan: Callable[[TargetQueue], Transition | None]) -> Transition | None:
        """Write what `plan` says about the queue, and plan again if another process was faster."""
        for _ in range(LOST_RACES_ALLOWED):
            transition = plan(self._store.queues([name])[name])
            if transition is None:
                return None
            try:
                self._store.commit(transition)
            except Conflict:
                continue
            return transition
        raise Unavailable(f"the queue of {name} keeps changing")


def start_on_instances(good: Rollout, queue: TargetQueue, key: str, now: datetime) -> Transition:
    """Run the commit of `good` on the instances that wait for its route. The run acquires the target at once."""
    waiting = queue.new_instances[key]
    launches = waiting.launches[:INSTANCES_IN_A_RUN]
    target = waiting.spec.targets[0]
    request = _request(target.name, key, launches, good)
    rollout, event = requested(good.change, waiting.spec, request, now)
    run = Run(
        rollout=rollout.id,
        route=rollout.spec.route,
        target=target,
        state=RunState.STARTING,
        created_at=now,
        acquired_at=now,
        start_requested_at=now,
    )
    held = new_instances.without(queue, key, launches).replace(holder=run.queue_entry)
    return Transition(rollout=rollout, runs=(run,), queues=(held,), events=(event,))


def _request(target_name: TargetName, key: str, launches: Sequence[InstanceLaunch], good: Rollout) -> RunRequest:
    instances = tuple(launch.instance for launch in launches)
    came_up = f"{pluralize(len(instances), 'new instance')} came up: {join_first(instances)}"
    return RunRequest(
        id=request_id(target_name, key, launches),
        trigger=Trigger.INSTANCE,
        actor=new_instances.ACTOR,
        reason=f"{came_up}; commit {good.change.after[:7]} is the last that succeeded on {target_name}",
        instances=instances,
    )
