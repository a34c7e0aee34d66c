"""Making the index anew: it becomes what the trail says, whatever it was before."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from pointsman.adapters.index_memory import MemoryIndex
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.index.entries import StoredEntry, entries_of, host_entry_of, stands_for_results
from pointsman.core.index.entry import Cause, EventKey, IndexEntry
from pointsman.core.index.facets import Facet, partition
from pointsman.core.index.indexer import EventChange, Indexer
from pointsman.core.index.reindex import IndexTally, Reindexer
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import HostResultRecorded, RolloutStarted
from pointsman.core.trail.item import ReadEvent
from tests.support.events import DEV, PROD, after, ended_run, host, started_rollout, task

RESULT = host(DEV, "web-1", at=5, tasks=[task(), task(name="Restart", diff=None)])
EVENTS: tuple[Event, ...] = (started_rollout(DEV, PROD), RESULT, host(PROD, "web-2", at=6), ended_run(DEV))
MUCH_LATER = after(0) + timedelta(days=1)


class World:
    """A trail, the index that a stream would have made, and both as a whole."""

    def __init__(self, *events: Event) -> None:
        self.trail, self.index = MemoryTrail(), MemoryIndex()
        for event in events:
            self.trail.record(event)
        self.indexer = Indexer(self.index, self._start, self.trail.load)
        self.indexer.apply([EventChange(place=EventKey.of(event), new=event) for event in events])

    def _start(self, rollout: str) -> RolloutStarted | None:
        event = self.trail.event(f"ROLLOUT#{rollout}", "RolloutStarted")
        return event if isinstance(event, RolloutStarted) else None

    def run(self, *, repair: bool, settled: bool = True) -> IndexTally:
        until = MUCH_LATER if settled else after(-1)
        reindexer = Reindexer(self.trail, self.index, self.indexer, repair=repair, settled=until)
        total = IndexTally()
        for step in (reindexer.compare, reindexer.find_left_over):
            for each in (tally for segment in range(3) for tally in step(segment, 3)):
                total += each
        return total + reindexer.compare_lists()

    def content(self) -> object:
        items = [item for segment in range(3) for page in self.index.scan(segment, 3) for item in page]
        return sorted(map(repr, items)), self.index.hosts(), self.index.targets()


def differences(tally: IndexTally) -> tuple[int, int, int]:
    return tally.missing, tally.wrong, tally.left_over


def entry(event: Event, facet: Facet, value: str) -> StoredEntry:
    world = World(*EVENTS)
    entries = world.indexer.entries(event, EventKey.of(event), ())
    [found] = [each for (pk, _), each in entries.items() if pk.startswith(f"{facet}#{value}")]
    return found


def test_an_index_that_agrees_is_left_alone() -> None:
    world = World(*EVENTS)
    before = world.content()
    checked = world.run(repair=False)
    assert checked.events == len(EVENTS)
    assert checked.entries > 20
    assert not checked.differs
    assert world.run(repair=True) == checked
    assert world.content() == before


def test_an_empty_index_is_made_whole() -> None:
    world, expected = World(*EVENTS), World(*EVENTS).content()
    world.index = MemoryIndex()
    checked = world.run(repair=False)
    assert differences(checked) == (checked.entries, 0, 0)
    assert world.content() == World().content()
    assert world.run(repair=True) == checked
    assert world.content() == expected
    assert not world.run(repair=False).differs


@pytest.mark.parametrize(
    ("facet", "value"), [(Facet.HOST, f"{DEV}/web-1"), (Facet.TASK, "Restart"), (Facet.OUTCOME, "changed")]
)
def test_an_entry_that_is_missing_or_wrong_is_written(facet: Facet, value: str) -> None:
    lost = entry(RESULT, facet, value)
    world = World(*EVENTS)
    before = world.content()
    world.index.delete([(lost.pk, lost.sk)])
    assert differences(world.run(repair=False)) == (1, 0, 0)
    world.run(repair=True)
    assert world.content() == before
    assert isinstance(lost.entry, IndexEntry)
    world.index.write([lost.replace(entry=lost.entry.replace(host="forged"))], [])
    assert differences(world.run(repair=False)) == (0, 1, 0)
    world.run(repair=True)
    assert world.content() == before


def test_an_entry_that_its_event_does_not_have_is_left_over() -> None:
    world = World(*EVENTS)
    before = world.content()
    stray = entry(RESULT, Facet.TASK, "Restart").replace(pk=partition(Facet.TASK, "Another", "0"))
    world.index.write([stray], [])
    checked = world.run(repair=False)
    assert (*differences(checked), checked.gone) == (0, 0, 1, 0)
    world.run(repair=True)
    assert world.content() == before


def test_entries_of_an_event_that_is_gone_are_left_over_with_its_host_and_target() -> None:
    kept = tuple(event for event in EVENTS if event.target != PROD)
    world, expected = World(*EVENTS), World(*kept).content()
    world.trail = MemoryTrail()
    for event in kept:
        world.trail.record(event)
    checked = world.run(repair=False)
    assert checked.gone > 3
    assert checked.left_over == checked.gone + 1  # and the host; the target still has entries
    world.run(repair=True)
    assert world.content() == expected


def test_a_host_is_listed_with_its_newest_result() -> None:
    newer = host(DEV, "web-1", at=50, attempt=2, status="ok", tasks=[])
    world = World(*EVENTS, newer)
    before = world.content()
    old = host_entry_of(RESULT)
    assert old
    world.index.delete([(old.pk, old.sk)])
    world.index.put_host(old)
    assert world.run(repair=False).wrong == 1
    world.run(repair=True)
    assert world.content() == before


def test_what_was_just_recorded_is_not_judged_by_a_check() -> None:
    """audit_indexer may not have seen it."""
    world = World(*EVENTS)
    world.index = MemoryIndex()
    assert not world.run(repair=False, settled=False).differs
    assert world.run(repair=True, settled=False).missing > 20


class ChangingTrail(MemoryTrail):
    """An erratum removes a diff between the scan and the first time that an event is read again."""

    def __init__(self, changed: HostResultRecorded) -> None:
        super().__init__()
        self.changed = changed

    def load(self, places: Iterable[EventKey]) -> dict[EventKey, ReadEvent]:
        self._events[self.changed.partition][self.changed.key] = self.changed
        return super().load(places)


def test_an_erratum_of_the_same_moment_is_not_undone() -> None:
    task_without_diff = RESULT.tasks[0].replace(diff=None, name="Redacted")
    changed = RESULT.replace(tasks=(task_without_diff, *RESULT.tasks[1:]))
    world, expected = World(), World(changed).content()
    world.trail = ChangingTrail(changed)
    world.trail.record(RESULT)
    world.run(repair=True)
    assert world.content() == expected


def test_an_entry_for_results_that_are_gone_is_left_over_and_one_that_is_lost_is_written() -> None:
    world = World(*EVENTS)
    before = world.content()
    keys = [(pk, sk) for pk, sk in list(world.index.keys()) if sk.endswith(f"#{RESULT.rollout}")]
    assert keys
    world.index.delete(keys)
    assert world.run(repair=False).missing >= len(keys)
    world.run(repair=True)
    assert world.content() == before
    activity = next(filter(stands_for_results, entries_of(RESULT)))
    assert isinstance(activity.entry, IndexEntry)
    world.index.write([activity.replace(sk=f"2030-01-01T00:10:00.000000Z#{RESULT.rollout}")], [])
    elsewhere = activity.entry.replace(at=after(-86_400))
    world.index.write([activity.replace(sk=f"2026-11-22T08:10:00.000000Z#{RESULT.rollout}", entry=elsewhere)], [])
    assert differences(world.run(repair=False)) == (0, 0, 2)
    world.run(repair=True)
    assert not world.run(repair=False).differs


def test_an_entry_for_results_of_somebody_who_has_none_is_left_over() -> None:
    """An erratum has taken a name out of the trail: other results may have needed the entry."""
    world = World(*EVENTS)
    before = world.content()
    cause = Cause.of(started_rollout(DEV)).replace(authors=("s3cret",))
    strays = [each for each in entries_of(RESULT, cause) if each.pk == "author#s3cret#0"]
    assert len(strays) == 1
    world.index.write(strays, [])
    assert differences(world.run(repair=False)) == (0, 0, 1)
    world.run(repair=True)
    assert world.content() == before


def test_an_entry_for_results_that_are_about_to_be_stored_stays() -> None:
    """audit_indexer remembers that it has written it, and does not do so again."""
    world = World(*EVENTS)
    late = host(DEV, "web-9", at=1_000)
    activity = [each for each in entries_of(late) if stands_for_results(each)]
    world.index.write(activity, [])
    world.run(repair=True, settled=False)
    assert {(each.pk, each.sk) for each in activity} <= {*world.index.keys()}
    assert differences(world.run(repair=False)) == (0, 0, len(activity))
