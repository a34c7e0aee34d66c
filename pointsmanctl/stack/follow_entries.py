"""New entries of the index as they come."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from pointsman.core.index.entry import EventKey, IndexEntry
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.streams import FoundEntry
from pointsmanctl.stack.follow import poll
from pointsmanctl.stack.time_span import CLOCK_SKEW

# A build reports a host after the host has ended, and audit_indexer needs seconds. What comes later is not followed.
LATE: Final = timedelta(minutes=2)
INTERVAL: Final = 2.0  # seconds


def new_entries(
    find: Callable[[IndexQuery], Iterator[FoundEntry]],
    query: IndexQuery,
    clock: Callable[[], datetime],
    pause: Callable[[float], None] | None = None,
) -> Iterator[list[IndexEntry]]:
    """Yield the entries that match since `query.since`, or from now on: each once, oldest first, without an end.

    Raises Unavailable after several failures in a row.
    """
    start = since = query.since or clock()
    seen: dict[EventKey, datetime] = {}

    def load() -> tuple[datetime, list[IndexEntry]]:
        now = clock()
        return now, [each.entry for each in find(query.replace(since=since, until=now + CLOCK_SKEW))]

    for now, found in poll(load, INTERVAL, pause):
        since = max(start, now - LATE)
        new = _by_event(found)
        yield [each for key, each in new.items() if key not in seen]
        seen |= {key: each.at for key, each in new.items()}
        seen = {key: at for key, at in seen.items() if at >= since}


def _by_event(newest_first: Iterable[IndexEntry]) -> dict[EventKey, IndexEntry]:
    """Return each event once, oldest first: of a question about a task, each of its tasks has an entry."""
    events: dict[EventKey, IndexEntry] = {}
    for each in reversed([*newest_first]):
        known = events.get(each.place)
        events[each.place] = known.replace(tasks=(*known.tasks, *each.tasks)) if known else each
    return events
