"""The index of a trail on moto, where no stream invokes audit_indexer."""

from typing import TYPE_CHECKING, Any

from pointsman.adapters.dynamodb import unmarshal
from pointsman.adapters.index_dynamodb import DynamoEntryWriter
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.index.entry import EventKey
from pointsman.core.index.indexer import EventChange, Indexer
from pointsman.core.trail.item import read_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def index_trail(client: "DynamoDBClient", audit: str = "audit", index: str = "index") -> None:
    """Write the entries of every event of the trail."""
    trail = DynamoTrail(client, audit)
    indexer = Indexer(DynamoEntryWriter(client, index), trail.start_of_rollout, trail.load)
    for page in client.get_paginator("scan").paginate(TableName=audit):
        indexer.apply([_change(unmarshal(item)) for item in page["Items"]])


def _change(item: dict[str, Any]) -> EventChange:
    return EventChange(place=EventKey(partition=item["pk"], key=item["sk"]), new=read_item(item))
