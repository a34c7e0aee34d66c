"""Read a batch of the audit table's stream."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from pointsman.adapters.dynamodb import is_expiry, time_of_change, unmarshal
from pointsman.core.trail.event import Event
from pointsman.core.trail.item import NewerEvent, read_item
from pointsman.core.trail.keys import rollout_of


@dataclass(frozen=True)
class AlteredItem:
    """An item of the trail that was changed or removed, although items are only ever added."""

    change: str  # "MODIFY" or "REMOVE"
    keys: dict[str, str]


@dataclass(frozen=True)
class StreamBatch:
    """What a batch says."""

    rollouts: list[str]  # to which it adds events, each once
    events: dict[str, list[Event]]  # by rollout; what an erratum has changed is in it as it is now
    altered: list[AlteredItem]
    written_at: datetime | None  # when its oldest record was written, if a record has a time

    @classmethod
    def read(cls, event: dict[str, Any]) -> Self:
        """Read Lambda's event."""
        records = event["Records"]
        keys = [{name: value["S"] for name, value in record["dynamodb"]["Keys"].items()} for record in records]
        changes = [record["eventName"] for record in records]
        added = [each["pk"] for each, change in zip(keys, changes, strict=True) if change == "INSERT"]
        rollouts = [rollout for pk in added if (rollout := rollout_of(pk))]
        return cls(
            rollouts=list(dict.fromkeys(rollouts)),
            events=_events(records),
            altered=[
                AlteredItem(change, each)
                for record, each, change in zip(records, keys, changes, strict=True)
                if change != "INSERT" and not is_expiry(record)
            ],
            written_at=min(_times(records), default=None),
        )


def _events(records: Iterable[dict[str, Any]]) -> dict[str, list[Event]]:
    events: dict[str, list[Event]] = {}
    for record in records:
        rollout = rollout_of(record["dynamodb"]["Keys"]["pk"]["S"])
        image = record["dynamodb"].get("NewImage")
        if rollout and image and not isinstance(event := read_item(unmarshal(image)), NewerEvent):
            events.setdefault(rollout, []).append(event)
    return events


def _times(records: Iterable[dict[str, Any]]) -> Iterable[datetime]:
    times = (record["dynamodb"].get("ApproximateCreationDateTime") for record in records)
    return (time_of_change(time) for time in times if time)
