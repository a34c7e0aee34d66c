"""What a report reads of the trail: an entry of the index for each event, and the events that say more."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import batched
from typing import Final

from pointsman.core.index.entry import EventKey, IndexEntry
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.search import search
from pointsman.core.index.streams import EntryReader
from pointsman.core.report.earlier import BEFORE, EARLIER_ENDS, open_failures
from pointsman.core.report.span import TimeSpan
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import DeliveryDecided, RolloutStarted
from pointsman.core.trail.keys import delivery_partition, rollout_partition

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


@dataclass
class _Seen:
    """What the events of the time were about."""

    begun: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    deliveries: set[str] = field(default_factory=set)  # their partitions
    pushes: dict[str, RolloutStarted] = field(default_factory=dict)  # a start of each, by the delivery's partition

    def add(self, record: TrailRecord) -> None:
        entry = record.entry
        if entry.type == DeliveryDecided.__name__:
            self.deliveries.add(entry.event_partition)
        if entry.rollout:
            (self.begun if entry.type == RolloutStarted.__name__ else self.named).add(entry.rollout)
        if isinstance(record.event, RolloutStarted) and not record.event.request:
            self.pushes.setdefault(delivery_partition(record.event.delivery), record.event)


def records(reader: EntryReader, load: LoadEvents, span: TimeSpan) -> Iterator[TrailRecord]:
    """Yield the events of a time, newest first, then what happened before that a report needs.

    That is: what happened earlier in rollouts of this time, their deliveries, and deployments that had failed and were
    not restored when the time began. Raises Unavailable or Misconfigured.
    """
    seen = _Seen()
    for record in _found(reader, load, IndexQuery(since=span.since, until=span.until)):
        seen.add(record)
        yield record
    earlier = sorted({*(seen.named - seen.begun), *_open_failures(reader, load, span)})
    for rollout in earlier:
        for record in _found(reader, load, IndexQuery(rollout=rollout, until=span.since)):
            seen.add(record)
            yield record
    for partition in sorted(seen.pushes.keys() - seen.deliveries):
        yield from _delivery(reader, load, span, partition, seen.pushes[partition])


def _open_failures(reader: EntryReader, load: LoadEvents, span: TimeSpan) -> set[str]:
    """The rollouts that matter for what had failed before the time, and was not restored when it began."""
    query = IndexQuery(since=span.since - BEFORE, until=span.since, outcomes=EARLIER_ENDS)
    entries = [each.entry for each in search(reader, _no_event, query) if each.entry.at < span.since]

    def starts(rollouts: Iterable[str]) -> dict[str, RolloutStarted]:
        places = [EventKey(partition=rollout_partition(each), key=RolloutStarted.__name__) for each in rollouts]
        found = (event for some in batched(places, _ENTRIES) for event in load(some).values())
        return {each.rollout: each for each in found if isinstance(each, RolloutStarted) and each.rollout}

    return open_failures(entries, starts)


def _delivery(
    reader: EntryReader, load: LoadEvents, span: TimeSpan, partition: str, start: RolloutStarted
) -> Iterator[TrailRecord]:
    """The delivery of a push, if it came before the time."""
    query = IndexQuery(
        repository=start.repository,
        commit=start.commit,
        types=(DeliveryDecided.__name__,),
        since=start.at - BEFORE,
        until=min(start.at, span.since),
    )
    yield from (each for each in _found(reader, load, query) if each.entry.event_partition == partition)


def _found(reader: EntryReader, load: LoadEvents, query: IndexQuery) -> Iterator[TrailRecord]:
    entries = (each.entry for each in search(reader, _no_event, query))
    for some in batched(entries, _ENTRIES):
        events = load([each.place for each in some if each.type in READ_TYPES])
        yield from (TrailRecord(each, events.get(each.place)) for each in some)


def _no_event(_partition: str, _key: str) -> Event | None:
    """No question of a report is about tasks."""
    return None
