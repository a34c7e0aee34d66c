"""Digests: what was archived of an hour, the hash of the digest before, and a signature.

A digest is an object of two lines of JSON: the digest, and a signature of the SHA-256 (32 bytes) of the first line.
"""

import gzip
import hashlib
import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import DecodeError

from pointsman.core.archive.chain import ChainLink
from pointsman.core.value import Value

DIGESTS: Final = "digests/"
KEYS: Final = "keys/"
ALGORITHM: Final = "ECDSA_SHA_256"
HOUR: Final = timedelta(hours=1)
# An hour is closed so long after its end: the stream is seconds behind. What comes later is in the next digest.
CLOSES_AFTER: Final = timedelta(minutes=15)


class Digest(Value, kw_only=True, frozen=True):
    """What was archived of an hour."""

    version: int = 1
    hour: datetime  # its beginning
    made_at: datetime
    trail: str  # the name of the audit table
    # From then on, the archive has every event: the first digests were made while the deployment was under way.
    complete_from: datetime
    previous: str | None = None  # SHA-256 of the digest before; None: this is the first
    expire_after_days: int | None = None  # after which DynamoDB removes an event of this hour; None: never
    file: str | None = None  # name of the export's object; None: no event
    segments: tuple[str, ...] = ()  # from which the export was made
    links: tuple[ChainLink, ...] = ()  # by partition and number

    @property
    def name(self) -> str:
        """The name of its object."""
        return digest_name(self.hour)

    @property
    def text(self) -> str:
        """What is signed."""
        return self.to_json()


class SignedDigest(Value, kw_only=True, frozen=True):
    """A digest as it is stored: its text is kept as it was signed."""

    text: str
    signature: str  # in hexadecimal, over the SHA-256 of the text
    key: str  # fingerprint of the public key

    @property
    def sha256(self) -> str:
        """The hash that is signed, and that the next digest has."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def digest(self) -> Digest:
        """What it says. Raises ValueError."""
        try:
            return Digest.read_json(self.text)
        except DecodeError as error:
            raise ValueError(f"not a digest: {error}") from error

    def to_bytes(self) -> bytes:
        """The content of its object."""
        signature = {"algorithm": ALGORITHM, "key": self.key, "signature": self.signature}
        return gzip.compress(f"{self.text}\n{json.dumps(signature)}\n".encode(), mtime=0)

    @classmethod
    def read_bytes(cls, content: bytes) -> "SignedDigest":
        """The digest of an object. Raises ValueError."""
        try:
            text, signature, _ = gzip.decompress(content).decode().split("\n")
            parts = json.loads(signature)
            signed = cls(text=text, signature=str(parts["signature"]), key=str(parts["key"]))
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"not a digest: {error}") from error
        signed.digest  # noqa: B018 - raises
        return signed


def digest_name(hour: datetime) -> str:
    """The name of the object of an hour's digest. Names sort by time."""
    return f"{DIGESTS}{hour.astimezone(UTC):%Y/%m/%d/%H}.json.gz"


def digest_hour(name: str) -> datetime:
    """The hour that the name of a digest's object has. Raises ValueError."""
    return datetime.strptime(name, f"{DIGESTS}%Y/%m/%d/%H.json.gz").replace(tzinfo=UTC)


def is_digest_name(name: str) -> bool:
    """Whether an object of this name is a digest."""
    try:
        return digest_name(digest_hour(name)) == name
    except ValueError:
        return False


def begins_before(name: str, until: datetime | None) -> bool:
    """Whether an object is a digest of an hour that begins before `until`: of a range, the last hour may be half in."""
    return is_digest_name(name) and (until is None or digest_hour(name) < until)


def export_folder(hour: datetime) -> str:
    """The folder of an hour in the export, as Athena and DuckDB name partitions."""
    return f"events/date={hour.astimezone(UTC):%Y-%m-%d}/hour={hour.astimezone(UTC):%H}/"


def key_name(fingerprint: str) -> str:
    """The name of the object of a public key."""
    return f"{KEYS}{fingerprint}.pem"


def head_name(partition: str) -> str:
    """The name of the object with the end of a partition's chain."""
    folded = hashlib.sha256(partition.encode()).hexdigest()
    return f"heads/{folded[:2]}/{folded}.json"
