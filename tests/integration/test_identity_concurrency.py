"""Law 2 under real threads: one build for a repository, route, commit, mode and target, however it is delivered.

Deliveries come at the same instant, twice, under several ids, under two names, and after a crash at every call in turn.
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
import pytest
from moto import mock_aws

from functions.webhook_receiver.request import Request
from pointsman.adapters.builds_memory import MemoryBuilds
from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.engine import Engine
from pointsman.core.model import Delivery, Lane, Rollout, Run, RunState, Target
from pointsman.core.ports import BuildReport, Builds, RolloutStore, Trail, Transition
from pointsman.core.reconcile import latest
from pointsman.core.routes.model import Routes
from pointsman.events import Event, RolloutRepeated, RolloutStarted, RunEnded, RunStarted, TrailEvent
from tests.support.receiver import a_receiver, as_body, payload, routes_with, shipped_routes, signed_headers
from tests.support.rollouts import Clock, delivery
from tests.support.tables import create_tables

DEV, PROD = "dev/eu-west-1", "prod/us-east-1"
SECONDS = 60.0  # a limit, which no test comes near

type Telling = tuple[Delivery, str]
"""A delivery, and the name of the queue's message that tells it."""


# --- the world ------------------------------------------------------------------------------------------------------


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


@pytest.fixture(params=["memory", "dynamodb"])
def new_world(request: pytest.FixtureRequest) -> Iterator[Worlds]:
    """Makes empty worlds, on the twins or on tables."""
    with worlds_of(request.param) as worlds:
        yield worlds


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


# --- at the same instant --------------------------------------------------------------------------------------------


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

    def lanes(self, targets: Iterable[str]) -> dict[str, Lane]:
        return self._store.lanes(targets)

    def commit(self, transition: Transition) -> None:
        self._store.commit(transition)

    def open_rollouts(self) -> list[str]:
        return self._store.open_rollouts()


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


def test_one_event_under_two_ids_at_the_same_instant_is_built_once(new_world: Worlds) -> None:
    world = new_world()
    tellings = [(delivery(DEV, PROD, name=f"hook-{number}"), f"m-{number}") for number in (1, 2)]
    tell_together(world, tellings)
    assert_built_once(world, tellings[0][0].orders[0].rollout, [DEV, PROD], repetitions=1)
    assert_recorded(world, tellings)


def test_one_id_delivered_twice_at_the_same_instant_is_built_once(new_world: Worlds) -> None:
    world = new_world()
    tellings = [(delivery(DEV, PROD), message) for message in ("m-1", "m-2")]
    tell_together(world, tellings)
    assert_built_once(world, tellings[0][0].orders[0].rollout, [DEV, PROD], repetitions=1)
    assert_recorded(world, tellings[:1])


def test_one_message_handed_out_twice_at_the_same_instant_is_no_repetition(new_world: Worlds) -> None:
    world = new_world()
    told = delivery(DEV, PROD)
    tell_together(world, [(told, "m-1"), (told, "m-1")])
    assert_built_once(world, told.orders[0].rollout, [DEV, PROD], repetitions=0)


@pytest.mark.parametrize(("ids", "rounds"), [(2, 10), (8, 5)])
def test_several_ids_at_the_same_instant_are_built_once_round_after_round(
    new_world: Worlds, ids: int, rounds: int
) -> None:
    for _ in range(rounds):
        world = new_world()
        tellings = [(delivery(DEV, PROD, name=f"hook-{number}"), f"m-{number}") for number in range(ids)]
        tell_together(world, tellings)
        assert_built_once(world, tellings[0][0].orders[0].rollout, [DEV, PROD], repetitions=ids - 1)
        assert_recorded(world, tellings)


def test_what_refused_is_tried_again_once_by_eight_redeliveries_at_the_same_instant(new_world: Worlds) -> None:
    world = new_world()
    told = delivery(DEV, PROD)
    rollout = told.orders[0].rollout
    world.builds.refuses[PROD] = "AccessDenied"
    world.tell(told, "m-0")
    world.builds.refuses.clear()
    tell_together(world, [(told, f"m-{number}") for number in range(1, 9)])
    assert sorted(world.builds.started) == [(rollout, DEV, 1), (rollout, PROD, 2)]
    events = world.events(rollout)
    repeated = [event for event in events if isinstance(event, RolloutRepeated)]
    assert len(repeated) == 8
    assert [event.retried for event in repeated if event.retried] == [(PROD,)]
    assert world.runs(rollout)[PROD].state is RunState.RUNNING


