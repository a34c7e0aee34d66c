"""What a report reads of the trail: an entry of the index for each event, and the events that say more."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import batched
from typing import Final

from pointsman.core.index.entry import EventKey, IndexEntry
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.search import search
from pointsman.core.index.streams import EntryReader
from pointsman.core.report.span import TimeSpan
from pointsman.core.trail.event import Event

# An entry has all that a report says of the others.
READ_TYPES: Final = frozenset({"RolloutStarted", "RunEnded"})
_ENTRIES: Final = 2_000  # of which events are read together

type LoadEvents = Callable[[Iterable[EventKey]], Mapping[EventKey, Event]]
"""Reads events of the trail; those that are gone are left out."""


@dataclass(frozen=True, slots=True)
class TrailRecord:
    """An event: its entry, and the event itself if a report reads it."""

    entry: IndexEntry
    event: Event | None = None


def records(reader: EntryReader, load: LoadEvents, span: TimeSpan) -> Iterator[TrailRecord]:
    """Yield the events of a time, newest first, then what happened before in rollouts that had begun earlier.

    Raises Unavailable or Misconfigured.
    """
    begun: set[str] = set()
    named: set[str] = set()
    for record in _found(reader, load, IndexQuery(since=span.since, until=span.until)):
        if record.entry.rollout:
            (begun if record.entry.type == "RolloutStarted" else named).add(record.entry.rollout)
        yield record
    for rollout in sorted(named - begun):
        yield from _found(reader, load, IndexQuery(rollout=rollout, until=span.since))


def _found(reader: EntryReader, load: LoadEvents, query: IndexQuery) -> Iterator[TrailRecord]:
    entries = (each.entry for each in search(reader, _no_event, query))
    for some in batched(entries, _ENTRIES):
        events = load([each.place for each in some if each.type in READ_TYPES])
        yield from (TrailRecord(each, events.get(each.place)) for each in some)


def _no_event(_partition: str, _key: str) -> Event | None:
    """No question of a report is about tasks."""
    return None
