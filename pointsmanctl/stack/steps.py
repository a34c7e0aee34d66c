"""Events that only their rollouts have, such as the start of a run: they are read from the rollouts of other events."""

from collections.abc import Container, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from heapq import merge, nlargest
from itertools import batched, islice
from typing import TYPE_CHECKING, Final

from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.index.entries import entry_of, event_has_task
from pointsman.core.index.entry import IndexEntry
from pointsman.core.index.missing_results import RESULTS_MISSING
from pointsman.core.index.outcomes import RUN_ENDED, SUCCEEDED
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.streams import FoundEntry
from pointsman.core.trail.events import RolloutStarted
from pointsman.core.trail.item import ReadEvent
from pointsman.core.trail.keys import rollout_partition

if TYPE_CHECKING:
    from pointsmanctl.stack.trail_query import TrailReader

# A rollout that is under way may have no event yet that the conditions find: the newest that have begun are read, too.
_BEGUN: Final = timedelta(days=2)
_MOST_BEGUN: Final = 100
_AT_A_TIME: Final = 16  # rollouts
_READERS: Final = 8


def steps_of(reader: "TrailReader", query: IndexQuery, limit: int) -> list[ReadEvent]:
    """Return the newest events that match, `limit` or some more, in no order. Raises Unavailable or Misconfigured."""
    trail = DynamoTrail(reader.client, reader.audit_table)
    found: list[ReadEvent] = []

    def read(entry: IndexEntry) -> list[ReadEvent]:
        events: Sequence[ReadEvent]
        if entry.rollout:
            pk = rollout_partition(entry.rollout)
            events = [event for name in query.types for event in trail.with_key(pk, f"{name}#")]
        else:
            events = [event for event in (trail.event(entry.event_partition, entry.event_key),) if event]
        missing = reader.missing_ends(events) if RESULTS_MISSING in query.outcomes else ()
        keys = {place.key for place in missing}
        return [event for event in events if meets(event, query, entry.branch, keys)]

    seen: set[str] = set()
    others = (each.entry for each in _others(reader, query))
    with ThreadPoolExecutor(_READERS) as pool:
        found += [event for events in pool.map(read, _sources(_begun(reader, query), query, seen)) for event in events]
        for some in batched(_sources(others, query, seen), _AT_A_TIME):
            if len(found) >= limit and nlargest(limit, (event.at for event in found))[-1] > some[0].at:
                break  # what is to come has ended before
            found += [event for events in pool.map(read, some) for event in events]
    return found


def _others(reader: "TrailReader", query: IndexQuery) -> Iterator[FoundEntry]:
    """Yield what the conditions find, newest first. A run that succeeded without any host is not found by its place."""
    found = reader.find(query.replace(types=(), outcomes=()))
    if not (query.account or query.region):
        return found
    succeeded = reader.find(query.replace(types=(RUN_ENDED,), outcomes=(SUCCEEDED,)))
    return merge(found, succeeded, key=lambda each: each.sort_key, reverse=True)


def _sources(entries: Iterable[IndexEntry], query: IndexQuery, seen: set[str]) -> Iterator[IndexEntry]:
    """Yield an entry of each rollout that may have such events, once, and of each event that belongs to none."""
    for entry in entries:
        if entry.rollout and entry.rollout not in seen:
            seen.add(entry.rollout)
            yield entry
        elif not entry.rollout and entry.type in query.types:
            yield entry


def _begun(reader: "TrailReader", query: IndexQuery) -> Iterator[IndexEntry]:
    """Yield the starts of the newest rollouts that may be under way in the time of the question."""
    if query.rollout or query.until is None:
        return
    since = (query.since or query.until) - _BEGUN
    starts = query.replace(
        types=(RolloutStarted.__name__,), outcomes=(), account=None, region=None, host=None, task=None, since=since
    )
    yield from (each.entry for each in islice(reader.find(starts), _MOST_BEGUN))


def meets(event: ReadEvent, query: IndexQuery, branch: str | None, missing: Container[str] = ()) -> bool:
    """Whether an event meets the conditions, except those on files. `branch`: that of its rollout.

    `missing`: the keys of ends of runs of which Ansible did not report that it finished.
    """
    in_time = (query.since is None or query.since <= event.at) and (query.until is None or event.at <= query.until)
    has_task = query.task is None or event_has_task(event, query.task, query.outcomes)
    return in_time and query.matches(entry_of(event, branch, misses_results=event.key in missing)) and has_task
