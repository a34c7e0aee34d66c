"""What a verification finds."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

from pointsman.core.archive.chain import ChainLink
from pointsman.core.archive.digest import Digest
from pointsman.core.value import Value

type Kind = Literal["changed", "removed", "inserted", "reordered", "missing"]
"""Of an event or a digest. A digest that was never made, or that somebody removed, is missing."""
type Place = Literal["trail", "archive", "digest"]


class Finding(Value, kw_only=True, frozen=True):
    """Something that is not as the digests say."""

    kind: Kind
    where: Place
    hour: datetime  # of the digest that should have it, or in which it happened
    number: int = 0  # in its partition
    partition: str | None = None
    key: str | None = None
    detail: str  # for people

    @property
    def order(self) -> tuple[datetime, str, int, str]:
        """The first of several findings is the earliest."""
        return self.hour, self.partition or "", self.number, self.key or ""


def of_digest(kind: Kind, hour: datetime, problem: str) -> Finding:
    """A finding about the digest of an hour."""
    return Finding(kind=kind, where="digest", hour=hour, detail=f"The digest of {hour:%Y-%m-%d %H:00} {problem}")


def of_event(where: Place, kind: Kind, digest: Digest, link: ChainLink, problem: str) -> Finding:
    """A finding about an event that a digest has."""
    return Finding(
        kind=kind,
        where=where,
        hour=digest.hour,
        number=link.number,
        partition=link.partition,
        key=link.key,
        detail=f"{link.key} of {link.partition} {problem}",
    )


def owners[Key](different: Mapping[Key, tuple[str, str]]) -> Iterator[tuple[Key, Key]]:
    """Yield each event that is not as it was archived, with the one of them whose content it has: maybe itself.

    `different` has the hash of each as it was archived, and as it is now.
    """
    of_hash = {archived: key for key, (archived, _) in different.items()}
    return ((key, of_hash.get(now, key)) for key, (_, now) in different.items())


class Verification(Value, kw_only=True, frozen=True):
    """The result of a verification: without findings, the range is proven."""

    first: datetime | None = None  # beginning of the first hour; None: there is no digest
    until: datetime | None = None  # end of the last hour
    complete_from: datetime | None = None
    hours: int = 0
    events: int = 0
    keys: tuple[str, ...] = ()  # fingerprints of the public keys that signed
    with_trail: bool = False  # compared with the table, too
    corrected: int = 0  # events that an erratum accounts for
    expired: int = 0  # events that DynamoDB has removed at the end of their time
    late: int = 0  # events that were recorded long after they happened
    first_late: str | None = None  # the first of them
    from_table: int = 0  # events that an operator archived from the table
    older: int = 0  # events of the trail from before the archive
    waiting: int = 0  # events of the trail that no digest has yet
    findings: tuple[Finding, ...] = ()  # the earliest first

    @property
    def proven(self) -> bool:
        """Whether every event of the range is as it was archived, and none is missing."""
        return self.first is not None and not self.findings
