"""How an event lies in the audit table.

| attribute | what |
| --- | --- |
| `pk`, `sk` | the event's partition and key: together they make every write of one event the same item |
| `type`, `at` | the event's type and time (ISO 8601, UTC, microseconds: sorts as text) |
| `day` | `2026-11-23`: index by-day |
| `actor` | login: index by-actor |
| `repository`, `commit_at` | `acme/infra`, `<sha>#<at>`: index by-commit |
| `target`, `host` | indexes by-target and by-host |
| `rollout`, `route`, `commit` | to read beside the indexes |
| `data` | the whole event as a map |
"""

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from pointsman.core.trail.events import Event, TrailEvent, read_event

INDEXES = {
    "by-day": ("day", "at"),
    "by-actor": ("actor", "at"),
    "by-commit": ("repository", "commit_at"),
    "by-target": ("target", "at"),
    "by-host": ("host", "at"),
}


INDEXED = ("actor", "repository", "commit", "target", "host", "rollout", "route")


class NewerEvent(Event):
    """An item that only a newer version of Pointsman can read: what its indexes tell, and the rest as it lies there."""

    pk: str
    sk: str
    data: dict[str, Any]

    @property
    def partition(self) -> str:
        """As it lies in the table."""
        return self.pk

    @property
    def key(self) -> str:
        """As it lies in the table."""
        return self.sk


type ReadEvent = TrailEvent | NewerEvent


def timestamp(moment: datetime) -> str:
    """`moment` as text that sorts by time: `2026-11-23T04:58:35.662851Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_item(event: Event) -> dict[str, Any]:
    """The item of `event`, with plain Python values (numbers as Decimal), as boto3's serializer takes them."""
    at = timestamp(event.at)
    item: dict[str, Any] = {
        "pk": event.partition,
        "sk": event.key,
        "type": event.type,
        "at": at,
        "day": at[:10],
        "data": json.loads(event.model_dump_json(exclude_none=True), parse_float=Decimal),
    }
    for name in INDEXED:
        if value := getattr(event, name):
            item[name] = value
    if event.commit and event.repository:
        item["commit_at"] = f"{event.commit}#{at}"
    return item


def from_item(item: dict[str, Any]) -> TrailEvent:
    """The event that `item` holds. Raises pydantic.ValidationError when this version does not know its type."""
    return read_event(item["data"])


def read_item(item: dict[str, Any]) -> ReadEvent:
    """The event that `item` holds, as far as this version knows it."""
    try:
        return from_item(item)
    except ValidationError:
        known = {name: item.get(name) for name in ("pk", "sk", "type", "at", *INDEXED)}
        return NewerEvent.read(known | {"data": item.get("data") or {}})


def digest(data: dict[str, Any]) -> str:
    """SHA-256 of an item's `data` as JSON with sorted names: two items with one digest say the same."""
    written = json.dumps(data, sort_keys=True, separators=(",", ":"), default=_number)
    return hashlib.sha256(written.encode()).hexdigest()


def _number(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)