def test_two_commits_at_the_same_instant_share_no_target_and_neither_is_forgotten(new_world: Worlds) -> None:
    world = new_world()
    tellings = [(delivery(DEV, PROD, commit=letter * 40, name=f"push-{letter}"), f"m-{letter}") for letter in "ab"]
    tell_together(world, tellings)
    assert sorted(target for _, target, _ in world.builds.started) == [DEV, PROD]
    for told, _ in tellings:
        runs = world.runs(told.orders[0].rollout)
        assert runs.keys() == {DEV, PROD}
        assert all(run.state is RunState.RUNNING or run.behind or run.reason for run in runs.values())


# --- after a crash --------------------------------------------------------------------------------------------------


class CrashError(Exception):
    """The process ended here."""


class Fuse:
    """Ends a process at its `last` call to the world: before that call has any effect, or after it had it.

    `dies`: no later call of the process comes through either. Otherwise only that one call fails.
    """

    def __init__(self, last: int, when: str, *, dies: bool) -> None:
        self._last, self._when, self._dies = last, when, dies
        self._calls = 0
        self._lock = Lock()

    def __call__[T](self, deed: Callable[[], T]) -> T:
        with self._lock:
            self._calls += 1
            here = self._calls == self._last
            dead = self._dies and self._calls > self._last
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
    """A process whose every call goes through a fuse: the ports of a world, each call counted."""

    def __init__(self, world: World, fuse: Fuse) -> None:
        self.engine = Engine(
            _Store(world.store, fuse), _Trail(world.trail, fuse), _Builds(world.builds, fuse), world.clock
        )


class _Store:
    def __init__(self, store: RolloutStore, fuse: Fuse) -> None:
        self._store, self._fuse = store, fuse

    def load(self, rollout: str) -> tuple[Rollout, tuple[Run, ...]] | None:
        return self._fuse(lambda: self._store.load(rollout))

    def lanes(self, targets: Iterable[str]) -> dict[str, Lane]:
        return self._fuse(lambda: self._store.lanes(targets))

    def commit(self, transition: Transition) -> None:
        self._fuse(lambda: self._store.commit(transition))

    def open_rollouts(self) -> list[str]:
        return self._fuse(self._store.open_rollouts)


class _Trail:
    def __init__(self, trail: Trail, fuse: Fuse) -> None:
        self._trail, self._fuse = trail, fuse

    def record(self, event: Event) -> bool:
        return self._fuse(lambda: self._trail.record(event))

    def of_partition(self, partition: str) -> list[TrailEvent]:
        return self._fuse(lambda: self._trail.of_partition(partition))


class _Builds:
    def __init__(self, builds: Builds, fuse: Fuse) -> None:
        self._builds, self._fuse = builds, fuse

    def start(self, rollout: Rollout, run: Run) -> BuildReport:
        return self._fuse(lambda: self._builds.start(rollout, run))

    def find(self, run: Run) -> BuildReport | None:
        return self._fuse(lambda: self._builds.find(run))

    def report(self, target: Target, arns: Sequence[str]) -> list[BuildReport]:
        return self._fuse(lambda: self._builds.report(target, arns))


def crashed(world: World, fuse: Fuse, telling: Telling) -> bool:
    """Whether the process that took a telling crashed."""
    try:
        take(Fused(world, fuse).engine, *telling)
    except CrashError:
        return True
    return fuse.has_burnt


AGAIN: dict[str, Telling] = {
    "the queue hands the message out again": (delivery(DEV, PROD), "m-1"),
    "GitHub redelivers": (delivery(DEV, PROD), "m-2"),
    "a second hook delivers it": (delivery(DEV, PROD, name="hook-2"), "m-2"),
}
FIRST: Telling = (delivery(DEV, PROD), "m-1")
ROLLOUT = FIRST[0].orders[0].rollout

every_way_again = pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN.keys())


def assert_resumed(world: World) -> None:
    """One build on each target, and the trail tells of every run."""
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
    """A world to crash in as it is."""


