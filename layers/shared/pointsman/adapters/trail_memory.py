"""The Trail port in memory, for tests. It is append-only like the table."""

from collections.abc import Iterable, Iterator, Sequence
from threading import RLock

from pointsman.core.index.entry import EventKey
from pointsman.core.index.reindex import StoredEvent
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import RolloutStarted, TrailEvent, read_event
from pointsman.core.trail.item import ReadEvent
from pointsman.core.trail.keys import rollout_partition
from pointsman.core.trail.shrink_to_fit import shrink_to_fit


class MemoryTrail:
    """Keeps events in a dictionary by partition and key."""

    def __init__(self) -> None:
        self.lock = RLock()  # MemoryRollouts takes it too: a transition and its events are one write
        self._events: dict[str, dict[str, TrailEvent]] = {}
        self.page_size = 100

    def record(self, event: Event) -> bool:
        """See Trail.record."""
        with self.lock:
            partition = self._events.setdefault(event.partition, {})
            if event.key in partition:
                return False
            partition[event.key] = read_event(shrink_to_fit(event).to_dict())
            return True

    def of_partition(self, partition: str) -> list[TrailEvent]:
        """See Trail.of_partition."""
        with self.lock:
            return sorted(self._events.get(partition, {}).values(), key=lambda event: (event.at, event.key))

    def with_key(self, partition: str, beginning: str) -> list[TrailEvent]:
        """See Trail.with_key."""
        return [event for event in self.of_partition(partition) if event.key.startswith(beginning)]

    def start_of_rollout(self, rollout: str) -> RolloutStarted | None:
        """The event with which a rollout began; None if there is none."""
        event = self.event(rollout_partition(rollout), RolloutStarted.__name__)
        return event if isinstance(event, RolloutStarted) else None

    def event(self, partition: str, key: str) -> TrailEvent | None:
        """The event of this partition and key; None if there is none."""
        with self.lock:
            return self._events.get(partition, {}).get(key)

    def page(self, partition: str, after: str) -> tuple[list[TrailEvent], str | None]:
        """See PagedTrail.page. A page has `page_size` events."""
        with self.lock:
            events = [event for key, event in sorted(self._events.get(partition, {}).items()) if key > after]
        page = events[: self.page_size]
        return page, page[-1].key if len(events) > len(page) else None

    def scan(self, segment: int, segments: int) -> Iterator[Sequence[StoredEvent]]:
        """See TrailScan.scan. A page is a partition."""
        with self.lock:
            names = [name for number, name in enumerate(sorted(self._events)) if number % segments == segment]
            pages = [[(EventKey.of(event), event) for event in self._events[name].values()] for name in names]
        yield from pages

    def load(self, places: Iterable[EventKey]) -> dict[EventKey, ReadEvent]:
        """See TrailScan.load."""
        found = {place: self.event(place.partition, place.key) for place in places}
        return {place: event for place, event in found.items() if event}

    def all(self) -> list[TrailEvent]:
        """Every event of every partition, by time."""
        with self.lock:
            events = [event for partition in self._events.values() for event in partition.values()]
        return sorted(events, key=lambda event: (event.at, event.key))
