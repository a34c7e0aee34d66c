"""The chain: each event of a partition carries a hash of itself and of all before it."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from pointsman.core.archive.stream import ChangeKind, StreamedItem, hour_of
from pointsman.core.trail.item import ATTRIBUTES, EXPIRES_AT, digest, time_of
from pointsman.core.value import Value


class ChainLink(Value, kw_only=True, frozen=True):
    """An event's place in the chain of its partition, as the digest has it."""

    partition: str
    key: str
    change: ChangeKind = "INSERT"
    number: int  # in the partition, from 1
    sequence: int = 0  # of the newest change of the partition that came from the stream
    sha256: str  # of the item's `data`, by item.digest
    link: str  # by link_after
    written_at: datetime  # when DynamoDB stored it; of what was read from the table, when it was read
    from_table: bool = False  # read from the table by an operator, not from the stream
    # Of what was read from the table: seconds since 1970, when DynamoDB may remove it; 0: never; None: not noted.
    expires_at: int | None = None


class Head(Value, kw_only=True, frozen=True):
    """The end of a partition's chain."""

    number: int = 0
    link: str = ""
    sequence: int = 0  # of the newest change that came from the stream

    @classmethod
    def at(cls, link: ChainLink) -> "Head":
        """The chain that ends with `link`."""
        return cls(number=link.number, link=link.link, sequence=link.sequence)


class ArchivedEvent(Value, kw_only=True, frozen=True):
    """A line of the export. `at` is a word of SQL, so the event's time has another name here."""

    event_time: datetime
    type: str
    actor: str | None = None
    repository: str | None = None
    commit: str | None = None
    route: str | None = None
    rollout: str | None = None
    target: str | None = None
    host: str | None = None
    event_partition: str
    event_key: str
    change: ChangeKind = "INSERT"
    number: int
    sequence: int = 0  # as in ChainLink
    previous: str  # the link of the one before; empty for the first
    link: str
    sha256: str
    written_at: datetime
    from_table: bool = False
    expires_at: int | None = None  # as in ChainLink
    data: Any = None  # the whole event

    @property
    def as_link(self) -> ChainLink:
        """What the digest says of it, with the hash that its data has now. What was removed has no data."""
        return ChainLink(
            partition=self.event_partition,
            key=self.event_key,
            change=self.change,
            number=self.number,
            sequence=self.sequence,
            sha256=self.sha256 if self.change == "REMOVE" else digest(self.data),
            link=self.link,
            written_at=self.written_at,
            from_table=self.from_table,
            expires_at=self.expires_at,
        )


def link_after(previous: str, change: ChangeKind, partition: str, key: str, sha256: str) -> str:
    """The link of an event: SHA-256 over the link before it and what it says."""
    text = "\n".join((previous, change, partition, key, sha256))
    return hashlib.sha256(text.encode()).hexdigest()


_LATEST: Final = 1 << 53  # seconds; whatever somebody has put in instead, JSON has it
_REMOVED: Final[dict[str, Any]] = {}  # what was removed is not stored once more: its hash says what it was


def append(
    changes: Iterable[tuple[StreamedItem, bool]], heads: Mapping[str, Head], hour: datetime
) -> list[ArchivedEvent]:
    """Append changes to the chains of their partitions, to close an hour. Return the lines.

    With each change comes whether it is from the table. What the stream delivered again, after its hour was closed, is
    left out.
    """
    ends = dict(heads)
    lines = []
    for change, from_table in sorted(changes, key=_order):
        head = ends.get(change.partition, Head())
        if not from_table and change.sequence <= head.sequence and hour_of(change.written_at) < hour:
            continue
        line = _line(change, head, from_table=from_table)
        ends[change.partition] = Head.at(line.as_link)
        lines.append(line)
    return lines


def _order(pair: tuple[StreamedItem, bool]) -> tuple[str, int, str, str]:
    """What is from the table has the sequence 0, so it comes before what the stream delivered since."""
    change, _ = pair
    return change.partition, change.sequence, str(change.item.get("at")), change.key


def _line(change: StreamedItem, head: Head, *, from_table: bool) -> ArchivedEvent:
    """The line of a change. Whatever somebody has put into the table has one: else no hour could be closed any more."""
    data = change.item.get("data")
    sha256 = digest(data)
    texts = {name: value for name in ATTRIBUTES if isinstance(value := change.item.get(name), str)}
    return ArchivedEvent(
        event_time=time_of(change.item) or change.written_at,
        type=str(change.item.get("type")),
        **texts,
        event_partition=change.partition,
        event_key=change.key,
        change=change.change,
        number=head.number + 1,
        sequence=max(head.sequence, change.sequence),
        previous=head.link,
        link=link_after(head.link, change.change, change.partition, change.key, sha256),
        sha256=sha256,
        written_at=change.written_at,
        from_table=from_table,
        expires_at=_expiry(change.item) if from_table else None,
        data=_REMOVED if change.change == "REMOVE" else data,
    )


def _expiry(item: Mapping[str, Any]) -> int:
    """Seconds since 1970, when DynamoDB may remove an item; 0: never."""
    seconds = item.get(EXPIRES_AT)
    return seconds if isinstance(seconds, int) and 0 < seconds < _LATEST else 0


def agrees(item: Mapping[str, Any]) -> bool:
    """Whether the attributes beside an item's `data` say the same as `data`, of which alone there is a hash."""
    data = item.get("data")
    if not isinstance(data, dict):
        return False
    same = all((item.get(name) or None) == (data.get(name) or None) for name in ("type", *ATTRIBUTES))
    return same and time_of(item) == time_of(data)
