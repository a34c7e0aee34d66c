"""Segments that the archive's bucket refused, in memory: the twin for tests."""

from collections.abc import Collection, Iterable

from pointsman.core.archive.ports import StoredName
from pointsman.core.archive.stream import Segment


class MemoryKeptSegments:
    """Segments by name."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def keep(self, segments: Iterable[Segment]) -> None:
        """See KeptSegments.keep."""
        self.kept |= {each.name: each.content for each in segments}

    def names(self, prefix: str, before: str) -> list[StoredName]:
        """See KeptSegments.names."""
        found = sorted(name for name in self.kept if name.startswith(prefix) and name < before)
        return [StoredName(name=name, size=len(self.kept[name])) for name in found]

    def load(self, names: Collection[str]) -> dict[str, bytes]:
        """See KeptSegments.load."""
        return {name: self.kept[name] for name in names if name in self.kept}

    def delete(self, names: Collection[str]) -> None:
        """See KeptSegments.delete."""
        for name in names:
            self.kept.pop(name, None)
