"""A world in which deliveries are told to engines of several processes: on the twins, and on DynamoDB.

Each thread is a process of its own as far as the engine goes: it shares nothing with the others but the stores.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Barrier, Lock, Thread, local
from typing import Any

import boto3
from moto import mock_aws

from pointsman.adapters.builds_memory import MemoryBuilds
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.delivery import Delivery
from pointsman.core.model import Rollout, Run, RunState, TargetQueue
from pointsman.core.ports import RolloutStore, Trail, Transition
from pointsman.core.rollouts.engine import Engine
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.trail.events import RolloutRepeated, RolloutStarted, RunStarted, TrailEvent
from tests.support.rollouts import Clock
from tests.support.tables import create_tables

DEV, PROD = "dev/eu-west-1", "prod/us-east-1"
SECONDS = 300.0  # a limit, which no test comes near

type Telling = tuple[Delivery, str]
"""A delivery, and the name of the queue's message that tells it."""


@dataclass
class World:
    """Stores and CodeBuild, which every process shares."""

    store: RolloutStore
    trail: Trail
    builds: MemoryBuilds
    clock: Clock

    def engine(self, store: RolloutStore | None = None) -> Engine:
        """The engine of one process."""
        return Engine(store or self.store, self.trail, self.builds, self.clock)

    def tell(self, told: Delivery, message: str) -> None:
        take(self.engine(), told, message)

    def events(self, rollout: str) -> list[TrailEvent]:
        return self.trail.of_partition(f"ROLLOUT#{rollout}")

    def runs(self, rollout: str) -> dict[str, Run]:
        loaded = self.store.load(rollout)
        assert loaded
        return latest(loaded[1])


def take(engine: Engine, told: Delivery, message: str) -> None:
    """What start_build does with a message."""
    engine.reconcile(engine.accept(told, message))


type Worlds = Callable[[], World]


@contextmanager
def worlds_of(kind: str) -> Iterator[Worlds]:
    if kind == "memory":
        yield memory_world
        return
    with mock_aws():
        client = one_call_at_a_time(boto3.client("dynamodb", region_name="us-east-1"))
        numbers = count()
        yield lambda: dynamodb_world(client, next(numbers))


def memory_world() -> World:
    clock, trail = Clock(), MemoryTrail()
    return World(MemoryRollouts(trail), trail, MemoryBuilds(clock), clock)


def dynamodb_world(client: Any, number: int) -> World:
    rollouts, audit = f"rollouts-{number}", f"audit-{number}"
    create_tables(client, rollouts, audit)
    clock = Clock()
    store = DynamoRollouts(client, rollouts, audit)
    return World(store, DynamoTrail(client, audit), MemoryBuilds(clock), clock)


def one_call_at_a_time(client: Any) -> Any:
    """DynamoDB isolates calls from each other; moto undoes a cancelled transaction by restoring all its tables."""
    lock, call = Lock(), client._make_api_call

    def one(*arguments: Any) -> Any:
        with lock:
            return call(*arguments)

    client._make_api_call = one
    return client


def together(deeds: Sequence[Callable[[], object]]) -> None:
    """Every deed in a thread of its own, all released at once. Raises what any of them raised."""
    start = Barrier(len(deeds), timeout=SECONDS)
    failures: list[Exception] = []

    def run(deed: Callable[[], object]) -> None:
        try:
            start.wait()
            deed()
        except Exception as failure:
            failures.append(failure)

    threads = [Thread(target=run, args=(deed,), daemon=True) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert not any(thread.is_alive() for thread in threads), "a thread did not come to its end"
    if failures:
        raise ExceptionGroup("a process failed", failures)


class Meeting:
    """A store at which all processes read before any of them may write: the first two times that each of them reads.

    Each reads twice at least, when it accepts a delivery and when it moves the rollout.
    """

    def __init__(self, store: RolloutStore, processes: int) -> None:
        self._store = store
        self._barrier = Barrier(processes, timeout=SECONDS)
        self._mine = local()

    def load(self, rollout: str) -> tuple[Rollout, tuple[Run, ...]] | None:
        loaded = self._store.load(rollout)
        self._mine.times = getattr(self._mine, "times", 0) + 1
        if self._mine.times <= 2:
            self._barrier.wait()
        return loaded

    def queues(self, targets: Iterable[str]) -> dict[str, TargetQueue]:
        return self._store.queues(targets)

    def commit(self, transition: Transition) -> None:
        self._store.commit(transition)

    def open_rollouts(self) -> list[str]:
        return self._store.open_rollouts()

    def sweep_cursor(self) -> str | None:
        return self._store.sweep_cursor()

    def keep_sweep_cursor(self, rollout: str | None) -> None:
        self._store.keep_sweep_cursor(rollout)


def tell_together(world: World, tellings: Sequence[Telling]) -> None:
    """Each telling in a process of its own, all at the same instant and all in each other's way."""
    meeting = Meeting(world.store, len(tellings))

    def deed(telling: Telling) -> Callable[[], None]:
        return lambda: take(world.engine(meeting), *telling)

    together([deed(telling) for telling in tellings])


def assert_built_once(world: World, rollout: str, targets: Iterable[str], repetitions: int) -> None:
    """One build on each target and no other, and a trail that tells of all of it once."""
    targets = sorted(targets)
    assert sorted(world.builds.started) == [(rollout, name, 1) for name in targets]
    assert len(world.builds.builds) == len(targets)
    assert {name: run.state for name, run in world.runs(rollout).items()} == dict.fromkeys(targets, RunState.RUNNING)
    events = world.events(rollout)
    assert sorted(event.target for event in events if isinstance(event, RunStarted)) == targets
    assert Counter(event.type for event in events if not isinstance(event, RunStarted)) == Counter(
        {RolloutStarted.__name__: 1} | ({RolloutRepeated.__name__: repetitions} if repetitions else {})
    )


def assert_recorded(world: World, tellings: Iterable[Telling]) -> None:
    for told, _ in tellings:
        assert [event.type for event in world.trail.of_partition(f"DELIVERY#{told.id}")] == ["DeliveryDecided"]
