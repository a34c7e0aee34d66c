"""Entries of several partitions as one stream, newest first."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol

from pointsman.core.index.entry import HostEntry, IndexEntry
from pointsman.core.value import Value

FIRST_ENTRIES = 120  # of all partitions together; a page grows while a question goes on
SMALLEST_PAGE, LARGEST_PAGE = 8, 400  # entries of a partition
NEWEST = "~"  # after every sort key


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

    def __init__(self, name: str, before: str) -> None:
        self.name = name
        self.before = before
        self.buffer: deque[FoundEntry] = deque()
        self.more = True


class EntryStream:
    """The entries of several partitions, newest first. An entry that is in two of them comes once."""

    def __init__(self, reader: EntryReader, partitions: Sequence[str], oldest: str, before: str) -> None:
        self._reader = reader
        self._partitions = [_Partition(name, before) for name in partitions]
        self._oldest = oldest
        self._page = max(FIRST_ENTRIES // max(len(partitions), 1), SMALLEST_PAGE)

    def probe(self) -> str:
        """Read the first pages. Return how far they reach into the past: the smaller, the rarer are the entries."""
        self._refill()
        ends = [each.before for each in self._partitions if each.more]
        return max(ends, default="")

    def buffered(self) -> list[FoundEntry]:
        """What is read and not yet taken."""
        return [found for each in self._partitions for found in each.buffer]

    def __iter__(self) -> Iterator[FoundEntry]:
        """Yield the entries. Pages are read when they are needed."""
        last = ""
        while True:
            self._refill()
            filled = [each for each in self._partitions if each.buffer]
            if not filled:
                return
            found = max(filled, key=lambda each: each.buffer[0].sort_key).buffer.popleft()
            if found.sort_key != last:
                yield found
            last = found.sort_key

    def _refill(self) -> None:
        """While a partition has nothing left, read on in all that have little left."""
        while any(each.more and not each.buffer for each in self._partitions):
            self._read_on()

    def _read_on(self) -> None:
        waiting = [each for each in self._partitions if each.more and len(each.buffer) <= self._page // 4]
        requests = [
            PageRequest(partition=each.name, oldest=self._oldest, before=each.before, limit=self._page)
            for each in waiting
        ]
        self._page = min(self._page * 2, LARGEST_PAGE)
        for each, page in zip(waiting, self._reader.pages(requests), strict=True):
            each.buffer.extend(page.entries)
            each.more = page.more
            each.before = page.next_before(each.before)
