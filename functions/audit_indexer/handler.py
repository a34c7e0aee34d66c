"""audit_indexer: keep the index of the audit trail.

The audit table's stream invokes it, in order for each partition and in batches. What it does, it can do again: a batch
that fails is repeated, in halves if need be, and `pointsman audit reindex` makes the whole index anew.
"""

import os
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.audit_indexer.settings import AuditIndexerSettings
from pointsman.adapters.aws_client import aws_client
from pointsman.adapters.dynamodb import unmarshal
from pointsman.adapters.function_logger import function_logger
from pointsman.adapters.index_dynamodb import DynamoEntryWriter
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.index.entry import EventKey
from pointsman.core.index.indexer import EventChange, Indexer
from pointsman.core.trail.item import ReadEvent, read_item

logger = function_logger()
metrics = Metrics()

# DynamoDB's own hand: an item that had reached the end of its retention.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
_EXPIRY = "dynamodb.amazonaws.com"


@cache
def _indexer() -> Indexer:
    settings = AuditIndexerSettings.from_environment(os.environ)
    client = aws_client("dynamodb")
    return Indexer(
        DynamoEntryWriter(client, settings.index_table), DynamoTrail(client, settings.audit_table).start_of_rollout
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Index a batch of the stream. Raises for a retry."""
    entries = _indexer().apply(_changes(event["Records"]))
    metrics.add_metric(name="EventsIndexed", unit=MetricUnit.Count, value=len(event["Records"]))
    metrics.add_metric(name="EntriesWritten", unit=MetricUnit.Count, value=entries)


def _changes(records: Iterable[dict[str, Any]]) -> Iterator[EventChange]:
    for record in records:
        old, new = _event(record, "OldImage"), _event(record, "NewImage")
        if new or _is_expiry(record):
            keys = unmarshal(record["dynamodb"]["Keys"])
            yield EventChange(place=EventKey(partition=keys["pk"], key=keys["sk"]), old=old, new=new)
        # An item that somebody removed keeps its entries: they are evidence. notify counts it, for an alarm.


def _event(record: dict[str, Any], image: str) -> ReadEvent | None:
    found = record["dynamodb"].get(image)
    return read_item(unmarshal(found)) if found else None


def _is_expiry(record: dict[str, Any]) -> bool:
    return (record.get("userIdentity") or {}).get("principalId") == _EXPIRY
