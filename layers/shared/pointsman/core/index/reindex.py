"""Makes the index anew from the trail, or says where they differ. Events may be recorded meanwhile."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import batched
from threading import Lock
from typing import Any, Final, Protocol

from pointsman.core.index.activity import ACTIVITY, activity_sort_key, results_of
from pointsman.core.index.entries import StoredEntry, keep_newest, stands_for_results
from pointsman.core.index.entry import EventKey, HostEntry, IndexEntry
from pointsman.core.index.facets import Facet, host_sort_key, partition, partitions
from pointsman.core.index.indexer import EntryWriter, Indexer, own
from pointsman.core.index.streams import NEWEST, EntryReader, EntryStream, FoundEntry, PageRequest
from pointsman.core.trail.item import NewerEvent, ReadEvent, timestamp
from pointsman.core.value import Value

_EVENTS: Final = 50  # whose entries are compared at a time
_ENTRIES: Final = 400  # whose events are read at a time

type EntryKey = tuple[str, str]
"""`pk` and `sk` of an entry."""
type StoredEvent = tuple[EventKey, ReadEvent]


class TrailScan(Protocol):
    """The whole trail."""

    def scan(self, segment: int, segments: int) -> Iterator[Sequence[StoredEvent]]:
        """Yield the pages of one of the trail's segments. Raises Unavailable or Misconfigured."""

    def load(self, places: Collection[EventKey]) -> dict[EventKey, ReadEvent]:
        """Return the events of these places as they are now, without those that are gone."""


class IndexTable(EntryWriter, EntryReader, Protocol):
    """The whole index."""

    def stored(self, keys: Collection[EntryKey]) -> dict[EntryKey, dict[str, Any]]:
        """Return the items of these keys, without those that are not there."""

    def scan(self, segment: int, segments: int) -> Iterator[list[dict[str, Any]]]:
        """Yield the pages of one of the index's segments: its items."""

    def delete(self, keys: Collection[EntryKey]) -> None:
        """Delete items, if they are there."""


class IndexTally(Value, kw_only=True, frozen=True):
    """What was compared, and how many entries differ."""

    events: int = 0
    entries: int = 0  # that the events should have
    missing: int = 0
    wrong: int = 0
    left_over: int = 0  # that no event has
    gone: int = 0  # of these: their event is not in the trail

    @property
    def differs(self) -> bool:
        """Whether the index is not what it should be."""
        return bool(self.missing or self.wrong or self.left_over)

    def __add__(self, other: "IndexTally") -> "IndexTally":
        names = self.__struct_fields__
        return IndexTally(**{name: getattr(self, name) + getattr(other, name) for name in names})


