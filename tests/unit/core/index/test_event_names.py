"""Names of events: each event that lists show is found by its own."""

from datetime import timedelta

import pytest

from pointsman.adapters.index_memory import MemoryIndex
from pointsman.core.index.entries import entries_of, entry_of
from pointsman.core.index.event_names import SHORT, find_named, is_name, name_of_entry, name_of_event
from tests.support.events import DEV, host
from tests.support.rollouts import MORNING

EVENTS = [host(DEV, f"web-{number}", at=number / 100) for number in range(300)]  # a hundred in a second


@pytest.fixture(scope="module")
def index() -> MemoryIndex:
    index = MemoryIndex()
    for event in EVENTS:
        index.write(entries_of(event), [])
    return index


def test_every_event_is_found_by_its_name(index: MemoryIndex) -> None:
    for event in EVENTS:
        [entry] = find_named(index, name_of_event(event))
        assert (entry.event_partition, entry.event_key) == (event.partition, event.key)
        assert name_of_entry(entry) == name_of_event(event)


def test_a_short_name_finds_the_same(index: MemoryIndex) -> None:
    for event in EVENTS[:50]:
        short = name_of_event(event)[:SHORT]
        assert event.key in [entry.event_key for entry in find_named(index, short)]
        assert all(name_of_entry(entry).startswith(short) for entry in find_named(index, short))


def test_events_of_other_seconds_have_other_names(index: MemoryIndex) -> None:
    name = name_of_event(EVENTS[0].replace(at=MORNING + timedelta(days=400)))
    assert find_named(index, name) == []
    assert name.partition("-")[2] == name_of_event(EVENTS[0]).partition("-")[2]


@pytest.mark.parametrize(
    "text", ["", "t5kq3w", "t5kq3w-", "t5kq3w-3f2", "t5kq3w-3f2a9c0d1e2b4", "T5KQ3W-3F2A", "r-1234"]
)
def test_other_texts_are_no_names(index: MemoryIndex, text: str) -> None:
    assert not is_name(text)
    assert find_named(index, text) == []


def test_a_name_is_what_lists_and_people_can_copy() -> None:
    name = name_of_entry(entry_of(EVENTS[0], None))
    assert is_name(name)
    assert is_name(name[:SHORT])
    assert len(name) == 19


def test_an_event_before_1970_has_a_name() -> None:
    assert name_of_event(EVENTS[0].replace(at=MORNING.replace(year=1900))).startswith("0-")
