"""Read a batch of the audit table's stream."""

from collections.abc import Iterable, Iterator
from typing import Any

from pointsman.adapters.dynamodb import is_expiry, time_of_change, unmarshal
from pointsman.core.archive.stream import StreamedItem
from pointsman.core.index.entry import EventKey
from pointsman.core.index.indexer import EventChange
from pointsman.core.trail.item import ReadEvent, read_item


def changes(records: Iterable[dict[str, Any]]) -> Iterator[EventChange]:
    """What changes the index."""
    for record in records:
        old, new = _event(record, "OldImage"), _event(record, "NewImage")
        if new or is_expiry(record):
            keys = unmarshal(record["dynamodb"]["Keys"])
            yield EventChange(place=EventKey(partition=keys["pk"], key=keys["sk"]), old=old, new=new)
        # An item that somebody removed keeps its entries: they are evidence. notify counts it, for an alarm.


def streamed_items(records: Iterable[dict[str, Any]]) -> Iterator[StreamedItem]:
    """What goes into the archive: everything but what expired, which it has."""
    for record in records:
        if is_expiry(record):
            continue
        about = record["dynamodb"]
        keys = unmarshal(about["Keys"])
        yield StreamedItem(
            change=record["eventName"],
            partition=keys["pk"],
            key=keys["sk"],
            sequence=int(about["SequenceNumber"]),
            written_at=time_of_change(about["ApproximateCreationDateTime"]),
            item=unmarshal(about.get("NewImage") or about["OldImage"]),
        )


def _event(record: dict[str, Any], image: str) -> ReadEvent | None:
    found = record["dynamodb"].get(image)
    return read_item(unmarshal(found)) if found else None
