"""The results of a rollout as entries of the index: one for each ten minutes in which it has some.

A push to ten targets has dozens of results, and all of them are by the same person, on the same branch. So the
partitions of these have one entry that says where the results are, and not one for each result.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from pointsman.core.index.entry import Cause, IndexEntry
from pointsman.core.index.facets import Facet, partition, rollout_partitions
from pointsman.core.index.outcomes import SUCCEEDED
from pointsman.core.index.streams import NEWEST, FoundEntry, PartitionSpan, spans_of
from pointsman.core.trail.events import RolloutStarted
from pointsman.core.trail.item import timestamp
from pointsman.core.trail.keys import rollout_partition

ACTIVITY: Final = "RolloutActivity"  # the type of these entries; there is no such event
_MINUTES: Final = 10
_LENGTH: Final = timedelta(minutes=_MINUTES)
_TIMESTAMP: Final = len("2026-11-23T04:58:35.662851Z")


def activity_of(at: datetime, rollout: str, branch: str | None, cause: Cause) -> IndexEntry:
    """The entry that says that a rollout has results at a time. All of these minutes have the same."""
    return IndexEntry(
        type=ACTIVITY,
        at=_begin(at),
        event_partition=rollout_partition(rollout),
        event_key=RolloutStarted.__name__,
        rollout=rollout,
        repository=cause.repository,
        branch=branch,
        route=cause.route,
    )


def activity_sort_key(entry: IndexEntry) -> str:
    """The end of its minutes, so that it comes before what it stands for when the newest is read first."""
    return f"{_end(entry.at)}#{entry.rollout}"


def is_activity(entry: IndexEntry) -> bool:
    """Whether an entry stands for results, and not for an event."""
    return entry.type == ACTIVITY


def results_of(found: FoundEntry, span: tuple[str, str], *, runs: bool = True) -> list[PartitionSpan]:
    """Where the results are for which an entry stands, between two sort keys. `runs`: also those that succeeded."""
    entry, (oldest, before) = found.entry, span
    rollout = entry.rollout or ""
    if entry.outcomes:
        names = [partition(Facet.SUCCEEDED if SUCCEEDED in entry.outcomes else Facet.ROLLOUT, rollout)]
    else:
        names = rollout_partitions([rollout], runs=runs)
    return spans_of(names, max(oldest, timestamp(entry.at)), min(before, found.sort_key.partition("#")[0]))


def end_of_activity(before: str) -> str:
    """The sort key before which the entries are that stand for results before `before`."""
    try:
        moment = datetime.fromisoformat(before[:_TIMESTAMP])
    except ValueError:
        return NEWEST
    return f"{_end(_begin(moment))}{NEWEST}"


def _begin(at: datetime) -> datetime:
    at = at.astimezone(UTC)
    return at.replace(minute=at.minute // _MINUTES * _MINUTES, second=0, microsecond=0)


def _end(begin: datetime) -> str:
    """Before this, everything of the minutes since `begin` is."""
    try:
        return timestamp(begin + _LENGTH)
    except OverflowError:  # somebody has put it into the trail
        return f"{timestamp(datetime.max.replace(tzinfo=UTC))}{NEWEST}"
