"""The layout of an item of the audit table. `keys.py` has the forms of `pk`, `core/index/` by what events are found.

| attribute | content |
| --- | --- |
| `pk`, `sk` | the event's partition and key, so that one event is one item however often it is written |
| `type`, `at` | the event's type and time (ISO 8601, UTC, microseconds, so that text sorts by time) |
| `actor`, `repository`, `commit`, `route`, `rollout`, `target`, `host` | as in `data`, which a version may not know |
| `data` | the whole event as a map |
| `expires_at` | seconds since 1970, when DynamoDB may remove the item; absent if it stays |
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from msgspec import ValidationError

from pointsman.core.trail.event import Event
from pointsman.core.trail.events import TrailEvent, read_event
from pointsman.core.trail.json_form import json_form, tagged

EXPIRES_AT = "expires_at"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
ATTRIBUTES = ("actor", "repository", "commit", "target", "host", "rollout", "route")


class NewerEvent(Event, kw_only=True, frozen=True):
    """An item that only a newer version of Pointsman can read: its attributes, and its raw data as JSON types."""

    pk: str
    sk: str
    stored_type: str
    data: dict[str, Any]

    @property
    def type(self) -> str:
        """As stored."""
        return self.stored_type

    @property
    def partition(self) -> str:
        """As stored."""
        return self.pk

    @property
    def key(self) -> str:
        """As stored."""
        return self.sk


type ReadEvent = TrailEvent | NewerEvent


def timestamp(moment: datetime) -> str:
    """`moment` as text that sorts by time: `2026-11-23T04:58:35.662851Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_item(event: Event) -> dict[str, Any]:
    """The item of `event` as plain Python values, for boto3's serializer (numbers are Decimal)."""
    at = timestamp(event.at)
    item: dict[str, Any] = {
        "pk": event.partition,
        "sk": event.key,
        "type": event.type,
        "at": at,
        "data": with_decimals(event.to_dict()),
    }
    for name in ATTRIBUTES:
        if value := getattr(event, name):
            item[name] = value
    return item


def with_decimals(value: Any) -> Any:
    """Return JSON types with each float as a Decimal, as boto3's serializer takes numbers."""
    match value:
        case float():
            return Decimal(repr(value))
        case dict():
            return {name: with_decimals(each) for name, each in value.items()}
        case list():
            return [with_decimals(each) for each in value]
        case _:
            return value


def from_item(item: dict[str, Any]) -> TrailEvent:
    """The event of `item`. Raises msgspec.ValidationError when this version does not know its type."""
    return read_event(item["data"])


def read_item(item: dict[str, Any]) -> ReadEvent:
    """The event of `item`, or a NewerEvent when this version cannot read it, whatever somebody has put into it."""
    try:
        return from_item(item)
    except (ValidationError, KeyError):
        data = item.get("data")
        texts: dict[str, Any] = {name: _text(item.get(name)) for name in ATTRIBUTES}
        return NewerEvent(
            at=time_of(item) or _NEVER,
            pk=item["pk"],
            sk=item["sk"],
            stored_type=_text(item.get("type")) or "unknown",
            data=json_form(data) if isinstance(data, dict) else {},
            **texts,
        )


def time_of(item: Mapping[str, Any]) -> datetime | None:
    """The time of an item or its data; None: it has no valid one."""
    try:
        return datetime.fromisoformat(_text(item.get("at")) or "").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def digest(data: Any) -> str:
    """SHA-256 of an item's `data` as JSON with sorted names: equal for items of equal content."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), default=tagged)
    return hashlib.sha256(text.encode()).hexdigest()
