"""Keeps the index in line with the trail. Doing it again changes nothing."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final, Protocol

from pointsman.core.index.entries import StoredEntry, entries_of, keep_newest, stands_for_results
from pointsman.core.index.entry import Cause, EventKey
from pointsman.core.index.missing_results import misses_results, place_of_end, place_of_run
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import RolloutStarted, RunEnded
from pointsman.core.trail.keys import rollout_of
from pointsman.core.value import Value

type FindStart = Callable[[str], RolloutStarted | None]
"""Finds the event with which a rollout began, by the rollout's id."""

type LoadEvents = Callable[[Collection[EventKey]], Mapping[EventKey, Event]]
"""Finds events by where they are, as they are now. Those that are not there are left out."""
MOST_ACTIVITY: Final = 10_000  # keys that a process remembers
MOST_CAUSES: Final = 1_000  # of rollouts, that it remembers
type Entries = dict[tuple[str, str], StoredEntry]
"""Entries by their keys."""


class EventChange(Value, kw_only=True, frozen=True):
    """A change of the trail: an event without `old` is new, one without `new` is gone."""

    place: EventKey
    old: Event | None = None
    new: Event | None = None


class EntryWriter(Protocol):
    """The index, for its writer."""

    def write(self, put: Iterable[StoredEntry], delete: Iterable[StoredEntry]) -> None:
        """Store entries, over those of the same keys, and delete others. Raises Unavailable or Misconfigured."""

    def put_host(self, stored: StoredEntry) -> None:
        """Store a host, unless a newer result of it is stored. Raises Unavailable or Misconfigured."""

    def put_target(self, name: str) -> None:
        """Store the name of a target. Raises Unavailable or Misconfigured."""


class Indexer:
    """Writes the entries of events."""

    def __init__(self, writer: EntryWriter, find_start: FindStart, load: LoadEvents) -> None:
        self._writer = writer
        self._find_start = find_start
        self._load = load
        self._causes: dict[str, Cause] = {}  # by rollout
        self._activity: set[tuple[str, str]] = set()  # keys that are written already: every result has the same
        self._targets: set[str] = set()

    def apply(self, changes: Iterable[EventChange]) -> int:
        """Write the entries of `changes`, in their order. Return how many entries were written."""
        changes = list(changes)
        events = {change.place: change.new for change in changes if change.new}
        stored = self.related(each for change in changes for each in (change.old, change.new))
        put: Entries = {}
        delete: Entries = {}
        for change in changes:
            for old, new in self._entries_of_change(change, stored, events):
                for key, each in old.items():  # also what an earlier change of this batch would have put
                    put.pop(key, None)
                    delete[key] = each
                for key, each in new.items():
                    if stands_for_results(each) and change.new is not events.get(change.place):
                        continue  # this batch changes the event again: then it may need others
                    delete.pop(key, None)
                    put[key] = each
        put = {key: each for key, each in put.items() if key not in self._activity}
        self._activity -= delete.keys()  # if it fails half-way, they may be deleted
        self._writer.write(put.values(), delete.values())
        self._note_activity(put)
        self._note_lists(events.values())
        return len(put)

    def _note_activity(self, put: Entries) -> None:
        if len(self._activity) > MOST_ACTIVITY:
            self._activity.clear()
        self._activity |= {key for key, each in put.items() if stands_for_results(each)}

    def _entries_of_change(
        self, change: EventChange, stored: Mapping[EventKey, Event], events: Mapping[EventKey, Event]
    ) -> Iterator[tuple[Entries, Entries]]:
        """The entries before and after a change, and those of the run in whose build Ansible now ended.

        `events`: those of the same batch. A run among them has been told of the end of its Ansible already.
        """
        related = {**stored, **events}
        old, new = self.entries(change.old, change.place, related), self.entries(change.new, change.place, related)
        if change.new is None:
            yield {**self._entries_with_end(change), **old}, {}
            return
        yield own(old), new
        place = place_of_run(change.new)
        run = stored.get(place) if place and place not in events else None
        if place and isinstance(run, RunEnded) and place_of_end(run) == change.place:
            yield own(self.entries(run, place, ())), self.entries(run, place, (change.place,))

    def _entries_with_end(self, change: EventChange) -> Entries:
        """Those of a run's end that is gone, as they were if the end of its Ansible was there: it may be gone first."""
        end = place_of_end(change.old)
        return self.entries(change.old, change.place, (end,)) if end else {}

    def _note_lists(self, events: Iterable[Event]) -> None:
        hosts: dict[str, StoredEntry] = {}
        targets: set[str] = set()
        for event in events:
            targets |= {event.target} if event.target else set()
            keep_newest(hosts, event)
        for host in hosts.values():
            self._writer.put_host(host)
        for name in sorted(targets - self._targets):
            self._writer.put_target(name)
            self._targets.add(name)

    def related(self, events: Iterable[Event | None]) -> dict[EventKey, Event]:
        """The events on which entries of `events` depend: of a run its end of Ansible, and the other way round."""
        places = {place for event in events for place in (place_of_end(event), place_of_run(event)) if place}
        return dict(self._load(places)) if places else {}

    def entries(self, event: Event | None, place: EventKey, related: Collection[EventKey]) -> Entries:
        """The entries of an event by their keys. `related`: see there."""
        if event is None:
            return {}
        missing = misses_results(event, related)
        found = entries_of(event, self._cause(event, place), place, misses_results=missing)
        return {(each.pk, each.sk): each for each in found}

    def _cause(self, event: Event, place: EventKey) -> Cause:
        """What the event's rollout brings."""
        rollout = rollout_of(place.partition) or event.rollout  # what asked for it is in a partition of its own
        if not rollout:
            return Cause()
        if isinstance(event, RolloutStarted):  # which an erratum may have changed
            return self._remember(rollout, event)
        if known := self._causes.get(rollout):
            return known
        start = self._find_start(rollout)
        return self._remember(rollout, start) if start else Cause()

    def _remember(self, rollout: str, start: RolloutStarted) -> Cause:
        if len(self._causes) >= MOST_CAUSES:
            self._causes.clear()
        self._causes[rollout] = cause = Cause.of(start)
        return cause


def own(entries: Entries) -> Entries:
    """Those that stand for one event: other results of the rollout need the others."""
    return {key: each for key, each in entries.items() if not stands_for_results(each)}
