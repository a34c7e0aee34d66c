"""Entries of several partitions as one stream, newest first."""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, Protocol

from pointsman.core.index.entry import HostEntry, IndexEntry
from pointsman.core.value import Value

FIRST_ENTRIES: Final = 120  # of all partitions together; a page grows while a question goes on
SMALLEST_PAGE, LARGEST_PAGE = 4, 1_000  # entries of a partition
ABOUT: Final = 1.1  # so much more than expected is read at once
NEWEST: Final = "~"  # after every sort key


class PartitionSpan(Value, kw_only=True, frozen=True):
    """What is to be read of a partition: sort keys from `oldest` on, and before `before`."""

    partition: str
    oldest: str = ""
    before: str = NEWEST


class PageRequest(Value, kw_only=True, frozen=True):
    """A page of a partition, newest first: sort keys from `oldest` on, and before `before`."""

    partition: str
    oldest: str = ""
    before: str = NEWEST
    limit: int


class FoundEntry(Value, kw_only=True, frozen=True):
    """An entry and its sort key, which is also the place where a page ends."""

    sort_key: str
    entry: IndexEntry


class Page(Value, kw_only=True, frozen=True):
    """Entries of a partition. `more`: there may be older ones, from `end` on if the last could not be read."""

    entries: tuple[FoundEntry, ...]
    more: bool
    end: str | None = None

    def next_before(self, before: str) -> str:
        """Where the next page begins, after this one from `before` on."""
        return self.end or (self.entries[-1].sort_key if self.entries else before)


class EntryReader(Protocol):
    """The index."""

    def pages(self, requests: Sequence[PageRequest]) -> list[Page]:
        """A page for each request, read at the same time. Raises Unavailable or Misconfigured."""

    def hosts(self, name: str | None = None) -> list[HostEntry]:
        """The hosts of this name, or all, by name and target."""

    def targets(self) -> list[str]:
        """The names of the targets that have entries, in order."""


class _Partition:
    """What is read of a partition so far."""

    def __init__(self, span: PartitionSpan) -> None:
        self.span = span
        self.before = span.before
        self.buffer: deque[FoundEntry] = deque()
        self.read = 0
        self.newest: datetime | None = None
        self.oldest: datetime | None = None
        self.more = span.oldest < span.before

    def add(self, page: Page) -> None:
        """Add the next page."""
        self.buffer.extend(page.entries)
        self.read += len(page.entries)
        self.more = page.more
        self.before = page.next_before(self.before)
        if page.entries:
            self.newest = self.newest or page.entries[0].entry.at
            self.oldest = page.entries[-1].entry.at

    def density(self, newest: datetime | None) -> float:
        """How many entries it has for each second before `newest`."""
        if newest is None or self.oldest is None:
            return 1.0
        return self.read / max((newest - self.oldest).total_seconds(), 1.0)

    @property
    def is_dry(self) -> bool:
        """Whether the next entry has to be read."""
        return self.more and not self.buffer


class EntryStream:
    """The entries of several partitions, newest first. An entry that is in two of them comes once.

    Those that stand for results of one rollout have the same sort key, but stand for others by another outcome.

    `first`: how many entries are read at first, of all partitions together.
    """

    def __init__(self, reader: EntryReader, spans: Iterable[PartitionSpan], first: int = FIRST_ENTRIES) -> None:
        self._reader = reader
        self._partitions = [_Partition(span) for span in spans]
        self._wanted = float(first)  # entries in all
        self._last: tuple[str, tuple[str, ...]] = "", ()

    def expect(self, entries: float) -> None:
        """Say that so many entries more are wanted, with those that are read and not yet taken."""
        self._wanted = self._taken() + entries

    def reach(self) -> str:
        """How far the pages that were read reach into the past. Empty: everything is read."""
        return max((each.before for each in self._partitions if each.more), default="")

    def buffered(self) -> list[FoundEntry]:
        """What is read and not yet taken, in no order."""
        return [found for each in self._partitions for found in each.buffer]

    def batch(self) -> list[FoundEntry]:
        """Take the next entries that can be had at once: none at the end."""
        taken: list[FoundEntry] = []
        while not taken and self._refill():
            while not any(each.is_dry for each in self._partitions) and (found := self._pop()):
                this = found.sort_key, found.entry.outcomes
                taken += [found] if this != self._last else []
                self._last = this
        return taken

    def __iter__(self) -> Iterator[FoundEntry]:
        """Yield the entries. Pages are read when they are needed."""
        while some := self.batch():
            yield from some

    def _taken(self) -> int:
        return sum(each.read - len(each.buffer) for each in self._partitions)

    def _pop(self) -> FoundEntry | None:
        """The newest entry that is read."""
        filled = [each for each in self._partitions if each.buffer]
        if not filled:
            return None
        return max(filled, key=lambda each: each.buffer[0].sort_key).buffer.popleft()

    def _refill(self) -> bool:
        """While a partition has nothing left, read on in all that have little left. Return whether there is any."""
        while any(each.is_dry for each in self._partitions):
            read_on(self._reader, [self])
        return any(each.buffer for each in self._partitions)

    def requests(self) -> list[PageRequest]:
        """The pages to read next."""
        return [
            PageRequest(partition=each.span.partition, oldest=each.span.oldest, before=each.before, limit=limit)
            for each, limit in self._waiting()
        ]

    def accept(self, pages: Iterable[Page]) -> None:
        """Take the pages of `requests`."""
        for (each, _), page in zip(self._waiting(), pages, strict=True):
            each.add(page)

    def _waiting(self) -> list[tuple[_Partition, int]]:
        """The partitions to read on, each with a page by how close together its entries are."""
        if self._taken() >= self._wanted:
            self._wanted = self._taken() * 2.0
        open_ones = [each for each in self._partitions if each.more]
        wanted = self._wanted - sum(each.read for each in self._partitions if not each.more)
        newest = max((each.newest for each in open_ones if each.newest), default=None)
        densities = [each.density(newest) for each in open_ones]
        waiting = []
        for each, density in zip(open_ones, densities, strict=True):
            missing = math.ceil(wanted * density / sum(densities) * (ABOUT if newest else 1)) - each.read
            if missing > 0 or not each.buffer:
                waiting.append((each, min(max(missing, SMALLEST_PAGE), LARGEST_PAGE)))
        return waiting


def read_on(reader: EntryReader, streams: Sequence[EntryStream]) -> None:
    """Read the next pages of several streams at the same time."""
    requests = [each.requests() for each in streams]
    pages = iter(reader.pages([one for some in requests for one in some]))
    for stream, some in zip(streams, requests, strict=True):
        stream.accept([next(pages) for _ in some])


def spans_of(partitions: Iterable[str], oldest: str, before: str) -> list[PartitionSpan]:
    """The same span of several partitions."""
    return [PartitionSpan(partition=each, oldest=oldest, before=before) for each in partitions]
