"""What is needed to verify a range offline, as one zip file: digests, the events that they name, and public keys."""

import zipfile
from datetime import UTC, datetime
from itertools import batched
from pathlib import Path
from typing import Final

from pointsman.adapters.archive_memory import MemoryArchive
from pointsman.core.archive.digest import DIGESTS, HOUR, KEYS, SignedDigest, digest_name, key_name
from pointsman.core.archive.ports import ArchiveReader
from pointsman.core.archive.stream import hour_of
from pointsmanctl.errors import InvalidInput
from pointsmanctl.stack.signatures import fingerprint_of

_AT_ONCE: Final = 100
_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
_END: Final = datetime(2999, 1, 1, tzinfo=UTC)


def save_bundle(path: Path, archive: ArchiveReader, pem: bytes, first: datetime | None, until: datetime | None) -> None:
    """Write a bundle of a range, with the digest before it. Raises InvalidInput, Unavailable or Misconfigured."""
    start = hour_of(first) - HOUR if first else _BEGINNING
    end = hour_of(until) if until else _END
    names = [name for name in archive.digest_names(digest_name(start), digest_name(end)) if name != digest_name(end)]
    try:
        with zipfile.ZipFile(path, "w") as bundle:
            bundle.writestr(key_name(fingerprint_of(pem)), pem)
            for batch in batched(names, _AT_ONCE):
                _add(bundle, archive.digests(batch), archive)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}") from error


def _add(bundle: zipfile.ZipFile, digests: dict[str, bytes], archive: ArchiveReader) -> None:
    files = [file for content in digests.values() if (file := _file_of(content))]
    for name, content in {**digests, **archive.load(files)}.items():
        bundle.writestr(name, content)


def _file_of(content: bytes) -> str | None:
    try:
        return SignedDigest.read_bytes(content).digest.file
    except ValueError:  # the verification says so
        return None


def read_bundle(path: Path) -> MemoryArchive:
    """The archive in a bundle. Raises InvalidInput."""
    try:
        with zipfile.ZipFile(path) as bundle:
            contents = {name: bundle.read(name) for name in bundle.namelist()}
    except (OSError, zipfile.BadZipFile, RuntimeError) as error:
        raise InvalidInput(
            f"{path} is not a bundle ({error}): `pointsman audit verify --save-bundle {path}` makes one"
        ) from error
    locked = {name: content for name, content in contents.items() if name.startswith((DIGESTS, KEYS))}
    return MemoryArchive({name: each for name, each in contents.items() if name not in locked}, locked)
