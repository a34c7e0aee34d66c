"""In which partitions of the index an event is found."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pointsman.core.index.entry import IndexEntry
from pointsman.core.index.facets import Facet, branch_value, file_value, host_value, outcome_by_value
from pointsman.core.index.outcomes import CHANGES, SUCCEEDED, WENT_WRONG, is_quiet_entry
from pointsman.core.run_request import RunRequest
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import DeliveryDecided, HostResultRecorded, PlaybookEnded, RolloutStarted, RunEnded

type Place = tuple[Facet, str]
"""A facet and a value."""

_RESULTS: Final = (HostResultRecorded, RunEnded, PlaybookEnded)
_FEW_AUTHORS: Final = 10  # whose faults have entries of their own: a merge can have hundreds of authors


def is_result(event: Event) -> bool:
    """Whether an event is a result of a rollout's runs, so that who caused it is found through the rollout."""
    return isinstance(event, _RESULTS) and bool(event.rollout)


def authors_of(event: Event) -> tuple[str, ...]:
    """The logins of who wrote what the event brought. The delivery of a rollout names them for both."""
    match event:
        case DeliveryDecided():
            return event.change.author_logins
        case RolloutStarted(request=RunRequest()):
            return event.change.author_logins
        case _:
            return ()


def places_of(event: Event, entry: IndexEntry, authors: Sequence[str]) -> Iterator[Place]:
    """Where the event itself is found. `authors`: the logins of who wrote what its rollout brings."""
    if is_quiet_entry(entry):
        yield Facet.SUCCEEDED, entry.rollout or ""
        return
    yield Facet.TIME, ""
    yield from _where_it_happened(entry)
    found_by_rollout = is_result(event)
    for outcome in entry.outcomes:
        if outcome != "ok" and not (found_by_rollout and outcome in CHANGES):
            yield Facet.OUTCOME, outcome
    if not found_by_rollout:
        yield from _causes(entry)
    yield from ((Facet.AUTHOR, login) for login in authors_of(event))
    if entry.repository and isinstance(event, DeliveryDecided | RolloutStarted):
        yield from ((Facet.FILE, file_value(entry.repository, file)) for file in event.change.files)
    conditions = [*_causes(entry), *_where_it_happened(entry)]
    yield from _by_outcome([*conditions, *(_by_authors(authors) if len(authors) <= _FEW_AUTHORS else ())], entry)


def places_of_activity(event: Event, entry: IndexEntry, authors: Sequence[str]) -> Iterator[Place]:
    """Where the event is found through its rollout, whatever its outcome."""
    if not entry.rollout:
        return
    yield from _by_authors(authors)
    if len(authors) > _FEW_AUTHORS:
        yield from _by_outcome(_by_authors(authors), entry)
    if is_result(event):
        yield from _causes(entry)


def places_of_outcome(event: Event, entry: IndexEntry) -> Iterator[tuple[Place, str]]:
    """Where the event is found through its rollout by an outcome that most results have, and the outcome."""
    if is_quiet_entry(entry):
        yield (Facet.TIME, ""), SUCCEEDED
    for outcome in entry.outcomes if is_result(event) else ():
        if outcome in CHANGES or is_quiet_entry(entry):
            yield (Facet.OUTCOME, outcome), outcome


def places_of_task(name: str, outcomes: Iterable[str]) -> Iterator[Place]:
    """Where a task of this name and with these outcomes is found."""
    yield Facet.TASK, name
    for outcome in outcomes:
        if outcome in WENT_WRONG:
            yield Facet.OUTCOME_BY, outcome_by_value(Facet.TASK, name, outcome)


def _where_it_happened(entry: IndexEntry) -> Iterator[Place]:
    if entry.rollout:
        yield Facet.ROLLOUT, entry.rollout
    if entry.target:
        yield Facet.TARGET, entry.target
        if entry.host:
            yield Facet.HOST, host_value(entry.target, entry.host)


def _causes(entry: IndexEntry) -> Iterator[Place]:
    if entry.person:
        yield Facet.PERSON, entry.person
    if entry.route:
        yield Facet.ROUTE, entry.route
    if entry.repository:
        yield Facet.REPOSITORY, entry.repository
        if entry.branch:
            yield Facet.BRANCH, branch_value(entry.repository, entry.branch)


def _by_authors(authors: Sequence[str]) -> Iterator[Place]:
    return ((Facet.AUTHOR, login) for login in authors)


def _by_outcome(places: Iterable[Place], entry: IndexEntry) -> Iterator[Place]:
    """What went wrong, by each of these conditions but the rollout."""
    wrong = [each for each in entry.outcomes if each in WENT_WRONG]
    for facet, value in places if wrong else ():
        if facet is not Facet.ROLLOUT:
            yield from ((Facet.OUTCOME_BY, outcome_by_value(facet, value, outcome)) for outcome in wrong)
