"""Closes hours: merges the segments of an hour into the export, and signs its digest.

Each step can be repeated. What is archived is decided by one write, the digest's, which fails if there is a digest
already. Before it, only the export's object is written, whose name has its hash; after it, `_finish` removes what the
digest does not name. If a run dies in between, the next one finishes.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from pointsman.core.archive.chain import ArchivedEvent, Head, append
from pointsman.core.archive.digest import (
    CLOSES_AFTER,
    HOUR,
    Digest,
    SignedDigest,
    export_folder,
    head_name,
    key_name,
)
from pointsman.core.archive.erase import erase
from pointsman.core.archive.lines import pack
from pointsman.core.archive.ports import ArchiveStore, Signer, StoredName
from pointsman.core.archive.stream import FROM_TABLE, SEGMENTS, StreamedItem, hour_name, hour_of, read_segment
from pointsman.core.value import Value
from pointsman.errors import Conflict

# While the first version with an archive goes live, the former one still gets some batches, which it does not archive.
GOES_LIVE_WITHIN: Final = timedelta(hours=2)
# Compressed; ten times as many are in memory. The next digest has the rest.
MOST_BYTES: Final = 24_000_000


class ClosedHour(Value, kw_only=True, frozen=True):
    """An hour that was closed in this run."""

    hour: datetime
    events: int
    sha256: str  # of its digest


class Archiver:
    """Closes every hour that has ended."""

    def __init__(
        self,
        store: ArchiveStore,
        signer: Signer,
        trail: str,
        *,
        expire_after_days: int | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._store, self._signer, self._trail = store, signer, trail
        self._expire_after_days, self._most_bytes = expire_after_days, most_bytes

    def run(self, now: Callable[[], datetime], should_stop: Callable[[], bool]) -> Iterator[ClosedHour]:
        """Close hours, oldest first, until none is left or it should stop. Yield each."""
        newest = self._newest()
        if newest:
            self._finish(newest.digest)
        key = self._publish_key()
        while not should_stop():
            hour = newest.digest.hour + HOUR if newest else hour_of(now() - CLOSES_AFTER) - HOUR
            if hour + HOUR + CLOSES_AFTER > now():
                return
            newest = self._close(hour, newest, key, now)
            links = newest.digest.links
            yield ClosedHour(hour=hour, events=len(links), sha256=newest.sha256)

    def _newest(self) -> SignedDigest | None:
        name = self._store.newest_digest()
        return SignedDigest.read_bytes(self._store.digests([name])[name]) if name else None

    def _publish_key(self) -> str:
        from_kms = self._signer.public_key()
        fingerprint = hashlib.sha256(from_kms).hexdigest()
        self._store.put_public_key(key_name(fingerprint), pem_of(from_kms))
        return fingerprint

    def _close(
        self, hour: datetime, before: SignedDigest | None, key: str, now: Callable[[], datetime]
    ) -> SignedDigest:
        segments = self._segments(hour)
        changes = self._read(segments)
        heads = self._heads({change.partition for change, _ in changes})
        lines = append(changes, heads, hour)
        file = self._export(hour, lines)
        digest = Digest(
            hour=hour,
            made_at=now(),
            trail=self._trail,
            complete_from=before.digest.complete_from if before else hour + GOES_LIVE_WITHIN,
            previous=before.sha256 if before else None,
            expire_after_days=self._expire_after_days,
            file=file,
            segments=tuple(each.name for each in segments),
            links=tuple(line.as_link for line in lines),
        )
        signed = self._sign(digest, key)
        try:
            self._store.put_digest(digest.name, signed.to_bytes())
        except Conflict:  # another run was first
            signed = SignedDigest.read_bytes(self._store.digests([digest.name])[digest.name])
        self._finish(signed.digest)
        return signed

    def _segments(self, hour: datetime) -> list[StoredName]:
        """The oldest segments up to this hour, as many as fit. Those that were read from the table come first."""
        total, taken = 0, list[StoredName]()
        for each in self._waiting(hour):
            total += each.size
            if taken and total > self._most_bytes:
                break
            taken.append(each)
        return taken

    def _waiting(self, hour: datetime) -> list[StoredName]:
        end = hour_name(hour + HOUR)
        from_table = self._store.names(FROM_TABLE, f"{FROM_TABLE}{end}")
        return [*from_table, *self._store.names(f"{SEGMENTS}2", f"{SEGMENTS}{end}")]

    def _read(self, segments: list[StoredName]) -> list[tuple[StreamedItem, bool]]:
        """The changes of segments, each once, and whether they are from the table."""
        contents = self._store.load([each.name for each in segments])
        found: dict[tuple[str, str, int], tuple[StreamedItem, bool]] = {}
        for name, content in sorted(contents.items()):
            for change in read_segment(name, content):
                from_table = name.startswith(FROM_TABLE)
                sequence = 0 if from_table else change.sequence
                found[change.partition, change.key, sequence] = (change.replace(sequence=sequence), from_table)
        return list(found.values())

    def _heads(self, partitions: set[str]) -> dict[str, Head]:
        contents = self._store.load([head_name(each) for each in partitions])
        return {each: Head.read_json(contents[head_name(each)]) for each in partitions if head_name(each) in contents}

    def _export(self, hour: datetime, lines: list[ArchivedEvent]) -> str | None:
        if not lines:
            return None
        content = pack(line.to_dict() for line in lines)
        name = f"{export_folder(hour)}{hashlib.sha256(content).hexdigest()[:16]}.jsonl.gz"
        self._store.put({name: content})
        return name

    def _sign(self, digest: Digest, key: str) -> SignedDigest:
        signed = SignedDigest(text=digest.text, signature="", key=key)
        return signed.replace(signature=self._signer.sign(bytes.fromhex(signed.sha256)).hex())

    def _finish(self, digest: Digest) -> None:
        """Write the heads of the chains, and delete what the digest has made superfluous."""
        folder = export_folder(digest.hour)
        left = [each.name for each in self._store.names(folder, f"{folder}~") if each.name != digest.file]
        self._store.delete(left)
        if not {each.name for each in self._waiting(digest.hour)}.isdisjoint(digest.segments):
            ends = {link.partition: Head.at(link) for link in digest.links}  # the last of each partition
            self._store.put({head_name(name): end.to_json().encode() for name, end in ends.items()})
            self._store.delete(digest.segments)
        erase(self._store, digest)


def pem_of(der: bytes) -> bytes:
    """A public key in PEM."""
    text = b64encode(der).decode()
    body = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n".encode()
