"""Which partitions answer a question: those in which the fewest entries have to be read."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from pointsman.core.index.activity import end_of_activity, is_activity
from pointsman.core.index.facets import (
    Facet,
    branch_value,
    event_sort_key,
    host_value,
    is_by_task,
    outcome_by_value,
    partitions,
    path_value,
    rollout_partitions,
)
from pointsman.core.index.outcomes import CHANGES, OUTCOMES_OF_TYPE, SUCCEEDED, WENT_WRONG
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.streams import FIRST_ENTRIES, EntryReader, EntryStream, read_on, spans_of
from pointsman.core.value import Value

# Eventually consistent reads of 4 KB: an entry has about 700 bytes, those of a small rollout have about 10 KB.
READ_UNITS_OF_A_ROW: Final = 0.09
READ_UNITS_OF_A_ROLLOUT: Final = 1.5
READ_UNITS_OF_AN_EVENT: Final = 0.5
# Entries of each condition, to see which is the rarest. Those that stand for results are short.
FIRST_OF_SEVERAL: Final = 32
FIRST_WITH_ACTIVITY: Final = 80
MOST_PARTITIONS: Final = 256  # of targets: a filter of other entries costs less than asking more
_FEW_OUTCOMES: Final = 3  # whose partitions are asked beside others
_COMMON: Final = 3  # one of so many targets, or more, is what most events are about
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


class Places(Value, kw_only=True, frozen=True):
    """The partitions of one condition."""

    partitions: tuple[str, ...]
    has_activity: bool = False  # an entry may stand for results of a rollout


def stream_of(
    reader: EntryReader, query: IndexQuery, oldest: str, before: str, *, known_rollouts: bool = False
) -> EntryStream:
    """The stream of the rarest condition, or of everything. Its entries must still be filtered by the others.

    `known_rollouts`: what is found is filtered by a set of rollouts, which has a question's author already.
    """
    places = list(_places(reader, query.replace(author=None) if known_rollouts else query))
    if not places:
        return _stream(_all_of(Facet.TIME, [""], has_activity=True), reader, oldest, before, FIRST_ENTRIES)
    if len(places) == 1:
        return _stream(places[0], reader, oldest, before, FIRST_ENTRIES)
    sizes = [FIRST_WITH_ACTIVITY if each.has_activity else FIRST_OF_SEVERAL for each in places]
    streams = [_stream(each, reader, oldest, before, size) for each, size in zip(places, sizes, strict=True)]
    read_on(reader, streams)
    newest = max((found.entry.at for stream in streams for found in stream.buffered()), default=_LATEST)
    return min(streams, key=lambda stream: _cost(stream, query, newest))


def _stream(places: Places, reader: EntryReader, oldest: str, before: str, first: int) -> EntryStream:
    """The entries of these places between two sort keys.

    The page before may have ended at a task, whose event is in partitions that have no tasks.
    """
    if places.has_activity:
        before = end_of_activity(before)
    elif not any(map(is_by_task, places.partitions)):
        before = event_sort_key(before)
    return EntryStream(reader, spans_of(places.partitions, oldest, before), first)


def _cost(stream: EntryStream, query: IndexQuery, newest: datetime) -> tuple[bool, float]:
    """What a stream costs for each second of the past; first those that are read already."""
    entries = [found.entry for found in stream.buffered()]
    units = READ_UNITS_OF_A_ROW * len(entries)
    units += READ_UNITS_OF_A_ROLLOUT * sum(map(is_activity, entries))
    if query.task:  # a result names only its first tasks in the index: for the others, the event has to be read
        units += READ_UNITS_OF_AN_EVENT * sum(each.tasks_omitted > 0 for each in entries)
    if not stream.reach() or not entries:
        return bool(stream.reach()), units
    seconds = (newest - min(each.at for each in entries)).total_seconds()
    return True, units / max(seconds, 1e-6)


def _places(reader: EntryReader, query: IndexQuery) -> Iterator[Places]:
    """The places of each condition. Each has everything that may match."""
    if query.rollout and not query.path:
        yield Places(partitions=tuple(rollout_partitions([query.rollout], runs=query.finds_runs_that_succeeded)))
        return
    targets = _targets(reader, query)
    if query.host and query.path:
        yield _all_of(Facet.PATH, [path_value(each, query.host, query.path) for each in targets or ()])
    elif query.outcomes and {*query.outcomes} <= WENT_WRONG:
        yield from _of_what_went_wrong(query, targets)
    elif query.author:  # no event has all of its authors
        yield _all_of(Facet.AUTHOR, [query.author], has_activity=True)
    else:
        places = [*_where_it_happened(query, targets)]
        places += [_all_of(facet, [value], has_activity=True) for facet, value in _causes(query)]
        outcomes = query.outcomes or _outcomes_of(query.types)
        if outcomes and "ok" not in outcomes and (len(outcomes) <= _FEW_OUTCOMES or not places):
            has_activity = not {*CHANGES, SUCCEEDED}.isdisjoint(outcomes)
            places.append(_all_of(Facet.OUTCOME, outcomes, has_activity=has_activity))
        yield from places


def _all_of(facet: Facet, values: Iterable[str], *, has_activity: bool = False) -> Places:
    return Places(
        partitions=tuple(one for each in values for one in partitions(facet, each)), has_activity=has_activity
    )


def _causes(query: IndexQuery) -> Iterator[tuple[Facet, str]]:
    if query.person:
        yield Facet.PERSON, query.person
    if query.route:
        yield Facet.ROUTE, query.route
    if query.repository and query.branch:
        yield Facet.BRANCH, branch_value(query.repository, query.branch)
    elif query.repository:
        yield Facet.REPOSITORY, query.repository


def _where_it_happened(query: IndexQuery, targets: Sequence[str] | None) -> Iterator[Places]:
    """By host, target and task. Runs that succeeded are not found by their target."""
    if query.host:
        yield _all_of(Facet.HOST, [host_value(each, query.host) for each in targets or ()])
    if targets is not None and not query.is_about_runs_that_succeeded and (query.person or not query.host):
        found = [one for each in targets for one in partitions(Facet.TARGET, each, person=query.person)]
        if len(found) <= MOST_PARTITIONS:
            yield Places(partitions=tuple(found))
    if query.task:
        yield Places(partitions=tuple(partitions(Facet.TASK, query.task, person=query.person, targets=targets)))


def _outcomes_of(types: tuple[str, ...]) -> tuple[str, ...]:
    """The outcomes that events of these types have; none if they may have others, too."""
    outcomes = [OUTCOMES_OF_TYPE.get(each, ()) for each in types]
    return tuple(sorted({one for each in outcomes for one in each})) if all(outcomes) else ()


def _of_what_went_wrong(query: IndexQuery, targets: Sequence[str] | None) -> Iterator[Places]:
    """By outcome together with each of the other conditions."""
    if query.author:
        yield Places(partitions=_by_outcome(query, Facet.AUTHOR, query.author, targets), has_activity=True)
        return
    conditions = [*_causes(query), *([(Facet.TASK, query.task)] if query.task else [])]
    for facet, value in conditions:
        yield Places(partitions=_by_outcome(query, facet, value, targets))
    if targets is not None:
        facet = Facet.HOST if query.host else Facet.TARGET
        values = {each: host_value(each, query.host) if query.host else each for each in targets}
        found = (_by_outcome(query, facet, value, [target]) for target, value in values.items())
        yield Places(partitions=tuple(one for each in found for one in each))
    elif not conditions:
        yield _all_of(Facet.OUTCOME, query.outcomes)


def _by_outcome(query: IndexQuery, facet: Facet, value: str, targets: Sequence[str] | None) -> tuple[str, ...]:
    values = [outcome_by_value(facet, value, outcome) for outcome in query.outcomes]
    return tuple(one for each in values for one in partitions(Facet.OUTCOME_BY, each, targets=targets))


def _targets(reader: EntryReader, query: IndexQuery) -> list[str] | None:
    """The targets with the host, or of the account and region; None: all, or so many that asking for each is no use."""
    if query.account and query.region:
        return [f"{query.account}/{query.region}"]
    if query.host:
        return [each.target for each in reader.hosts(query.host) if _is_at(each.target, query)]
    if query.account or query.region:
        every = reader.targets()
        found = [each for each in every if _is_at(each, query)]
        return found if len(found) * _COMMON < len(every) else None
    return None


def _is_at(target: str, query: IndexQuery) -> bool:
    account, _, region = target.partition("/")
    return query.account in (None, account) and query.region in (None, region)
