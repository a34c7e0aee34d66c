"""What a verification finds."""

from datetime import datetime
from typing import Literal

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
