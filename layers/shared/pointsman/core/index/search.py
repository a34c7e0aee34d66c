"""Answer a question from the index: from the partitions with the fewest entries, filtered by the other conditions."""

from collections.abc import Callable, Iterator
from heapq import merge
from itertools import groupby
from typing import Final

from pointsman.core.index.entries import has_task, rollouts_of
from pointsman.core.index.facets import (
    Facet,
    branch_value,
    event_sort_key,
    file_value,
    host_value,
    is_by_task,
    partitions,
    path_value,
)
from pointsman.core.index.of_commit import of_commit
from pointsman.core.index.outcomes import OUTCOMES_OF_TYPE, RUN_ENDED, is_quiet_entry
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.streams import NEWEST, EntryReader, EntryStream, FoundEntry
from pointsman.core.trail.event import Event
from pointsman.core.trail.item import timestamp

MOST_ROLLOUTS: Final = 10_000  # of an author, or that changed a file
FEW_ROLLOUTS: Final = 12  # so few cost next to nothing to read one by one
READ_UNITS_OF_A_ROLLOUT: Final = 2  # at least half a unit for each of its four partitions
READ_UNITS_OF_A_ROW: Final = 0.125  # an entry has about 1,000 bytes
ROWS: Final = 100  # that a question is expected to show

type LoadEvent = Callable[[str, str], Event | None]
"""Reads an event of the trail by its partition and key; None: it is gone."""


def search(reader: EntryReader, load: LoadEvent, query: IndexQuery) -> Iterator[FoundEntry]:
    """Yield what matches `query`, newest first. Raises Unavailable or Misconfigured.

    What followed from changes of a file or an author is found among their newest 10,000 rollouts before the time
    that is asked for.
    """
    for found in _found(reader, load, query):
        entry = found.entry
        if query.matches(entry) and (query.task is None or has_task(entry, query.task, query.outcomes, load)):
            yield found


def _found(reader: EntryReader, load: LoadEvent, query: IndexQuery) -> Iterator[FoundEntry]:
    """Entries that may match, newest first. With a file or an author: the changes, what followed from them, or both."""
    if not (query.file or query.author):
        return _candidates(reader, query, None)
    of_runs = (query.rollout, query.host, query.task, query.account, query.region)
    changes = iter(()) if any(of_runs) else _of_changes(reader, query, _oldest(query), _before(query))
    if not any((*of_runs, query.route, query.outcomes, query.types)):
        return changes
    rollouts = _rollouts_of_changes(reader, load, query)
    followed = (each for each in _candidates(reader, query, rollouts) if each.entry.rollout in rollouts)
    return _once(merge(changes, followed, key=lambda each: each.sort_key, reverse=True))


def _once(found: Iterator[FoundEntry]) -> Iterator[FoundEntry]:
    """Each of the entries once: those that are the same follow each other."""
    return (next(same) for _, same in groupby(found, key=lambda each: each.sort_key))


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
    streams = [EntryStream(reader, each, oldest, before) for each in (_of_author(query), _of_file(query)) if each]
    if len(streams) == 1:
        return iter(streams[0])
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
    """Entries that may match, newest first."""
    oldest, before = _oldest(query), _before(query)

    def stream(names: list[str]) -> EntryStream:
        # The page before may have ended at a task, whose event is in partitions that have no tasks.
        by_task = any(is_by_task(each) for each in names)
        return EntryStream(reader, names, oldest, before if by_task else event_sort_key(before))

    narrow = _narrow(reader, query)
    if narrow is not None:
        of_task = stream(partitions(Facet.TASK, query.task)) if query.task and not query.path else None
        yield from _cheaper(stream(narrow), of_task, query) if of_task else stream(narrow)
    elif rollouts is not None and (len(rollouts) <= FEW_ROLLOUTS or query.is_about_runs_that_succeeded):
        yield from stream(_of_rollouts(rollouts))
    elif rollouts is None and query.commit:
        yield from of_commit(reader, query.commit, oldest, before)
    else:
        conditions = list(_broad(reader, query, all_runs=rollouts is not None)) or [partitions(Facet.TIME)]
        broad = _rarest([stream(each) for each in conditions])
        if rollouts is not None and _is_dearer(broad, query, rollouts):
            yield from stream(_of_rollouts(rollouts))
        else:  # some of several have no quiet entries, so the answer has none, whichever is read
            yield from (each for each in broad if len(conditions) == 1 or not is_quiet_entry(each.entry))