@dataclass
class Crashes:
    """Crashes of one kind, in worlds of one kind."""

    new_world: Worlds
    when: str
    dies: bool

    def points(self, prepare: Callable[[World], None] = nothing) -> Iterator[World]:
        """A world after a crash at the first call, at the second, and so on until none is left."""
        for last in count(1):
            world = self.new_world()
            prepare(world)
            if not crashed(world, Fuse(last, self.when, dies=self.dies), FIRST):
                assert last > 10, "the calls were not counted"
                return
            yield world


# Tables are slow here: every kind of crash on the twins, the end of a process also on them.
@pytest.fixture(
    params=[
        ("memory", "before", True),
        ("memory", "after", True),
        ("memory", "before", False),
        ("memory", "after", False),
        ("dynamodb", "before", True),
        ("dynamodb", "after", True),
    ],
    ids=str,
)
def crashes(request: pytest.FixtureRequest) -> Iterator[Crashes]:
    kind, when, dies = request.param
    with worlds_of(kind) as worlds:
        yield Crashes(worlds, when, dies)


@every_way_again
def test_a_redelivery_after_a_crash_at_any_call_builds_what_is_missing_and_nothing_twice(
    crashes: Crashes, again: Telling
) -> None:
    for world in crashes.points():
        world.tell(*again)
        assert_resumed(world)


def test_the_same_is_true_when_codebuild_has_forgotten_the_first_try(crashes: Crashes) -> None:
    for world in crashes.points():
        world.clock.pass_by(minutes=6)
        world.tell(*AGAIN["GitHub redelivers"])
        assert_resumed(world)


def test_the_sweep_alone_finishes_whatever_was_stored_before_a_crash(crashes: Crashes) -> None:
    for world in crashes.points():
        world.clock.pass_by(minutes=6)
        world.engine().sweep()
        if world.store.load(ROLLOUT):
            assert_resumed(world)
        else:
            assert world.builds.started == []


def test_two_redeliveries_at_the_same_instant_after_a_crash_resume_it_once(crashes: Crashes) -> None:
    for world in crashes.points():
        tell_together(world, [AGAIN["GitHub redelivers"], (delivery(DEV, PROD, name="hook-2"), "m-3")])
        assert_resumed(world)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_redelivery_that_crashes_too_is_resumed_by_the_next(when: str) -> None:
    for first in count(1):
        if not crashed(memory_world(), Fuse(first, when, dies=True), FIRST):
            return
        for second in count(1):
            world = memory_world()
            crashed(world, Fuse(first, when, dies=True), FIRST)
            crashes_again = crashed(world, Fuse(second, when, dies=True), AGAIN["GitHub redelivers"])
            world.tell(delivery(DEV, PROD), "m-3")
            assert_resumed(world)
            if not crashes_again:
                break


def test_after_a_crash_a_target_that_refuses_has_its_reason_in_the_trail_and_is_built_once_it_takes_it(
    crashes: Crashes,
) -> None:
    for world in crashes.points(lambda world: world.builds.refuses.update({PROD: "AccessDenied"})):
        world.tell(*AGAIN["GitHub redelivers"])
        refused = [event for event in world.events(ROLLOUT) if isinstance(event, RunEnded)]
        assert {(event.target, event.state, event.reason) for event in refused} == {
            (PROD, RunState.REFUSED, "AccessDenied")
        }
        world.builds.refuses.clear()
        world.tell(delivery(DEV, PROD), "m-3")
        assert Counter(target for _, target, _ in world.builds.started) == {DEV: 1, PROD: 1}
        assert {run.state for run in world.runs(ROLLOUT).values()} == {RunState.RUNNING}


# --- from the payload to the builds ---------------------------------------------------------------------------------


def push(**repository: Any) -> dict[str, Any]:
    told = payload("push_main")
    return told | {"repository": told["repository"] | repository}


def request_of(content: dict[str, Any], identity: str) -> Request:
    body = as_body(content)
    return Request(signed_headers(body, {"x-github-delivery": identity}), body)


def received_together(requests: Sequence[Request], routes: Routes) -> list[str]:
    """The messages that as many receivers put on the queue for requests that came at the same instant."""
    queue = MemoryQueue()
    statuses: list[int] = []

    def deed(request: Request) -> Callable[[], None]:
        return lambda: statuses.append(a_receiver(queue, routes).receive(request).status)

    together([deed(request) for request in requests])
    assert statuses == [202] * len(requests)
    return queue.messages


