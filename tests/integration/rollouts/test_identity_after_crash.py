"""Law 2 after a crash at every call in turn: a redelivery resumes the rest and repeats nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from threading import Lock

import pytest

from pointsman.core.model import Rollout, RolloutId, Run, RunKey, RunState, Target, TargetQueue
from pointsman.core.ports import BuildReport, Builds, RolloutStore, RunOfBuild, Surroundings, Trail, Transition, Turn
from pointsman.core.rollouts.engine import Engine
from pointsman.core.route_state import RouteState
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import RolloutStarted, RunEnded, RunStarted, TrailEvent
from tests.support.concurrency import QueuedDelivery, handle, handle_together
from tests.support.rollouts import delivery
from tests.support.world import DEV, PROD, MakeWorld, MemoryWorld, World, worlds_of


class CrashError(Exception):
    """The process crashed here."""


class Fuse:
    """Crashes a process at its `last` call: before the call has any effect, or after it.

    `dies`: every later call fails, too. Otherwise only that one fails. `writes`: only calls that write count.
    """

    def __init__(self, last: int, when: str, *, dies: bool, writes: bool = False) -> None:
        self._last, self._when, self._dies, self._writes = last, when, dies, writes
        self._calls = 0
        self._lock = Lock()

    def __call__[T](self, deed: Callable[[], T], *, writes: bool = False) -> T:
        with self._lock:
            counts = writes or not self._writes
            self._calls += counts
            here = counts and self._calls == self._last
            dead = self._dies and not here and self.has_burnt
        if dead or (here and self._when == "before"):
            raise CrashError
        result = deed()
        if here:
            raise CrashError
        return result

    @property
    def has_burnt(self) -> bool:
        return self._calls >= self._last


class Fused:
    """A process whose calls all go through a fuse."""

    def __init__(self, world: World, fuse: Fuse) -> None:
        self.engine = Engine(
            _Store(world.store, fuse),
            _Trail(world.trail, fuse),
            _Builds(world.builds, fuse),
            world.clock,
            alarms=world.alarms,
        )


class _Store:
    def __init__(self, store: RolloutStore, fuse: Fuse) -> None:
        self._store, self._fuse = store, fuse

    def load(self, rollout_id: RolloutId) -> tuple[Rollout, tuple[Run, ...]] | None:
        return self._fuse(lambda: self._store.load(rollout_id))

    def queues(self, names: Iterable[str]) -> dict[str, TargetQueue]:
        return self._fuse(lambda: self._store.queues(names))

    def surroundings(self, queues: Iterable[str], routes: Iterable[str]) -> Surroundings:
        return self._fuse(lambda: self._store.surroundings(queues, routes))

    def load_run(self, rollout_id: RolloutId, key: RunKey) -> tuple[Rollout, Run] | None:
        return self._fuse(lambda: self._store.load_run(rollout_id, key))

    def load_run_of_build(self, rollout_id: RolloutId, key: RunKey, turns: int) -> RunOfBuild | None:
        return self._fuse(lambda: self._store.load_run_of_build(rollout_id, key, turns))

    def list_turns(self, rollout_id: RolloutId, turns: Sequence[Turn]) -> None:
        self._fuse(lambda: self._store.list_turns(rollout_id, turns))

    def has_open_runs(self, rollout_id: RolloutId) -> bool:
        return self._fuse(lambda: self._store.has_open_runs(rollout_id))

    def versions(self, rollout_id: RolloutId) -> tuple[int, int]:
        return self._fuse(lambda: self._store.versions(rollout_id))

    def routes_named(self, route: str) -> list[RouteState]:
        return self._fuse(lambda: self._store.routes_named(route))

    def commit(self, transition: Transition) -> None:
        self._fuse(lambda: self._store.commit(transition), writes=True)

    def open_rollouts(self) -> list[RolloutId]:
        return self._fuse(self._store.open_rollouts)

    def queues_with_new_instances(self) -> list[str]:
        return self._fuse(self._store.queues_with_new_instances)

    def sweep_cursor(self) -> RolloutId | None:
        return self._fuse(self._store.sweep_cursor)

    def keep_sweep_cursor(self, rollout_id: RolloutId | None) -> None:
        self._fuse(lambda: self._store.keep_sweep_cursor(rollout_id), writes=True)


class _Trail:
    def __init__(self, trail: Trail, fuse: Fuse) -> None:
        self._trail, self._fuse = trail, fuse

    def record(self, event: Event) -> bool:
        return self._fuse(lambda: self._trail.record(event), writes=True)

    def of_partition(self, partition: str) -> list[TrailEvent]:
        return self._fuse(lambda: self._trail.of_partition(partition))

    def with_key(self, partition: str, beginning: str) -> list[TrailEvent]:
        return self._fuse(lambda: self._trail.with_key(partition, beginning))


class _Builds:
    def __init__(self, builds: Builds, fuse: Fuse) -> None:
        self._builds, self._fuse = builds, fuse

    def start(self, rollout: Rollout, run: Run) -> BuildReport:
        return self._fuse(lambda: self._builds.start(rollout, run), writes=True)

    def stop(self, target: Target, arn: str) -> None:
        self._fuse(lambda: self._builds.stop(target, arn), writes=True)

    def find(self, run: Run) -> BuildReport | None:
        return self._fuse(lambda: self._builds.find(run))

    def report(self, target: Target, arns: Sequence[str]) -> list[BuildReport]:
        return self._fuse(lambda: self._builds.report(target, arns))


def crashed(world: World, fuse: Fuse, message: QueuedDelivery) -> bool:
    """Whether the process that handled a message crashed."""
    try:
        handle(Fused(world, fuse).engine, *message)
    except CrashError:
        return True
    return fuse.has_burnt


AGAIN: dict[str, QueuedDelivery] = {
    "the queue hands the message out again": (delivery(DEV, PROD), "m-1"),
    "GitHub redelivers": (delivery(DEV, PROD), "m-2"),
    "a second hook delivers it": (delivery(DEV, PROD, name="hook-2"), "m-2"),
}
FIRST: QueuedDelivery = (delivery(DEV, PROD), "m-1")
ROLLOUT = FIRST[0].specs[0].rollout

every_way_again = pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN.keys())


def assert_resumed(world: World) -> None:
    """One build on each target, and the trail has every run."""
    assert sorted(world.builds.started) == [(ROLLOUT, DEV, 1), (ROLLOUT, PROD, 1)]
    runs = world.runs(ROLLOUT)
    assert {name: run.state for name, run in runs.items()} == dict.fromkeys((DEV, PROD), RunState.RUNNING)
    assert {run.build_arn for run in runs.values()} == set(world.builds.builds)
    events = world.events(ROLLOUT)
    assert sum(isinstance(event, RolloutStarted) for event in events) == 1
    assert sorted(event.target for event in events if isinstance(event, RunStarted)) == [DEV, PROD]
    assert not [event for event in events if isinstance(event, RunEnded)]
    deliveries = (FIRST[0].id, "hook-2")
    assert [event for each in deliveries for event in world.trail.of_partition(f"DELIVERY#{each}")]


def nothing(_world: World) -> None:
    """Prepare nothing."""


@dataclass
class Crashes:
    """Crashes of one kind, in worlds of one kind."""

    new_world: MakeWorld
    when: str
    dies: bool
    writes: bool

    def points(self, prepare: Callable[[World], None] = nothing) -> Iterator[World]:
        """A world after a crash at the first call that counts, at the second, and so on until none is left."""
        for last in count(1):
            world = self.new_world()
            prepare(world)
            if not crashed(world, self._fuse(last), FIRST):
                assert last > (6 if self.writes else 10), "the calls were not counted"
                return
            yield world

    def _fuse(self, last: int) -> Fuse:
        return Fuse(last, self.when, dies=self.dies, writes=self.writes)


# Tables are slow here: every kind of crash on the twins, the end of a process also on them. A process that ends before
# a call has done the same as one that ends after the call before it, and one that ends after a call that only reads has
# done the same as one that ends after the write before it.
@pytest.fixture(
    params=[
        ("memory", "before", True),
        ("memory", "after", True),
        ("memory", "before", False),
        ("memory", "after", False),
        ("dynamodb", "after", True),
    ],
    ids=str,
)
def crashes(request: pytest.FixtureRequest) -> Iterator[Crashes]:
    kind, when, dies = request.param
    with worlds_of(kind) as worlds:
        yield Crashes(worlds, when, dies, writes=kind == "dynamodb")


@every_way_again
def test_a_redelivery_after_a_crash_at_any_call_builds_what_is_missing_and_nothing_twice(
    crashes: Crashes, again: QueuedDelivery
) -> None:
    for world in crashes.points():
        world.push(*again)
        assert_resumed(world)


def test_the_same_is_true_when_the_token_of_the_first_call_has_expired(crashes: Crashes) -> None:
    for world in crashes.points():
        world.clock.pass_by(minutes=6)
        world.push(*AGAIN["GitHub redelivers"])
        assert_resumed(world)


def test_the_sweep_alone_finishes_what_was_stored_before_a_crash(crashes: Crashes) -> None:
    for world in crashes.points():
        world.clock.pass_by(minutes=6)
        world.engine.sweep()
        if world.store.load(ROLLOUT):
            assert_resumed(world)
        else:
            assert world.builds.started == []


def test_two_redeliveries_at_the_same_instant_after_a_crash_resume_it_once(crashes: Crashes) -> None:
    for world in crashes.points():
        handle_together(world, [AGAIN["GitHub redelivers"], (delivery(DEV, PROD, name="hook-2"), "m-3")])
        assert_resumed(world)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_redelivery_that_crashes_too_is_resumed_by_the_next(when: str) -> None:
    for first in count(1):
        if not crashed(MemoryWorld(), Fuse(first, when, dies=True), FIRST):
            return
        for second in count(1):
            world = MemoryWorld()
            crashed(world, Fuse(first, when, dies=True), FIRST)
            crashes_again = crashed(world, Fuse(second, when, dies=True), AGAIN["GitHub redelivers"])
            world.push(delivery(DEV, PROD), "m-3")
            assert_resumed(world)
            if not crashes_again:
                break


def test_after_a_crash_a_refusal_is_in_the_trail_and_is_retried_by_the_next_redelivery(
    crashes: Crashes,
) -> None:
    for world in crashes.points(lambda world: world.builds.refuses.update({PROD: "AccessDenied"})):
        world.push(*AGAIN["GitHub redelivers"])
        refused = [event for event in world.events(ROLLOUT) if isinstance(event, RunEnded)]
        assert {(event.target, event.state, event.reason) for event in refused} == {
            (PROD, RunState.REFUSED, "AccessDenied")
        }
        world.builds.refuses.clear()
        world.push(delivery(DEV, PROD), "m-3")
        assert Counter(target for _, target, _ in world.builds.started) == {DEV: 1, PROD: 1}
        assert {run.state for run in world.runs(ROLLOUT).values()} == {RunState.RUNNING}
