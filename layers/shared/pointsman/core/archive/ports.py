"""What the archive needs from outside."""

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from pointsman.core.archive.stream import Segment
from pointsman.core.value import Value


class StoredName(Value, kw_only=True, frozen=True):
    """An object, and how many bytes it has."""

    name: str
    size: int = 0


class SegmentWriter(Protocol):
    """The archive, for audit_indexer."""

    def put_segments(self, segments: Iterable[Segment]) -> None:
        """Store segments, over those of the same names. Raises Unavailable or Misconfigured."""

    def oldest_segment(self) -> str | None:
        """The name of the segment of the stream that waits longest; None: none waits."""


class KeptSegments(Protocol):
    """Segments that the archive refused. Every method raises Unavailable or Misconfigured."""

    def keep(self, segments: Iterable[Segment]) -> None:
        """Keep segments, over those of the same names. When it returns, all of them are there."""

    def names(self, prefix: str, before: str) -> list[StoredName]:
        """The segments under a prefix whose names sort before `before`, in order, as they are at this moment."""

    def load(self, names: Collection[str]) -> dict[str, bytes]:
        """The contents of segments, without those that are not there."""

    def delete(self, names: Collection[str]) -> None:
        """Keep segments no longer."""


class ArchiveReader(Protocol):
    """The archive, for who verifies it. Every method raises Unavailable or Misconfigured."""

    def digest_names(self, first: str, last: str) -> list[str]:
        """The names of digests, in order, from `first` to `last`, both included."""

    def digests(self, names: Collection[str]) -> dict[str, bytes]:
        """The contents of digests as they were first stored: what was written over them does not count."""

    def load(self, names: Collection[str]) -> dict[str, bytes]:
        """The contents of objects that are not digests, without those that are not there."""

    def waiting(self) -> list[str]:
        """The names of segments that no digest has yet."""

    def public_keys(self) -> dict[str, bytes]:
        """The public keys in PEM by their fingerprints."""


class ArchiveStore(SegmentWriter, ArchiveReader, Protocol):
    """The archive, for audit_archiver."""

    def newest_digest(self) -> str | None:
        """The name of the newest digest; None: there is none."""

    def names(self, prefix: str, before: str) -> list[StoredName]:
        """The objects under a prefix whose names sort before `before`, in order."""

    def put(self, contents: Mapping[str, bytes]) -> None:
        """Store objects, over those of the same names."""

    def put_digest(self, name: str, content: bytes) -> None:
        """Store a digest. Raises Conflict if there is one of this name."""

    def put_public_key(self, name: str, pem: bytes) -> None:
        """Store a public key, unless it is there."""

    def delete(self, names: Collection[str]) -> None:
        """Delete objects of the export, if they are there."""


class Signer(Protocol):
    """The key that signs digests."""

    def public_key(self) -> bytes:
        """The public key in DER."""

    def sign(self, message: bytes) -> bytes:
        """Sign a short message with ECDSA and SHA-256. Raises Unavailable or Misconfigured."""


class Expiry(Protocol):
    """Whether DynamoDB removes events of the trail at the end of their time."""

    def switch(self, *, on: bool) -> bool:
        """Switch it on or off. Return whether that changed anything."""