def work_off_together(world: World, messages: Sequence[str]) -> None:
    """Each message by an engine of its own at the same instant: more at once than a FIFO queue hands out."""
    tellings = [(Delivery.model_validate_json(text), f"m-{number}") for number, text in enumerate(messages)]
    tell_together(world, tellings)


def builds_of_targets(world: World) -> Counter[str]:
    return Counter(target for _, target, _ in world.builds.started)


@pytest.mark.parametrize(
    "identities", [("hook-1", "hook-2"), ("hook-1", "hook-1"), tuple(f"hook-{n}" for n in range(6))]
)
def test_one_push_through_two_receivers_at_the_same_instant_is_one_build_on_each_target(
    new_world: Worlds, identities: tuple[str, ...]
) -> None:
    world = new_world()
    messages = received_together([request_of(push(), each) for each in identities], shipped_routes())
    assert len(messages) == len(identities)
    work_off_together(world, messages)
    [rollout] = {rollout for rollout, _, _ in world.builds.started}
    targets = {target.name for target in shipped_routes().all_targets}
    assert len(targets) == 10
    assert_built_once(world, rollout, targets, repetitions=len(identities) - 1)


BOTH_NAMES = routes_with({"name": "site", "repository": ["acme/infra", "acme/platform"], "on": "push"})
FOUR = {"dev/us-east-1", "dev/eu-west-1", "prod/us-east-1", "prod/eu-west-1"}


def test_a_push_under_the_old_and_the_new_name_of_its_repository_is_one_build_on_each_target(new_world: Worlds) -> None:
    world = new_world()
    renamed = push(full_name="acme/platform", name="platform")
    requests = [request_of(push(), "hook-1"), request_of(renamed, "hook-2")]
    work_off_together(world, received_together(requests, BOTH_NAMES))
    assert builds_of_targets(world) == dict.fromkeys(FOUR, 1)
    assert len({rollout for rollout, _, _ in world.builds.started}) == 1


def test_a_redelivery_after_the_repository_was_renamed_repeats_nothing(new_world: Worlds) -> None:
    world = new_world()
    renamed = push(full_name="acme/platform", name="platform")
    for number, content in enumerate((push(), renamed)):
        [message] = received_together([request_of(content, "hook-1")], BOTH_NAMES)
        world.tell(Delivery.model_validate_json(message), f"m-{number}")
    [rollout] = {rollout for rollout, _, _ in world.builds.started}
    assert_built_once(world, rollout, FOUR, repetitions=1)


def test_another_repository_of_the_same_commit_is_another_rollout() -> None:
    fork = push(full_name="acme/platform", name="platform", id=4711)
    requests = [request_of(push(), "hook-1"), request_of(fork, "hook-2")]
    messages = received_together(requests, BOTH_NAMES)
    assert len({Delivery.model_validate_json(each).orders[0].rollout for each in messages}) == 2


def test_a_route_for_each_name_is_two_rollouts_which_never_meet_on_a_target(new_world: Worlds) -> None:
    """A route is part of the identity: who wants one build names both repositories in one route."""
    routes = routes_with(
        {"name": "site", "repository": "acme/infra"}, {"name": "site-renamed", "repository": "acme/platform"}
    )
    world = new_world()
    renamed = push(full_name="acme/platform", name="platform")
    requests = [request_of(push(), "hook-1"), request_of(renamed, "hook-2")]
    work_off_together(world, received_together(requests, routes))
    assert builds_of_targets(world) == dict.fromkeys(FOUR, 1)
    for _ in range(len(FOUR)):
        for rollout, target, attempt in list(world.builds.started):
            run = world.runs(rollout)[target]
            if run.build_arn and not run.state.ended:
                report = world.builds.finish(run.build_arn, RunState.SUCCEEDED)
                world.engine().build_ended(rollout, target, attempt, report)
    assert builds_of_targets(world) == dict.fromkeys(FOUR, 2)
    assert len(set(world.builds.started)) == 8


def test_a_push_that_the_queue_did_not_take_is_built_once_when_it_is_redelivered(new_world: Worlds) -> None:
    world = new_world()
    queue = MemoryQueue()
    queue.down = True
    request = request_of(push(), "hook-1")
    assert a_receiver(queue).receive(request).status == 503
    queue.down = False
    for _ in range(2):
        assert a_receiver(queue).receive(request).status == 202
    work_off_together(world, queue.messages)
    assert builds_of_targets(world) == {target.name: 1 for target in shipped_routes().all_targets}
