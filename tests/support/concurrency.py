"""Deliveries that several processes handle at the same instant.

Each thread is a process of its own as far as the engine goes: it shares nothing with the others but the stores.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from threading import Barrier, Thread

from pointsman.core.delivery import Delivery
from pointsman.core.model import Rollout, RolloutId, Run, RunKey, RunState, TargetQueue
from pointsman.core.ports import RolloutStore, RunOfBuild, Surroundings, Transition, Turn
from pointsman.core.rollouts.engine import Engine
from pointsman.core.route_state import RouteState
from pointsman.core.trail.events import RolloutRepeated, RolloutStarted, RunStarted
from tests.support.world import World

SECONDS = 300.0  # a limit that no test comes near

type QueuedDelivery = tuple[Delivery, str]
"""A delivery, and the id of its message."""


def handle(engine: Engine, delivery: Delivery, message_id: str) -> None:
    """What start_build does with a message."""
    engine.reconcile(engine.accept(delivery, message_id))


def together(calls: Sequence[Callable[[], object]]) -> None:
    """Make every call in a thread of its own, all at once. Raises what any of them raised."""
    start = Barrier(len(calls), timeout=SECONDS)
    failures: list[Exception] = []

    def run(call: Callable[[], object]) -> None:
        try:
            start.wait()
            call()
        except Exception as failure:
            failures.append(failure)

    threads = [Thread(target=run, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert not any(thread.is_alive() for thread in threads), "a thread did not end"
    if failures:
        raise ExceptionGroup("a process failed", failures)


class MeetingStore:
    """One process's view of a store, at which all processes read a rollout before any of them may write."""

    def __init__(self, store: RolloutStore, meeting: Barrier) -> None:
        self._store = store
        self._meeting = meeting
        self._has_met = False

    def load(self, rollout_id: RolloutId) -> tuple[Rollout, tuple[Run, ...]] | None:
        loaded = self._store.load(rollout_id)
        if not self._has_met:
            self._has_met = True
            self._meeting.wait()
        return loaded

    def queues(self, names: Iterable[str]) -> dict[str, TargetQueue]:
        return self._store.queues(names)

    def surroundings(self, queues: Iterable[str], routes: Iterable[str]) -> Surroundings:
        return self._store.surroundings(queues, routes)

    def load_run(self, rollout_id: RolloutId, key: RunKey) -> tuple[Rollout, Run] | None:
        return self._store.load_run(rollout_id, key)

    def load_run_of_build(self, rollout_id: RolloutId, key: RunKey, turns: int) -> RunOfBuild | None:
        return self._store.load_run_of_build(rollout_id, key, turns)

    def list_turns(self, rollout_id: RolloutId, turns: Sequence[Turn]) -> None:
        self._store.list_turns(rollout_id, turns)

    def has_open_runs(self, rollout_id: RolloutId) -> bool:
        return self._store.has_open_runs(rollout_id)

    def versions(self, rollout_id: RolloutId) -> tuple[int, int]:
        return self._store.versions(rollout_id)

    def routes_named(self, route: str) -> list[RouteState]:
        return self._store.routes_named(route)

    def commit(self, transition: Transition) -> None:
        self._store.commit(transition)

    def open_rollouts(self) -> list[RolloutId]:
        return self._store.open_rollouts()

    def queues_with_new_instances(self) -> list[str]:
        return self._store.queues_with_new_instances()

    def sweep_cursor(self) -> RolloutId | None:
        return self._store.sweep_cursor()

    def keep_sweep_cursor(self, rollout_id: RolloutId | None) -> None:
        self._store.keep_sweep_cursor(rollout_id)


def handle_together(world: World, queued: Sequence[QueuedDelivery]) -> None:
    """Each delivery in its own process, all at the same instant."""
    meeting = Barrier(len(queued), timeout=SECONDS)

    def call(delivery: Delivery, message_id: str) -> Callable[[], None]:
        return lambda: handle(world.new_engine(MeetingStore(world.store, meeting)), delivery, message_id)

    together([call(*each) for each in queued])


def assert_built_once(world: World, rollout_id: RolloutId, targets: Iterable[str], repetitions: int) -> None:
    """One build on each target and no other, and a trail that records all of it once."""
    targets = sorted(targets)
    assert sorted(world.builds.started) == [(rollout_id, name, 1) for name in targets]
    assert len(world.builds.builds) == len(targets)
    runs = world.runs(rollout_id)
    assert {name: run.state for name, run in runs.items()} == dict.fromkeys(targets, RunState.RUNNING)
    events = world.events(rollout_id)
    assert sorted(event.target for event in events if isinstance(event, RunStarted)) == targets
    assert Counter(event.type for event in events if not isinstance(event, RunStarted)) == Counter(
        {RolloutStarted.__name__: 1} | ({RolloutRepeated.__name__: repetitions} if repetitions else {})
    )


def assert_recorded(world: World, queued: Iterable[QueuedDelivery]) -> None:
    for delivery, _ in queued:
        assert [event.type for event in world.trail.of_partition(f"DELIVERY#{delivery.id}")] == ["DeliveryDecided"]
