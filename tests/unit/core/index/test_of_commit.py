"""A commit at which drift checks look every hour: everything of it is found, and no more is read than is needed."""

from datetime import timedelta
from itertools import islice
from typing import Any

import pytest

from pointsman.core.index.query import IndexQuery
from pointsman.core.index.search import search
from pointsman.core.trail.drift_events import DriftResolved
from pointsman.core.trail.erratum_event import ErratumRecorded
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import RolloutRepeated
from tests.support.events import DEV, after, ended_rollout, host, started_rollout
from tests.support.index_world import IndexWorld

ROLLOUTS, HOUR = 619, 3600
COMMIT, OTHER = "c0ffee" + "0" * 34, "c0ffee" + "1" * 34
GOES_ON = "r-00000000000goes0"


def rollout(number: int, commit: str = COMMIT) -> list[Event]:
    about = {"rollout": f"r-{commit[6]}{number:015x}", "commit": commit, "repository": "acme/infra"}
    at = number * HOUR
    return [
        started_rollout(DEV).replace(**about, at=after(at)),
        host(DEV, "web-1").replace(**about, at=after(at + 60)),
        ended_rollout().replace(**about, at=after(at + 120)),
    ]


@pytest.fixture(scope="module")
def world() -> IndexWorld:
    """Of another commit that begins alike, there are as many; one rollout began first and goes on."""
    world = IndexWorld()
    for number in range(ROLLOUTS):
        world.add(*rollout(number))
        if number < 50:
            world.add(*rollout(number, OTHER))
    about = {"rollout": GOES_ON, "commit": COMMIT, "repository": "acme/infra"}
    world.add(started_rollout(DEV).replace(**about, at=after(30)))
    world.add(host(DEV, "web-2").replace(**about, at=after((ROLLOUTS - 5) * HOUR)))
    return world


def test_every_event_is_found_and_the_newest_first(world: IndexWorld) -> None:
    query = IndexQuery(commit=COMMIT)
    found = list(search(world.index, world.trail.event, query))
    assert len(found) == len(set(world.found(query))) == 3 * ROLLOUTS + 2
    assert [each.sort_key for each in found] == sorted((each.sort_key for each in found), reverse=True)
    assert found[-1].entry.at == after(0)
    both = list(search(world.index, world.trail.event, IndexQuery(commit=COMMIT[:6])))
    assert len(both) == 3 * (ROLLOUTS + 50) + 2
    assert [each.sort_key for each in both] == sorted((each.sort_key for each in both), reverse=True)


@pytest.mark.parametrize("digits", [6, 40])
def test_the_first_is_found_by_its_time(world: IndexWorld, digits: int) -> None:
    query = IndexQuery(commit=COMMIT[:digits], repository="acme/infra", until=after(HOUR - 1), types=("RolloutEnded",))
    assert {partition for partition, _ in world.found(query)} >= {f"ROLLOUT#{rollout(0)[0].rollout}"}
    assert len(world.found(IndexQuery(commit=COMMIT, until=after(2 * HOUR - 1)))) == 7
    assert len(world.found(IndexQuery(commit=COMMIT, since=after(2 * HOUR), until=after(4 * HOUR - 1)))) == 6


def test_a_rollout_that_began_before_the_time_and_goes_on_is_found(world: IndexWorld) -> None:
    since = after((ROLLOUTS - 6) * HOUR)
    found = world.found(IndexQuery(commit=COMMIT, host="web-2"))
    assert found
    of_time = world.found(IndexQuery(commit=COMMIT, since=since))
    assert set(found) < set(of_time)
    assert len(of_time) == 6 * 3 + 1


def test_the_first_hundred_need_few_of_its_rollouts(world: IndexWorld) -> None:
    world.index.rounds = world.index.requests = world.index.read = 0
    found = list(islice(search(world.index, world.trail.event, IndexQuery(commit=COMMIT)), 100))
    assert len(found) == 100
    assert world.index.rounds <= 12
    assert world.index.requests <= 3 * 4 * 24
    assert world.index.read <= 2 * ROLLOUTS + 3 * 3 * 24


def test_a_time_needs_only_what_was_going_on_then(world: IndexWorld) -> None:
    world.index.requests = world.index.read = 0
    assert len(world.found(IndexQuery(commit=COMMIT, since=after(HOUR), until=after(2 * HOUR - 1)))) == 3
    assert world.index.requests <= 1 + 3 * 4
    assert world.index.read <= 20


def long_after() -> list[Event]:
    """What can come into a rollout at any time after its end."""
    [_, result, ended] = rollout(3, OTHER)
    at = ended.at + timedelta(days=90)
    about = {"at": at, "actor": "hana", "commit": OTHER, "rollout": ended.rollout}
    erratum: dict[str, Any] = {"erratum": "e-1", "reason": "a password", "fields": ("tasks.0.diff",)}
    erratum |= {"sha256_before": "a", "sha256_after": "b", "item_partition": result.partition, "item_key": result.key}
    repeated = {"delivery": "d-9", "message_id": "m-9", "reason": "", "retried": (DEV,)}
    again = host(DEV, "web-3").replace(**about | {"at": at + timedelta(minutes=5)})
    return [
        ErratumRecorded.read({**about, **erratum}),
        host(DEV, "web-9").replace(**about, started_by="omar"),
        DriftResolved.read({**about, "target": DEV, "host": "web-1", "since": result.at, "reason": "not checked"}),
        RolloutRepeated.read({**about, **repeated}),
        again,
    ]


LATE = long_after()


@pytest.mark.parametrize(
    "events", [LATE[:1], LATE[1:2], LATE[2:3], LATE[3:]], ids=["an erratum", "outside", "drift", "repeated"]
)
def test_what_comes_long_after_a_rollout_is_found_and_comes_first(events: list[Event]) -> None:
    world = IndexWorld()
    for number in range(30):
        world.add(*rollout(number, OTHER))
    world.add(*events)
    places = [(each.partition, each.key) for each in events[::-1]]
    assert world.found(IndexQuery(commit=OTHER, since=events[0].at)) == places
    assert world.found(IndexQuery(commit=OTHER))[: len(places)] == places
