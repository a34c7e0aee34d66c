"""The archive in memory: the twin for tests."""

from collections.abc import Collection, Iterable, Mapping
from itertools import takewhile

from pointsman.core.archive.digest import DIGESTS, KEYS
from pointsman.core.archive.ports import StoredName
from pointsman.core.archive.stream import FROM_TABLE, SEGMENTS, Segment
from pointsman.errors import Conflict


class MemoryArchive:
    """Objects by name: the export in one dictionary, digests and keys in another, which is never written over."""

    def __init__(self, export: Mapping[str, bytes] | None = None, locked: Mapping[str, bytes] | None = None) -> None:
        self.export, self.locked = dict(export or {}), dict(locked or {})

    def put_segments(self, segments: Iterable[Segment]) -> None:
        """See SegmentWriter.put_segments."""
        self.export |= {each.name: each.content for each in segments}

    def oldest_segment(self) -> str | None:
        """See SegmentWriter.oldest_segment."""
        return next((each.name for each in self.names(f"{SEGMENTS}2", "~")), None)

    def newest_digest(self) -> str | None:
        """See ArchiveStore.newest_digest."""
        return max(self.digest_names(DIGESTS, "~"), default=None)

    def digest_names(self, first: str, last: str) -> list[str]:
        """See ArchiveReader.digest_names."""
        return sorted(name for name in self.locked if name.startswith(DIGESTS) and first <= name <= last)

    def digests(self, names: Collection[str]) -> dict[str, bytes]:
        """See ArchiveReader.digests."""
        return {name: self.locked[name] for name in names if name in self.locked}

    def load(self, names: Collection[str]) -> dict[str, bytes]:
        """See ArchiveReader.load."""
        return {name: self.export[name] for name in names if name in self.export}

    def waiting(self) -> list[str]:
        """See ArchiveReader.waiting."""
        return [each.name for each in [*self.names(FROM_TABLE, "~"), *self.names(f"{SEGMENTS}2", "~")]]

    def public_keys(self) -> dict[str, bytes]:
        """See ArchiveReader.public_keys."""
        keys = {name: pem for name, pem in self.locked.items() if name.startswith(KEYS)}
        return {name.removeprefix(KEYS).removesuffix(".pem"): pem for name, pem in keys.items()}

    def names(self, prefix: str, before: str) -> list[StoredName]:
        """See ArchiveStore.names."""
        under = sorted(name for name in self.export if name.startswith(prefix))
        return [
            StoredName(name=name, size=len(self.export[name])) for name in takewhile(lambda name: name < before, under)
        ]

    def put(self, contents: Mapping[str, bytes]) -> None:
        """See ArchiveStore.put."""
        self.export |= contents

    def put_digest(self, name: str, content: bytes) -> None:
        """See ArchiveStore.put_digest."""
        if name in self.locked:
            raise Conflict(f"storing {name}")
        self.locked[name] = content

    def put_public_key(self, name: str, pem: bytes) -> None:
        """See ArchiveStore.put_public_key."""
        self.locked.setdefault(name, pem)

    def delete(self, names: Collection[str]) -> None:
        """See ArchiveStore.delete."""
        for name in names:
            self.export.pop(name, None)
