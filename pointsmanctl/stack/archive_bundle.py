"""What is needed to verify a range offline, as one zip file: digests, the events that they name, and public keys.

It also has the range itself: a bundle of some months begins with a digest that has one before it.
"""

import json
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import batched
from pathlib import Path
from typing import Final

from pointsman.core.archive.digest import (
    DIGESTS,
    HOUR,
    KEYS,
    SignedDigest,
    begins_before,
    digest_name,
    is_digest_name,
    key_name,
)
from pointsman.core.archive.ports import ArchiveReader
from pointsman.core.archive.stream import hour_of
from pointsman.core.archive.survey import has_errata
from pointsmanctl.errors import InvalidInput
from pointsmanctl.output.times import as_json
from pointsmanctl.stack.signatures import fingerprint_of

type BundleRange = tuple[datetime | None, datetime | None]
"""The beginning and the end of what is verified; None: of all that there is."""

RANGE: Final = "range.json"
_AT_ONCE: Final = 100
_NOT_A_RANGE: Final = (ValueError, TypeError, AttributeError)
_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
_END: Final = datetime(2999, 1, 1, tzinfo=UTC)


def save_bundle(path: Path, archive: ArchiveReader, pem: bytes, first: datetime | None, until: datetime | None) -> None:
    """Write a bundle of the hours that a verification of the range reads, with the digest before them.

    An erratum may have removed something from the range after it: later hours with errata are in the
    bundle, too. Raises InvalidInput, Unavailable or Misconfigured.
    """
    start = hour_of(first) - HOUR if first else _BEGINNING
    found = [name for name in archive.digest_names(digest_name(start), digest_name(_END)) if is_digest_name(name)]
    names = [name for name in found if begins_before(name, until)]
    try:
        with zipfile.ZipFile(path, "w") as bundle:
            bundle.writestr(RANGE, json.dumps({"from": first and as_json(first), "to": until and as_json(until)}))
            bundle.writestr(key_name(fingerprint_of(pem)), pem)
            for batch in batched(names, _AT_ONCE):
                _add(bundle, archive.digests(batch), archive)
            for batch in batched(found[len(names) :], _AT_ONCE):
                contents = archive.digests(batch)
                _add(bundle, {name: content for name, content in contents.items() if _has_errata(content)}, archive)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}") from error


def _add(bundle: zipfile.ZipFile, digests: dict[str, bytes], archive: ArchiveReader) -> None:
    files = [file for content in digests.values() if (file := _file_of(content))]
    for name, content in {**digests, **archive.load(files)}.items():
        bundle.writestr(name, content)


def _has_errata(content: bytes) -> bool:
    try:
        return has_errata(SignedDigest.read_bytes(content).digest)
    except ValueError:
        return False


def _file_of(content: bytes) -> str | None:
    try:
        return SignedDigest.read_bytes(content).digest.file
    except ValueError:  # the verification says so
        return None


class BundleArchive:
    """The archive in a bundle, which is read as it is needed. Every method raises InvalidInput."""

    def __init__(self, path: Path) -> None:
        """Open a bundle. Raises InvalidInput."""
        self._path = path
        with self._explaining():
            self._file = zipfile.ZipFile(path)
        self._names = sorted(set(self._file.namelist()))

    def digest_names(self, first: str, last: str) -> list[str]:
        """See ArchiveReader.digest_names."""
        return [name for name in self._names if name.startswith(DIGESTS) and first <= name <= last]

    def digests(self, names: Collection[str]) -> dict[str, bytes]:
        """See ArchiveReader.digests."""
        return self._read(name for name in names if name.startswith(DIGESTS))

    def load(self, names: Collection[str]) -> dict[str, bytes]:
        """See ArchiveReader.load."""
        return self._read(name for name in names if not name.startswith((DIGESTS, KEYS)))

    def waiting(self) -> list[str]:
        """See ArchiveReader.waiting: a bundle has what digests name."""
        return []

    def range(self) -> BundleRange:
        """The range for which the bundle was saved. Bundles of earlier versions do not say it."""
        content = self._read([RANGE]).get(RANGE, b"{}")
        with self._explaining():
            found = json.loads(content)
            first, until = found.get("from"), found.get("to")
            return first and datetime.fromisoformat(first), until and datetime.fromisoformat(until)

    def public_keys(self) -> dict[str, bytes]:
        """See ArchiveReader.public_keys."""
        keys = self._read(name for name in self._names if name.startswith(KEYS))
        return {name.removeprefix(KEYS).removesuffix(".pem"): pem for name, pem in keys.items()}

    def _read(self, names: Iterable[str]) -> dict[str, bytes]:
        there = set(self._names)
        with self._explaining():
            return {name: self._file.read(name) for name in names if name in there}

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, *_NOT_A_RANGE) as error:
            raise InvalidInput(
                f"{self._path} is not a bundle ({error}): `pointsman audit verify --save-bundle {self._path}` makes one"
            ) from error
