"""A first reading of digests: which can be trusted, where each partition ends, and the errata.

With it, the hours can be checked one after the other: what a partition needs of later hours is known before.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import batched
from typing import Final

from pointsman.core.archive.chain import ArchivedEvent
from pointsman.core.archive.check_digests import DigestCheck, read_digest
from pointsman.core.archive.check_lines import read_lines
from pointsman.core.archive.digest import Digest, SignedDigest
from pointsman.core.archive.errata import Errata
from pointsman.core.archive.ports import ArchiveReader
from pointsman.core.trail.erratum_event import ErratumRecorded
from pointsman.core.value import Value
from pointsman.errors import Unavailable

DIGESTS_AT_ONCE: Final = 16  # as many as are fetched at the same time
_ERRATUM: Final = f"{ErratumRecorded.__name__}#"


class SurveyedHour(Value, kw_only=True, frozen=True):
    """A digest that can be trusted, without its links."""

    name: str
    hour: datetime
    sha256: str
    key: str
    complete_from: datetime
    previous: str | None


class Survey:
    """What digests say as a whole."""

    def __init__(self, archive: ArchiveReader, check: DigestCheck, errata: Errata) -> None:
        self._archive, self._check, self.errata = archive, check, errata
        self.hours: list[SurveyedHour] = []
        self.ends: dict[str, datetime] = {}  # the last hour of each partition
        self.has_errata = False

    def read(self, names: Sequence[str], first: datetime | None = None) -> Iterator[Digest]:
        """Read digests, whose names come in order, and yield those that can be trusted. Before `first`, they only count
        for their successors.
        """
        for batch in batched(names, DIGESTS_AT_ONCE):
            contents = self._archive.digests(batch)
            for name in batch:
                found = self._check.check(name, contents.get(name))
                if found and (first is None or found[1].hour >= first):
                    self._note(name, *found)
                    yield found[1]

    def _note(self, name: str, signed: SignedDigest, digest: Digest) -> None:
        hour = SurveyedHour(
            name=name,
            hour=digest.hour,
            sha256=signed.sha256,
            key=signed.key,
            complete_from=digest.complete_from,
            previous=digest.previous,
        )
        self.hours.append(hour)
        self.ends.update({link.partition: digest.hour for link in digest.links})
        if digest.file and has_errata(digest):
            self.errata.note(_lines_of(digest, self._archive.load([digest.file])) or ())
            self.has_errata = True

    def again(self) -> Iterator[tuple[SurveyedHour, Digest, list[ArchivedEvent] | None]]:
        """Yield the hours once more, each with its digest and the lines of its export; None: they cannot be read."""
        for batch in batched(self.hours, DIGESTS_AT_ONCE):
            digests = _read_again(batch, self._archive)
            files = self._archive.load([digest.file for digest in digests if digest.file])
            for hour, digest in zip(batch, digests, strict=True):
                yield hour, digest, _lines_of(digest, files)


def has_errata(digest: Digest) -> bool:
    """Whether an hour has errata."""
    return any(link.key.startswith(_ERRATUM) for link in digest.links)


def _read_again(hours: Collection[SurveyedHour], archive: ArchiveReader) -> list[Digest]:
    contents = archive.digests([each.name for each in hours])
    found = []
    for each in hours:
        signed = read_digest(contents.get(each.name))
        if signed is None or signed.sha256 != each.sha256:
            raise Unavailable(f"{each.name} was changed while it was read: verify again")
        found.append(signed.digest)
    return found


def _lines_of(digest: Digest, files: dict[str, bytes]) -> list[ArchivedEvent] | None:
    return read_lines(files.get(digest.file)) if digest.file else None
