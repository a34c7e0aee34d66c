"""Following the trail: each entry once, however late it comes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

import pytest

from pointsman.adapters.index_memory import MemoryIndex
from pointsman.core.index.entries import entries_of
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.search import search
from pointsman.core.index.streams import FoundEntry
from pointsman.core.trail.events import HostResultRecorded
from pointsman.errors import Unavailable
from pointsmanctl.stack.follow import FAILURES_IN_A_ROW
from pointsmanctl.stack.follow_entries import LATE, new_entries
from tests.support.events import DEV, after, host, task


class World:
    """An index to which entries come while it is followed: those of `rounds`, one list before each look."""

    def __init__(self, *rounds: list[HostResultRecorded], seconds: float = 10) -> None:
        self.index = MemoryIndex()
        self.rounds = list(rounds)
        self.now = after(0)
        self.step = timedelta(seconds=seconds)
        self.failures = 0

    def find(self, query: IndexQuery) -> Iterator[FoundEntry]:
        if self.failures:
            self.failures -= 1
            raise Unavailable("DynamoDB throttles the table")
        for event in self.rounds.pop(0) if self.rounds else ():
            self.index.write(entries_of(event), [])
        return search(self.index, lambda *_: None, query)

    def clock(self) -> datetime:
        return self.now

    def pause(self, _: float) -> None:
        self.now += self.step

    def follow(self, looks: int, **query: object) -> list[list[str | None]]:
        found = new_entries(self.find, IndexQuery(**query), self.clock, self.pause)  # type: ignore[arg-type]
        return [[each.host for each in entries] for entries in islice(found, looks)]


def test_each_entry_comes_once_and_the_oldest_first() -> None:
    world = World([host(DEV, "a", at=-5), host(DEV, "b", at=1), host(DEV, "c", at=2)], [], [host(DEV, "d", at=15)])
    assert world.follow(4) == [["b", "c"], [], ["d"], []]


def test_what_happened_since_a_time_comes_first() -> None:
    world = World([host(DEV, "a", at=-500), host(DEV, "b", at=-50)], [host(DEV, "c", at=-20)])
    assert world.follow(3, since=after(-100)) == [["b"], ["c"], []]


def test_a_late_entry_comes_too() -> None:
    late = LATE.total_seconds()
    world = World([], [host(DEV, "a", at=5)], [host(DEV, "b", at=1)], seconds=late / 2)
    assert world.follow(4) == [[], ["a"], ["b"], []]


def test_conditions_count_and_an_event_with_several_tasks_comes_once() -> None:
    tasks = [task(name="Write it"), task(name="Write it", path="site.yml:9")]
    world = World([host(DEV, "a", at=1, tasks=tasks), host(DEV, "b", at=2)])
    assert world.follow(2, task="Write it") == [["a"], []]


def test_an_event_comes_with_each_of_its_tasks_that_is_asked_for() -> None:
    tasks = [task(name="Write it"), task(name="Other"), task(name="Write it", path="site.yml:9", status="failed")]
    world = World([host(DEV, "a", at=1, tasks=tasks)])
    found = new_entries(world.find, IndexQuery(task="Write it"), world.clock, world.pause)
    [entry] = next(found)
    assert [each.path for each in entry.tasks] == ["roles/baseline/tasks/main.yml:12", "site.yml:9"]


def test_a_short_failure_is_overcome_and_a_long_one_ends_it() -> None:
    world = World([host(DEV, "a", at=1)])
    world.failures = FAILURES_IN_A_ROW - 1
    assert world.follow(1) == [["a"]]
    world.failures = FAILURES_IN_A_ROW
    with pytest.raises(Unavailable):
        world.follow(1)
