"""Answer a question from the index: from the partitions with the fewest entries, filtered by the other conditions."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from heapq import merge
from itertools import groupby
from typing import Final

from pointsman.core.index.activity import is_activity
from pointsman.core.index.entries import has_task, rollouts_of
from pointsman.core.index.expand import ROWS, ExpandedStream
from pointsman.core.index.facets import Facet, event_sort_key, file_value, partitions, rollout_partitions
from pointsman.core.index.of_commit import of_commit
from pointsman.core.index.outcomes import OUTCOMES_OF_TYPE
from pointsman.core.index.plan import READ_UNITS_OF_A_ROLLOUT, READ_UNITS_OF_A_ROW, stream_of
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.streams import FIRST_ENTRIES, NEWEST, EntryReader, EntryStream, FoundEntry, spans_of
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import DeliveryDecided, RolloutStarted
from pointsman.core.trail.item import timestamp
from pointsman.core.trail.keys import rollout_partition

MOST_ROLLOUTS: Final = 10_000  # that changed a file
ROWS_OF_A_ROLLOUT: Final = 4  # at least, if it was not read yet
FEW_ROLLOUTS: Final = 12  # so few cost next to nothing to read one by one

_ENTRIES_OF_A_ROLLOUT: Final = 16  # to read at first
_CHANGES: Final = (DeliveryDecided.__name__, RolloutStarted.__name__)

type LoadEvent = Callable[[str, str], Event | None]
"""Reads an event of the trail by its partition and key; None: it is gone."""


def search(reader: EntryReader, load: LoadEvent, query: IndexQuery) -> Iterator[FoundEntry]:
    """Yield what matches `query`, newest first. Raises Unavailable or Misconfigured.

    What followed from changes of a file is found among its newest 10,000 rollouts before the time that is asked for.
    """
    for found in _found(reader, load, query):
        entry = found.entry
        if query.is_met_by(entry) and (query.task is None or has_task(entry, query.task, query.outcomes, load)):
            yield found


def _found(reader: EntryReader, load: LoadEvent, query: IndexQuery) -> Iterator[FoundEntry]:
    """Entries that may match, newest first. With a file or an author: the changes, what followed from them, or both."""
    if not (query.file or query.author):
        return _candidates(reader, query, None)
    of_runs = (query.rollout, query.host, query.task, query.account, query.region)
    may_be_change = not any(of_runs) and _may_be_change(query)
    changes = _of_changes(reader, query, _oldest(query), _before(query)) if may_be_change else iter(())
    if not any((*of_runs, query.route, query.outcomes, query.types)):
        return changes
    rollouts = _rollouts_of_changes(reader, load, query) if query.file else None
    followed = _candidates(reader, query, rollouts)
    if rollouts is not None:
        followed = (each for each in followed if each.entry.rollout in rollouts)
    elif query.author and (query.rollout or query.path):  # by which they are found, and not by the author
        is_by_author = cache(partial(_is_by_author, load, query.author))
        followed = (each for each in followed if is_by_author(each.entry.rollout))
    return _once(merge(changes, followed, key=_by_key, reverse=True))


def _is_by_author(load: LoadEvent, author: str, rollout: str | None) -> bool:
    """Whether a rollout brought what an author wrote."""
    start = load(rollout_partition(rollout), RolloutStarted.__name__) if rollout else None
    logins = start.change.author_logins if isinstance(start, RolloutStarted) else ()
    return author.lower() in map(str.lower, logins)


def _may_be_change(query: IndexQuery) -> bool:
    """Whether the event that brought a change may be asked for: a delivery, or the start of a rollout by request."""
    return query.may_be_about(_CHANGES, {one for each in _CHANGES for one in OUTCOMES_OF_TYPE[each]})


def _by_key(found: FoundEntry) -> str:
    return found.sort_key


def _once(found: Iterator[FoundEntry]) -> Iterator[FoundEntry]:
    """Each of the entries once: those that are the same follow each other."""
    return (next(same) for _, same in groupby(found, key=_by_key))


def _rollouts_of_changes(reader: EntryReader, load: LoadEvent, query: IndexQuery) -> set[str]:
    """The newest rollouts that brought a change of the file, or by the author, or both."""
    rollouts: set[str] = set()
    for found in _of_changes(reader, query, "", _before(query)):  # what follows from a change is later
        rollouts |= rollouts_of(found.entry, load)
        if len(rollouts) >= MOST_ROLLOUTS:
            break
    return rollouts


def _of_changes(reader: EntryReader, query: IndexQuery, oldest: str, before: str) -> Iterator[FoundEntry]:
    """The entries of what changed the file, or is by the author, or both."""
    names = [each for each in (_of_author(query), _of_file(query)) if each]
    streams = [EntryStream(reader, spans_of(each, oldest, before)) for each in names]
    if len(streams) == 1:
        return (each for each in streams[0] if not is_activity(each.entry))
    by_author = {each.sort_key for each in streams[0]}
    return (each for each in streams[1] if each.sort_key in by_author)


def _oldest(query: IndexQuery) -> str:
    """The sort key from which on every answer is."""
    return timestamp(query.since) if query.since else ""


def _before(query: IndexQuery) -> str:
    """The sort key before which every answer is."""
    until = f"{timestamp(query.until)}{NEWEST}" if query.until else NEWEST
    return min(until, query.before or NEWEST)


def _candidates(reader: EntryReader, query: IndexQuery, rollouts: set[str] | None) -> Iterator[FoundEntry]:
    """Entries that may match, newest first. `rollouts`: only of these, which are those of a file."""
    span = _oldest(query), _before(query)
    of_rollouts = rollouts is not None and not (query.host or query.rollout)
    if of_rollouts and rollouts is not None and len(rollouts) <= FEW_ROLLOUTS:
        return iter(_of_rollouts(reader, rollouts, span, runs=query.finds_runs_that_succeeded))
    if query.commit and rollouts is None and not (query.host or query.rollout or query.author):
        return of_commit(reader, query.commit, *span, runs=query.finds_runs_that_succeeded)
    stream = stream_of(reader, query, *span, known_rollouts=rollouts is not None)
    if of_rollouts and rollouts is not None and _is_dearer(stream, query, rollouts):
        return iter(_of_rollouts(reader, rollouts, span, runs=query.finds_runs_that_succeeded))
    return _once(iter(ExpandedStream(reader, stream, query, span, rollouts)))


def _is_dearer(stream: EntryStream, query: IndexQuery, rollouts: set[str]) -> bool:
    """Whether reading every rollout by itself costs less than a stream with entries of other rollouts."""
    if len(rollouts) >= MOST_ROLLOUTS:
        return False
    first = [each.entry for each in stream.buffered()]
    of_these = [each for each in first if each.rollout in rollouts]
    to_expand = sum(map(is_activity, of_these))
    matching = ROWS_OF_A_ROLLOUT * to_expand + sum(map(query.is_met_by, of_these))
    units = READ_UNITS_OF_A_ROW * len(first) + READ_UNITS_OF_A_ROLLOUT * to_expand
    return units * ROWS / max(matching, 0.1) > READ_UNITS_OF_A_ROLLOUT * len(rollouts)


def _of_rollouts(reader: EntryReader, rollouts: set[str], span: tuple[str, str], *, runs: bool) -> EntryStream:
    names = rollout_partitions(sorted(rollouts), runs=runs)
    oldest, before = span
    first = max(FIRST_ENTRIES, _ENTRIES_OF_A_ROLLOUT * min(len(rollouts), ROWS))
    return EntryStream(reader, spans_of(names, oldest, event_sort_key(before)), first)


def _of_author(query: IndexQuery) -> list[str]:
    return partitions(Facet.AUTHOR, query.author) if query.author else []


def _of_file(query: IndexQuery) -> list[str]:
    return partitions(Facet.FILE, file_value(query.repository or "", query.file)) if query.file else []
