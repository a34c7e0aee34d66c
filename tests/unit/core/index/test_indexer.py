"""The index after a batch of the stream is what it would be after its changes one by one."""

from collections.abc import Iterable

import pytest

from pointsman.adapters.index_memory import MemoryIndex
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.index.entries import StoredEntry
from pointsman.core.index.entry import EventKey
from pointsman.core.index.indexer import EventChange, Indexer
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import HostResultRecorded
from pointsman.errors import Unavailable
from tests.support.events import DEV, ended_run, host, playbook_ended, started_rollout, task


def result(name: str) -> HostResultRecorded:
    return host(DEV, tasks=[task(name=name, changed_paths=[f"/etc/{name}"])])


LEAKED, CORRECTED = result("s3cret"), result("removed")


def change(old: HostResultRecorded | None, new: HostResultRecorded | None) -> EventChange:
    return EventChange(place=EventKey.of(LEAKED), old=old, new=new)


def keys(*batches: list[EventChange]) -> set[tuple[str, str]]:
    """The keys of the index after these batches."""
    index = MemoryIndex()
    indexer = Indexer(index, MemoryTrail().start_of_rollout, MemoryTrail().load)
    for batch in batches:
        indexer.apply(batch)
    return {*index.keys()}


def test_an_erratum_in_the_batch_of_its_event_leaves_nothing_of_what_it_removed() -> None:
    recorded, corrected = change(None, LEAKED), change(LEAKED, CORRECTED)
    assert any("s3cret" in pk for pk, _ in keys([recorded]))
    together = keys([recorded, corrected])
    assert not any("s3cret" in pk for pk, _ in together)
    assert together == keys([recorded], [corrected]) == keys([change(None, CORRECTED)])


def test_an_event_that_expires_in_its_batch_has_no_entries() -> None:
    assert keys([change(None, LEAKED), change(LEAKED, None)]) == set()
    again = [change(None, LEAKED), change(LEAKED, None), change(None, LEAKED)]
    assert keys(again) == keys(again[:1])


def test_a_run_that_expires_after_the_end_of_its_ansible_leaves_nothing() -> None:
    """What its build reported expires first: then it looks like a run whose results are missing."""
    trail, index = MemoryTrail(), MemoryIndex()
    indexer = Indexer(index, trail.start_of_rollout, trail.load)
    events: tuple[Event, ...] = (playbook_ended(DEV, exit_status=0), ended_run(DEV))
    for event in events:
        trail.record(event)
        indexer.apply([EventChange(place=EventKey.of(event), new=event)])
    assert {*index.keys()}
    for gone, event in enumerate(events, start=1):
        later = MemoryTrail()
        for each in events[gone:]:
            later.record(each)
        Indexer(index, later.start_of_rollout, later.load).apply([EventChange(place=EventKey.of(event), old=event)])
    assert {*index.keys()} == set()


class FailingIndex(MemoryIndex):
    """Fails once after it has deleted, or after it has stored nothing."""

    fails = False

    def write(self, put: Iterable[StoredEntry], delete: Iterable[StoredEntry]) -> None:
        super().write([] if self.fails else put, delete)
        if self.fails:
            raise Unavailable("DynamoDB throttles the table")


def test_what_a_write_did_not_do_or_undid_before_it_failed_is_written_by_the_next() -> None:
    index = FailingIndex()
    indexer = Indexer(index, MemoryTrail().start_of_rollout, MemoryTrail().load)
    first, second, third = (host(DEV, f"web-{number}").replace(actor="hana") for number in range(3))

    def apply(old: HostResultRecorded | None, new: HostResultRecorded | None, *, fails: bool) -> None:
        index.fails, some = fails, old or new
        assert some
        batch = [EventChange(place=EventKey.of(some), old=old, new=new)]
        if fails:
            with pytest.raises(Unavailable):
                indexer.apply(batch)
        else:
            indexer.apply(batch)

    def by_person() -> int:
        return sum(pk.startswith("person#") for pk, _ in {*index.keys()})

    apply(None, first, fails=True)
    assert by_person() == 0
    apply(None, second, fails=False)
    assert by_person() == 1
    apply(first, None, fails=True)
    assert by_person() == 0
    apply(None, third, fails=False)
    assert by_person() == 1


def test_an_erratum_of_a_start_is_followed_by_what_comes_later() -> None:
    trail = MemoryTrail()
    start = started_rollout(DEV)
    corrected = start.replace(change=start.change.replace(author_login="removed"))
    indexer = Indexer(MemoryIndex(), trail.start_of_rollout, trail.load)
    indexer.apply([EventChange(place=EventKey.of(start), new=start)])
    indexer.apply([EventChange(place=EventKey.of(start), old=start, new=corrected)])
    result = host(DEV)
    places = {pk for pk, _ in indexer.entries(result, EventKey.of(result), ())}
    assert {each for each in places if each.startswith("author#")} == {"author#removed#0"}
