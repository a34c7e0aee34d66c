"""Several streams of entries as one to which more can be added."""

from collections.abc import Iterator

from pointsman.core.index.streams import FoundEntry


class MergedStreams:
    """Entries, newest first."""

    def __init__(self) -> None:
        self._heads: list[tuple[FoundEntry, Iterator[FoundEntry]]] = []

    def add(self, stream: Iterator[FoundEntry]) -> None:
        """Add a stream, which is read up to its first entry."""
        if first := next(stream, None):
            self._heads.append((first, stream))

    def after(self, sort_key: str) -> Iterator[FoundEntry]:
        """Take what is newer than a sort key."""
        while self._heads:
            newest = max(self._heads, key=lambda head: head[0].sort_key)
            found, stream = newest
            if found.sort_key <= sort_key:
                return
            yield found
            self._heads.remove(newest)
            self.add(stream)
