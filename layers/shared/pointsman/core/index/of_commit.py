"""The entries of a commit: those that name it, and all of its rollouts, since hosts are not found by commit."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import batched
from typing import Final

from pointsman.core.index.entry import IndexEntry
from pointsman.core.index.facets import Facet, commit_partition_value, partitions, rollout_partitions
from pointsman.core.index.merged import MergedStreams
from pointsman.core.index.streams import NEWEST, EntryReader, EntryStream, FoundEntry, spans_of
from pointsman.core.trail.events import RolloutEnded
from pointsman.core.trail.item import timestamp

_WHOLE: Final = (40, 64)  # digits of a SHA-1 and of a SHA-256
_AT_ONCE: Final = 24  # rollouts
# What comes later than that after a rollout's end names the commit: see `names_commit`.
_AFTER_THE_END: Final = timedelta(hours=1)


def of_commit(reader: EntryReader, commit: str, oldest: str, before: str, *, runs: bool = True) -> Iterator[FoundEntry]:
    """Yield the entries of a commit, or of all that begin with its digits, between two sort keys, newest first.

    All that name it and are before `before` are read first, a few for each rollout: a rollout may have begun long ago
    and go on. The rollouts themselves are read when it is their turn, and only those that may have something since
    `oldest`; `runs`: with their runs that succeeded. The sort keys of a commit's partition begin with the commit, so
    those of several commits are sorted here.
    """
    alone: list[FoundEntry] = []
    newest: dict[str, tuple[str, str]] = {}  # of each rollout: its sort key, and that before which everything is
    for found in _naming(reader, commit.lower(), before):
        if name := found.entry.rollout:
            newest[name] = max(newest.get(name, ("", "")), (found.sort_key, _end(found.entry)))
        else:
            alone.append(found)
    ends = {name: end for name, (_, end) in newest.items()}
    wanted = sorted((name for name, end in ends.items() if end >= oldest), key=lambda name: (ends[name], name))[::-1]
    merged = MergedStreams()
    merged.add(each for each in sorted(alone, key=_by_key, reverse=True) if each.sort_key >= oldest)
    for some in batched(wanted, _AT_ONCE):
        yield from merged.after(ends[some[0]])
        names = rollout_partitions(some, runs=runs)
        merged.add(iter(EntryStream(reader, spans_of(names, oldest, before))))
    yield from merged.after("")


def _naming(reader: EntryReader, commit: str, before: str) -> Iterator[FoundEntry]:
    """The entries that name it, with the sort keys that they have elsewhere."""
    first, last = (f"{commit}#", f"{commit}#{before}") if len(commit) in _WHOLE else (commit, f"{commit}{NEWEST}")
    names = partitions(Facet.COMMIT, commit_partition_value(commit))
    for each in EntryStream(reader, spans_of(names, first, last)):
        sort_key = each.sort_key.partition("#")[2]
        if sort_key < before:
            yield FoundEntry(sort_key=sort_key, entry=each.entry)


def _end(newest: IndexEntry) -> str:
    """The sort key before which everything of a rollout is, by the newest entry that names its commit."""
    if newest.type != RolloutEnded.__name__:
        return NEWEST
    try:
        return timestamp(newest.at + _AFTER_THE_END)
    except OverflowError:  # somebody has put it into the trail
        return NEWEST


def _by_key(found: FoundEntry) -> str:
    return found.sort_key
