"""Records of the trail's stream, as Lambda gets them."""

from datetime import datetime
from typing import Any

from pointsman.adapters.dynamodb import marshal
from pointsman.core.trail.event import Event
from pointsman.core.trail.item import to_item


def stream_record(event: Event, written_at: datetime, sequence: int, name: str = "INSERT") -> dict[str, Any]:
    """The record of an event that is now as `event`."""
    return {
        "eventName": name,
        "dynamodb": {
            "Keys": marshal({"pk": event.partition, "sk": event.key}),
            "NewImage": marshal(to_item(event)),
            "SequenceNumber": str(111100000000000000000 + sequence),
            "ApproximateCreationDateTime": written_at.timestamp(),
        },
    }