def _rarest(streams: list[EntryStream]) -> EntryStream:
    """The stream whose first entries reach furthest into the past. A single one is not asked."""
    return min(streams, key=EntryStream.probe) if len(streams) > 1 else streams[0]


def _cheaper(narrow: EntryStream, of_task: EntryStream, query: IndexQuery) -> EntryStream:
    """The entries of the task, unless those of the host or rollout are few, or the task's are of others.

    A result names only its first tasks in the index: for the others, each event has to be read.
    """
    if not narrow.probe():
        return narrow
    is_found = not of_task.probe() or any(query.matches(each.entry) for each in of_task.buffered())
    return of_task if is_found else narrow


def _is_dearer(broad: EntryStream, query: IndexQuery, rollouts: set[str]) -> bool:
    """Whether reading every rollout by itself costs less than a stream with entries of other rollouts."""
    if not broad.probe() or len(rollouts) >= MOST_ROLLOUTS:
        return False
    first = broad.buffered()
    matching = sum(each.entry.rollout in rollouts and query.matches(each.entry) for each in first)
    units = READ_UNITS_OF_A_ROW * ROWS * len(first) / max(matching, 0.1)
    return units > READ_UNITS_OF_A_ROLLOUT * len(rollouts)


def _narrow(reader: EntryReader, query: IndexQuery) -> list[str] | None:
    """The partitions of a condition that few entries meet; None if there is no such condition."""
    if query.host:
        targets = [each.target for each in reader.hosts(query.host) if _is_at(each.target, query)]
        if query.path:
            return [one for each in targets for one in partitions(Facet.PATH, path_value(each, query.host, query.path))]
        return [one for each in targets for one in partitions(Facet.HOST, host_value(each, query.host))]
    if query.rollout:
        return partitions(Facet.ROLLOUT, query.rollout)
    return None


def _of_rollouts(rollouts: set[str]) -> list[str]:
    return [one for each in sorted(rollouts) for one in partitions(Facet.ROLLOUT, each)]


def _is_at(target: str, query: IndexQuery) -> bool:
    account, _, region = target.partition("/")
    return query.account in (None, account) and query.region in (None, region)


def _of_author(query: IndexQuery) -> list[str]:
    return partitions(Facet.AUTHOR, query.author) if query.author else []


def _of_file(query: IndexQuery) -> list[str]:
    return partitions(Facet.FILE, file_value(query.repository or "", query.file)) if query.file else []


def _broad(reader: EntryReader, query: IndexQuery, *, all_runs: bool) -> Iterator[list[str]]:
    """The partitions of each condition that many entries may meet. `all_runs`: rather those with every run."""
    has_quiet = query.is_about_runs_that_succeeded
    if query.account or query.region:
        targets = [each for each in reader.targets() if _is_at(each, query)]
        yield [one for each in targets for one in partitions(Facet.TARGET, each)]
        if has_quiet or all_runs:
            return
    for facet, value in (
        (Facet.TASK, query.task),
        (Facet.PERSON, query.person),
        (Facet.ROUTE, query.route),
        (Facet.BRANCH, query.branch and query.repository and branch_value(query.repository, query.branch)),
        (Facet.REPOSITORY, None if query.branch else query.repository),
    ):
        if value:
            yield partitions(facet, value)
    outcomes = query.outcomes or _outcomes_of(query.types)
    if outcomes and "ok" not in outcomes and not (has_quiet and RUN_ENDED in query.types):
        yield [one for each in outcomes for one in partitions(Facet.OUTCOME, each)]


def _outcomes_of(types: tuple[str, ...]) -> tuple[str, ...]:
    """The outcomes that events of these types have; none if they may have others, too."""
    outcomes = [OUTCOMES_OF_TYPE.get(each, ()) for each in types]
    return tuple(sorted({one for each in outcomes for one in each})) if all(outcomes) else ()
