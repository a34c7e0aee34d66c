"""Segments: what the trail's stream delivers, as audit_indexer stores it within seconds.

A segment is a batch, as compressed JSON Lines. The same batch always gives the same segments, so that a repeated batch
does no harm; audit_archiver recognises a record that is in two of them by its sequence number.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, Final, Literal

from pointsman.core.archive.lines import pack, unpack
from pointsman.core.trail.json_form import json_form
from pointsman.core.value import Value
from pointsman.errors import Unreadable

SEGMENTS: Final = "segments/"
FROM_TABLE: Final = f"{SEGMENTS}from-table/"  # what an operator read from the table, not from the stream
CLOCKS: Final = timedelta(minutes=5)  # by which the clocks of writers may differ from DynamoDB's

type ChangeKind = Literal["INSERT", "MODIFY", "REMOVE"]
"""What happened to the item. An event is inserted; an erratum modifies it; nothing correct removes it."""


class StreamedItem(Value, kw_only=True, frozen=True):
    """A change of an item of the trail. `sequence` sorts the changes of a partition."""

    change: ChangeKind = "INSERT"
    partition: str
    key: str
    sequence: int
    written_at: datetime
    item: dict[str, Any]  # as it is now; of a removal, as it was


class Segment(Value, kw_only=True, frozen=True):
    """An object to store."""

    name: str
    content: bytes


def segments_of(changes: Iterable[StreamedItem]) -> list[Segment]:
    """The segments of a batch: one for each hour in which its changes were written."""
    plain = (each.replace(item=json_form(each.item)) for each in changes)
    ordered = sorted(plain, key=lambda each: (hour_of(each.written_at), each.sequence))
    segments = []
    for hour, group in groupby(ordered, key=lambda each: hour_of(each.written_at)):
        batch = list(group)
        name = f"{batch[0].sequence:021d}-{batch[-1].sequence:021d}"
        segments.append(_segment(f"{SEGMENTS}{hour_name(hour)}/", name, batch))
    return segments


def segment_from_table(items: Iterable[Mapping[str, Any]], now: datetime) -> Segment:
    """A segment with items of the table, which no stream delivers any more."""
    plain = [json_form(item) for item in map(dict, items)]
    changes = [
        StreamedItem(partition=item["pk"], key=item["sk"], sequence=0, written_at=now, item=item)
        for item in sorted(plain, key=lambda item: (item["pk"], str(item.get("at")), item["sk"]))
    ]
    first = f"{changes[0].partition}\n{changes[0].key}"
    folder = f"{FROM_TABLE}{hour_name(hour_of(now))}/"
    return _segment(folder, hashlib.sha256(first.encode()).hexdigest(), changes)


def _segment(folder: str, name: str, changes: list[StreamedItem]) -> Segment:
    return Segment(name=f"{folder}{name}.jsonl.gz", content=pack(each.to_dict() for each in changes))


def read_segment(name: str, content: bytes) -> list[StreamedItem]:
    """The changes of a segment. Raises Unreadable, with the segment's name."""
    try:
        return [StreamedItem.read(each) for each in unpack(content)]
    except ValueError as error:  # ValidationError is one
        raise _unreadable(name, str(error)) from error


def segment_hour(name: str) -> datetime:
    """The hour that the name of a segment has. Raises Unreadable."""
    try:
        return datetime.strptime(name.rsplit("/", 2)[1], "%Y-%m-%dT%H").replace(tzinfo=UTC)
    except ValueError as error:
        raise _unreadable(name, "its folder is no hour") from error


def _unreadable(name: str, reason: str) -> Unreadable:
    """Nothing is closed while it is there: who skipped it would skip events, too."""
    return Unreadable(
        f"the archive's object {name} is no segment: {reason}. Move it elsewhere, then run `pointsman audit backfill`, "
        "which archives what it may have had"
    )


def is_on_its_way(at: datetime | None, since: datetime, now: datetime) -> bool:
    """Whether the stream may still bring an event of this time: one of the future was recorded by no writer."""
    return at is not None and since < at <= now + CLOCKS


def hour_of(moment: datetime) -> datetime:
    """The hour of `moment`, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def hour_name(hour: datetime) -> str:
    """The name of an hour, which sorts by time: 2026-11-30T03."""
    return f"{hour:%Y-%m-%dT%H}"
