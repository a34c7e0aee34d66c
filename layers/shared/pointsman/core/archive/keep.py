"""What happens to segments while the archive's bucket refuses them: another store keeps them, and neither waits.

The chain of a partition needs its changes in their order. audit_indexer stores or keeps a batch before it takes the
next one of the shard. So an earlier change is in the bucket, or kept, before a later one is anywhere; and it stays
there until a digest has it. Who lists the bucket first and then what is kept misses no change before one that it sees.
"""

from collections.abc import Collection, Iterable, Mapping

from pointsman.core.archive.ports import ArchiveStore, KeptSegments, SegmentWriter, StoredName
from pointsman.core.archive.stream import SEGMENTS, Segment
from pointsman.errors import Misconfigured, Unavailable


def store_or_keep(
    segments: Iterable[Segment], archive: SegmentWriter, kept: KeptSegments
) -> Misconfigured | Unavailable | None:
    """Store segments, or keep them all if the archive refuses one. Return the error for which they are kept.

    Raises Unavailable or Misconfigured if they can be neither stored nor kept.
    """
    batch = list(segments)
    try:
        archive.put_segments(batch)
    except (Misconfigured, Unavailable) as error:
        kept.keep(batch)
        return error
    return None


class WholeArchive:
    """The archive with the segments that its bucket refused: an ArchiveStore."""

    def __init__(self, bucket: ArchiveStore, kept: KeptSegments) -> None:
        self._bucket, self._kept = bucket, kept

    def put_segments(self, segments: Iterable[Segment]) -> None:
        """See SegmentWriter.put_segments."""
        self._bucket.put_segments(segments)

    def oldest_segment(self) -> str | None:
        """See SegmentWriter.oldest_segment."""
        stored = self._bucket.oldest_segment()
        kept = (each.name for each in self._kept.names(f"{SEGMENTS}2", "~"))
        return min((each for each in (stored, next(kept, None)) if each), default=None)

    def digest_names(self, first: str, last: str) -> list[str]:
        """See ArchiveReader.digest_names."""
        return self._bucket.digest_names(first, last)

    def digests(self, names: Collection[str]) -> dict[str, bytes]:
        """See ArchiveReader.digests."""
        return self._bucket.digests(names)

    def load(self, names: Collection[str]) -> dict[str, bytes]:
        """See ArchiveReader.load."""
        found = self._bucket.load(names)
        rest = [name for name in names if name not in found and _is_segment(name)]
        return {**found, **self._kept.load(rest)}

    def waiting(self) -> list[str]:
        """See ArchiveReader.waiting."""
        stored = self._bucket.waiting()
        known = {*stored}
        return [*stored, *(each.name for each in self._kept.names(SEGMENTS, "~") if each.name not in known)]

    def public_keys(self) -> dict[str, bytes]:
        """See ArchiveReader.public_keys."""
        return self._bucket.public_keys()

    def newest_digest(self) -> str | None:
        """See ArchiveStore.newest_digest."""
        return self._bucket.newest_digest()

    def names(self, prefix: str, before: str) -> list[StoredName]:
        """See ArchiveStore.names."""
        found = {each.name: each for each in self._bucket.names(prefix, before)}
        if prefix.startswith(SEGMENTS):
            found = {each.name: each for each in self._kept.names(prefix, before)} | found
        return [found[name] for name in sorted(found)]

    def put(self, contents: Mapping[str, bytes]) -> None:
        """See ArchiveStore.put."""
        self._bucket.put(contents)

    def put_digest(self, name: str, content: bytes) -> None:
        """See ArchiveStore.put_digest."""
        self._bucket.put_digest(name, content)

    def put_public_key(self, name: str, pem: bytes) -> None:
        """See ArchiveStore.put_public_key."""
        self._bucket.put_public_key(name, pem)

    def delete(self, names: Collection[str]) -> None:
        """See ArchiveStore.delete."""
        kept = {each.name for each in self._kept.names(SEGMENTS, "~")} if any(map(_is_segment, names)) else set()
        self._bucket.delete(names)
        self._kept.delete([name for name in names if name in kept])


def _is_segment(name: str) -> bool:
    return name.startswith(SEGMENTS)
