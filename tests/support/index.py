"""The index of a trail on moto, where no stream invokes audit_indexer."""

from typing import TYPE_CHECKING

from pointsman.adapters.dynamodb import unmarshal
from pointsman.adapters.index_dynamodb import DynamoEntryWriter
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.index.indexer import EventChange, Indexer
from pointsman.core.trail.item import read_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def index_trail(client: "DynamoDBClient", audit: str = "audit", index: str = "index") -> int:
    """Write the entries of every event of the trail; how many there are."""
    indexer = Indexer(DynamoEntryWriter(client, index), DynamoTrail(client, audit).start_of_rollout)
    pages = client.get_paginator("scan").paginate(TableName=audit)
    return sum(indexer.apply([EventChange(new=read_item(unmarshal(item))) for item in page["Items"]]) for page in pages)
