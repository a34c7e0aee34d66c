"""Keeps the index in line with the trail. Doing it again changes nothing."""

from collections.abc import Callable, Iterable
from typing import Protocol

from pointsman.core.index.entries import StoredEntry, entries_of, keep_newest
from pointsman.core.index.entry import EventKey
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import RolloutStarted
from pointsman.core.trail.keys import rollout_of
from pointsman.core.value import Value

type FindStart = Callable[[str], RolloutStarted | None]
"""Finds the event with which a rollout began, by the rollout's id."""


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

    def __init__(self, writer: EntryWriter, find_start: FindStart) -> None:
        self._writer = writer
        self._find_start = find_start
        self._refs: dict[str, str] = {}  # by rollout
        self._targets: set[str] = set()

    def apply(self, changes: Iterable[EventChange]) -> int:
        """Write the entries of `changes`, in their order. Return how many entries were written."""
        put: dict[tuple[str, str], StoredEntry] = {}
        delete: dict[tuple[str, str], StoredEntry] = {}
        hosts: dict[str, StoredEntry] = {}
        targets: set[str] = set()
        for change in changes:
            old, new = self.entries(change.old, change.place), self.entries(change.new, change.place)
            delete |= {key: each for key, each in old.items() if key not in new}
            put |= new
            if change.new:
                targets |= {change.new.target} if change.new.target else set()
                keep_newest(hosts, change.new)
        self._writer.write(put.values(), [each for key, each in delete.items() if key not in put])
        for host in hosts.values():
            self._writer.put_host(host)
        for name in sorted(targets - self._targets):
            self._writer.put_target(name)
            self._targets.add(name)
        return len(put)

    def entries(self, event: Event | None, place: EventKey) -> dict[tuple[str, str], StoredEntry]:
        """The entries of an event by their keys."""
        if event is None:
            return {}
        return {(each.pk, each.sk): each for each in entries_of(event, self._ref(event, place), place)}

    def _ref(self, event: Event, place: EventKey) -> str | None:
        """The ref that the event's rollout is about: only the rollout's start has it."""
        rollout = rollout_of(place.partition)
        if rollout is None:
            return None
        if rollout not in self._refs:
            start = event if isinstance(event, RolloutStarted) else self._find_start(rollout)
            if start is None:
                return None
            self._refs[rollout] = start.change.ref
        return self._refs[rollout]
