"""Queries of the audit trail: what the index finds, and the events themselves."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched, islice
from typing import TYPE_CHECKING, Any

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.dynamodb import marshal, unmarshal
from pointsman.adapters.index_dynamodb import DynamoEntryReader
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.index.entries import branch_of
from pointsman.core.index.entry import EventKey, IndexEntry
from pointsman.core.index.missing_results import misses_results, place_of_end
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.search import search
from pointsman.core.index.streams import FoundEntry
from pointsman.core.trail.events import BuildReported, HostResultRecorded, RolloutStarted
from pointsman.core.trail.item import ReadEvent, read_item
from pointsman.core.trail.keys import rollout_partition
from pointsman.core.trail.long_diffs import parts_with_rest, with_whole_diffs
from pointsmanctl.stack.steps import meets, steps_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from pointsmanctl.stack.connection import Connection

_BATCH = 100  # events that are read at a time
_PAGES_OF_A_ROLLOUT = 4  # of 1 MB; of a larger one, the index has what matters
_READERS = 8


@dataclass(frozen=True)
class TrailReader:
    """Reads the trail and its index."""

    client: "DynamoDBClient"
    audit_table: str
    index_table: str

    @classmethod
    def of(cls, connection: "Connection") -> "TrailReader":
        """Return the reader of a connection."""
        return cls(connection.dynamodb, connection.audit_table, connection.index_table)

    @property
    def index(self) -> DynamoEntryReader:
        """The index."""
        return DynamoEntryReader(self.client, self.index_table)

    def find(self, query: IndexQuery) -> Iterator[FoundEntry]:
        """Yield the entries that match, newest first. Raises Unavailable or Misconfigured."""
        return search(self.index, DynamoTrail(self.client, self.audit_table).event, query)

    def events(self, query: IndexQuery, limit: int) -> list[ReadEvent]:
        """Return the newest events that match, at most `limit`, oldest first. Raises Unavailable or Misconfigured.

        Their long diffs are put together. Of a rollout and of types that lists do not show, it reads the events of
        rollouts themselves.
        """
        return self.whole(self._events(query, limit))

    def _events(self, query: IndexQuery, limit: int) -> list[ReadEvent]:
        if query.rollout and not (query.file or query.author) and (whole := self.of_rollout(query.rollout)) is not None:
            starts = [event for event in whole if isinstance(event, RolloutStarted)]
            branch = branch_of(starts[0].change.ref) if starts else None
            known = {EventKey.of(each) for each in whole}
            missing = {each.key for each in whole if misses_results(each, known)}
            return _newest((each for each in whole if meets(each, query, branch, missing)), limit)
        if not query.needs_rollouts:
            return self._listed(query, limit)
        found = steps_of(self, query.replace(types=query.types_of_rollouts), limit)
        found += self._listed(others, limit) if (others := query.beside_rollouts) else []
        return _newest({EventKey.of(each): each for each in found}.values(), limit)

    def _listed(self, query: IndexQuery, limit: int) -> list[ReadEvent]:
        """Return the newest events that the index finds."""
        return by_time(self.load(each.entry for each in islice(_once(self.find(query)), limit)).values())

    def of_rollout(self, rollout: str) -> list[ReadEvent] | None:
        """Return all events of a rollout; None if they are too many to read."""
        events: list[ReadEvent] = []
        start: dict[str, Any] = {}
        for _ in range(_PAGES_OF_A_ROLLOUT):
            with translate_aws_errors("reading the audit trail"):
                page = self.client.query(
                    TableName=self.audit_table,
                    KeyConditionExpression="pk = :pk",
                    ExpressionAttributeValues=marshal({":pk": rollout_partition(rollout)}),
                    **start,
                )
            events += [read_item(unmarshal(item)) for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return events
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        return None

    def load(self, entries: Iterable[IndexEntry]) -> dict[EventKey, ReadEvent]:
        """Return the events of entries, by where they are. Those that are gone are left out."""
        return self.load_places(dict.fromkeys(each.place for each in entries))

    def load_places(self, places: Iterable[EventKey]) -> dict[EventKey, ReadEvent]:
        """Return the events of these places. Those that are gone are left out."""
        with ThreadPoolExecutor(_READERS) as pool:
            parts = pool.map(DynamoTrail(self.client, self.audit_table).load, batched(places, _BATCH))
            return {place: event for part in parts for place, event in part.items()}

    def load_whole(self, entries: Iterable[IndexEntry]) -> dict[EventKey, ReadEvent]:
        """Return the events of entries, as `load` does, with their long diffs put together."""
        events = self.load(entries)
        return dict(zip(events, self.whole(events.values()), strict=True))

    def whole(self, events: Iterable[ReadEvent]) -> list[ReadEvent]:
        """Return events with their long diffs put together: the rest of these is read from other events."""
        events = list(events)
        places = [[EventKey.of(part) for part in _parts_with_rest(each)] for each in events]
        found = self.load_places(dict.fromkeys(place for rest in places for place in rest))
        return [
            _with_rest(each, [found[place] for place in rest if place in found]) if rest else each
            for each, rest in zip(events, places, strict=True)
        ]

    def misses_results(self, event: ReadEvent) -> bool:
        """Whether `event` is the end of a run of which Ansible did not report that it finished."""
        return bool(self.missing_ends([event]))

    def missing_ends(self, events: Iterable[ReadEvent]) -> set[EventKey]:
        """Return which of the events are ends of runs of which Ansible did not report that it finished."""
        events = list(events)
        known = {EventKey.of(each) for each in events}
        places = {EventKey.of(each): place for each in events if (place := place_of_end(each)) and place not in known}
        found = self.load_places(dict.fromkeys(places.values()))
        return {run for run, place in places.items() if place not in found}


def by_time(events: Iterable[ReadEvent]) -> list[ReadEvent]:
    """Return events by their times."""
    return sorted(events, key=lambda event: (_sort_time(event), event.key))


def _newest(events: Iterable[ReadEvent], limit: int) -> list[ReadEvent]:
    return by_time(events)[-limit:]


def _parts_with_rest(event: ReadEvent) -> list[HostResultRecorded]:
    return parts_with_rest(event) if isinstance(event, HostResultRecorded) else []


def _with_rest(event: ReadEvent, parts: Sequence[ReadEvent]) -> ReadEvent:
    rest = [each for each in parts if isinstance(each, HostResultRecorded)]
    return with_whole_diffs(event, rest) if isinstance(event, HostResultRecorded) else event


def _once(found: Iterable[FoundEntry]) -> Iterator[FoundEntry]:
    """Yield each event once: a host result has an entry for each of its tasks."""
    seen: set[EventKey] = set()
    for each in found:
        if each.entry.place not in seen:
            seen.add(each.entry.place)
            yield each


def _sort_time(event: ReadEvent) -> datetime:
    """Return the time of an event. CodeBuild's times have whole seconds: its events go last in their second."""
    if isinstance(event, BuildReported) and not event.at.microsecond:
        return event.at + timedelta(microseconds=999_999)
    return event.at
