"""Read a batch of the audit table's stream."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self


@dataclass(frozen=True)
class AlteredItem:
    """An item of the trail that was changed or removed, although items are only ever added."""

    change: str  # "MODIFY" or "REMOVE"
    keys: dict[str, str]


@dataclass(frozen=True)
class StreamBatch:
    """What a batch says, without the items themselves."""

    rollouts: list[str]  # whose events it has, each once
    altered: list[AlteredItem]
    written_at: datetime | None  # when its oldest record was written, if a record has a time

    @classmethod
    def read(cls, event: dict[str, Any]) -> Self:
        """Read Lambda's event."""
        records = event["Records"]
        keys = [{name: value["S"] for name, value in record["dynamodb"]["Keys"].items()} for record in records]
        changes = [record["eventName"] for record in records]
        added = [each["pk"] for each, change in zip(keys, changes, strict=True) if change == "INSERT"]
        rollouts = [pk.removeprefix("ROLLOUT#") for pk in added if pk.startswith("ROLLOUT#")]
        return cls(
            rollouts=list(dict.fromkeys(rollouts)),
            altered=[
                AlteredItem(change, each) for each, change in zip(keys, changes, strict=True) if change != "INSERT"
            ],
            written_at=min(_times(records), default=None),
        )


def _times(records: list[dict[str, Any]]) -> Iterable[datetime]:
    for record in records:
        time = record["dynamodb"].get("ApproximateCreationDateTime")  # seconds; a datetime from boto3's client
        if time:
            yield time if isinstance(time, datetime) else datetime.fromtimestamp(float(time), UTC)