class Reindexer:
    """Compares the index with the trail in three steps: `compare`, `find_left_over`, `compare_lists`.

    With `repair`, it makes the index what it should be. Without, it leaves out what was recorded after `settled`, since
    audit_indexer may not have seen it yet.
    """

    def __init__(
        self, trail: TrailScan, index: IndexTable, indexer: Indexer, *, repair: bool, settled: datetime
    ) -> None:
        self._trail, self._index, self._indexer = trail, index, indexer
        self._repair, self._settled = repair, settled
        self._lock = Lock()
        self._hosts: dict[str, StoredEntry] = {}
        self._targets: dict[str, datetime] = {}  # with the time of its oldest event
        self._activity: set[int] = set()  # the hashes of the keys of entries that stand for results, to save memory

    def compare(self, segment: int, segments: int) -> Iterator[IndexTally]:
        """Compare the entries that events should have with those that are stored, page by page."""
        for page in self._trail.scan(segment, segments):
            self._note_lists(event for _, event in page)
            for start in range(0, len(page), _EVENTS):
                yield self._compare(page[start : start + _EVENTS])

    def find_left_over(self, segment: int, segments: int) -> Iterator[IndexTally]:
        """Find the entries that no event has, page by page. To be called after `compare` of every segment."""
        for page in self._index.scan(segment, segments):
            for start in range(0, len(page), _ENTRIES):
                yield self._find_left_over(page[start : start + _ENTRIES])

    def compare_lists(self) -> IndexTally:
        """Compare the lists of hosts and targets. To be called after `compare` of every segment."""
        return self._compare_hosts() + self._compare_targets()

    def _is_judged(self, at: datetime) -> bool:
        return self._repair or at <= self._settled

    def _note_lists(self, events: Iterable[ReadEvent]) -> None:
        with self._lock:
            for event in events:
                if event.target:
                    self._targets[event.target] = min(self._targets.get(event.target, event.at), event.at)
                keep_newest(self._hosts, event)

    def _compare(self, page: Sequence[StoredEvent]) -> IndexTally:
        judged = {place: event for place, event in page if self._is_judged(event.at)}
        expected = self._entries(judged)
        keys = {key: place for place, entries in expected.items() for key in entries}
        with self._lock:
            self._activity |= {hash(key) for key, place in keys.items() if stands_for_results(expected[place][key])}
        stored = self._index.stored(keys.keys())
        missing = [key for key in keys if key not in stored]
        # An entry of an event of a newer version is that version's: it may say more.
        wrong = [
            key
            for key, item in stored.items()
            if item != expected[keys[key]][key].item() and not isinstance(judged[keys[key]], NewerEvent)
        ]
        if self._repair:
            self._write(judged, {*missing, *wrong}, {keys[key] for key in (*missing, *wrong)})
        return IndexTally(events=len(judged), entries=len(keys), missing=len(missing), wrong=len(wrong))

    def _entries(self, events: dict[EventKey, ReadEvent]) -> dict[EventKey, dict[EntryKey, StoredEntry]]:
        related = self._indexer.related(events.values())
        return {place: self._indexer.entries(event, place, related) for place, event in events.items()}

    def _write(self, events: dict[EventKey, ReadEvent], keys: set[EntryKey], places: set[EventKey]) -> None:
        """Write entries. If an event was changed meanwhile, as an erratum does, write them again: none stays old."""
        written = self._entries({place: events[place] for place in places})
        self._index.write((entry for each in written.values() for key, entry in each.items() if key in keys), [])
        while places:
            now = self._trail.load(places)
            places = {place for place in places if now.get(place) != events.get(place)}
            for place in places:
                old, new = written.get(place, {}), self._entries({k: v for k, v in now.items() if k == place})
                written[place] = new.get(place, {})
                self._index.write(
                    written[place].values(), [entry for key, entry in own(old).items() if key not in written[place]]
                )
            events = now

    def _find_left_over(self, page: Sequence[dict[str, Any]]) -> IndexTally:
        places = {
            (item["pk"], item["sk"]): EventKey(partition=item["event_partition"], key=item["event_key"])
            for item in page
            if "event_partition" in item and "event_key" in item and item.get("type") != ACTIVITY
        }
        events = self._trail.load({*places.values()})
        gone = [key for key, place in places.items() if place not in events]
        entries = self._entries({k: v for k, v in events.items() if not isinstance(v, NewerEvent)})
        surplus = [key for key, place in places.items() if place in entries and key not in entries[place]]
        activity = [item for item in page if item.get("type") == ACTIVITY]
        surplus += [(item["pk"], item["sk"]) for item in activity if not self._stands_for_something(item)]
        if self._repair:
            self._index.delete([*gone, *surplus])
        return IndexTally(left_over=len(gone) + len(surplus), gone=len(gone))

    def _stands_for_something(self, item: dict[str, Any]) -> bool:
        """Whether results of a rollout need an entry that stands for some, or may need it in a moment."""
        key, found = (item["pk"], item["sk"]), FoundEntry(sort_key=item["sk"], entry=IndexEntry.read(item))
        if hash(key) in self._activity:
            return True
        if found.sort_key != activity_sort_key(found.entry):
            return False
        if found.sort_key >= timestamp(self._settled):
            return True  # audit_indexer would not write it again
        results = EntryStream(self._index, results_of(found, ("", NEWEST)))
        for some in batched(results, _ENTRIES):
            events = self._trail.load({each.entry.place for each in some})
            if any(key in entries for entries in self._entries(events).values()):
                return True
        return False

    def _compare_hosts(self) -> IndexTally:
        stored = {host_sort_key(each.host, each.target): each for each in self._index.hosts()}
        expected = {key: each for key, each in self._hosts.items() if self._is_judged(each.entry.at)}
        missing = [each for key, each in expected.items() if key not in stored]
        wrong = [each for key, each in expected.items() if key in stored and self._is_wrong(stored[key], each)]
        left_over = [each for key, each in stored.items() if key not in self._hosts and each.at <= self._settled]
        if self._repair:
            newer = [each for each in wrong if stored[each.sk].at > each.entry.at]
            self._index.delete([(each.pk, each.sk) for each in newer])
            self._index.delete([_host_key(each) for each in left_over])
            for each in (*missing, *wrong):
                self._index.put_host(each)
        return IndexTally(entries=len(expected), missing=len(missing), wrong=len(wrong), left_over=len(left_over))

    def _is_wrong(self, stored: HostEntry, expected: StoredEntry) -> bool:
        is_newer = stored.at > expected.entry.at and stored.at > self._settled  # its event came after the scan
        return not is_newer and stored != expected.entry

    def _compare_targets(self) -> IndexTally:
        stored = set(self._index.targets())
        expected = {name for name, at in self._targets.items() if self._is_judged(at)}
        missing = sorted(expected - stored)
        left_over = [name for name in sorted(stored - self._targets.keys()) if not self._has_entries(name)]
        if self._repair:
            for name in missing:
                self._index.put_target(name)
            self._index.delete([(partition(Facet.TARGETS, "", ""), name) for name in left_over])
        return IndexTally(entries=len(expected), missing=len(missing), left_over=len(left_over))

    def _has_entries(self, target: str) -> bool:
        requests = [PageRequest(partition=each, limit=1) for each in partitions(Facet.TARGET, target)]
        return any(page.entries for page in self._index.pages(requests))


def _host_key(entry: HostEntry) -> EntryKey:
    return partition(Facet.HOSTS, "", entry.host), host_sort_key(entry.host, entry.target)
