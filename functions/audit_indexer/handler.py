"""audit_indexer: keep the index of the audit trail, and store what audit_archiver merges into the archive.

The audit table's stream invokes it, in order for each partition and in batches. What it does, it can do again: a batch
that fails is repeated, in halves if need be, and `pointsman audit reindex` makes the whole index anew. The archive
comes first: an index can always be made from the trail. While the archive refuses, the index table keeps the batch, so
that neither waits for the other.
"""

import os
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.audit_indexer.settings import AuditIndexerSettings
from functions.audit_indexer.stream import changes, streamed_items
from pointsman.adapters.archive_s3 import S3Segments
from pointsman.adapters.aws_client import SEGMENTS, aws_client
from pointsman.adapters.function_logger import function_logger
from pointsman.adapters.index_dynamodb import DynamoEntryWriter
from pointsman.adapters.kept_segments_dynamodb import DynamoKeptSegments
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.archive.age import ArchiveAge
from pointsman.core.archive.keep import store_or_keep
from pointsman.core.archive.stream import segments_of
from pointsman.core.index.indexer import Indexer

logger = function_logger()
metrics = Metrics()


@cache
def _settings() -> AuditIndexerSettings:
    return AuditIndexerSettings.from_environment(os.environ)


@cache
def _indexer() -> Indexer:
    client = aws_client("dynamodb")
    trail = DynamoTrail(client, _settings().audit_table)
    # What the stream has not brought yet must be seen, too: consistent reads.
    load = partial(trail.load, consistent=True)
    return Indexer(DynamoEntryWriter(client, _settings().index_table), trail.start_of_rollout, load)


@cache
def _segments() -> S3Segments:
    return S3Segments(aws_client("s3", SEGMENTS), _settings().export_bucket)


@cache
def _kept() -> DynamoKeptSegments:
    return DynamoKeptSegments(aws_client("dynamodb"), _settings().index_table)


@cache
def _archive_age() -> ArchiveAge:
    return ArchiveAge(_segments(), partial(datetime.now, UTC))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Store and index a batch of the stream. Raises for a retry."""
    records = event["Records"]
    refused = store_or_keep(segments_of(streamed_items(records)), _segments(), _kept())
    if refused:
        logger.warning("the archive refused a batch; the index table keeps it", extra={"reason": str(refused)})
        metrics.add_metric(name="BatchesKept", unit=MetricUnit.Count, value=1)
    entries = _indexer().apply(changes(records))
    metrics.add_metric(name="EventsIndexed", unit=MetricUnit.Count, value=len(records))
    metrics.add_metric(name="EntriesWritten", unit=MetricUnit.Count, value=entries)
    if not refused and (age := _archive_age().measure()) is not None:
        metrics.add_metric(name="ArchiveAge", unit=MetricUnit.Seconds, value=age)


def forget() -> None:
    """Make every part anew at the next invocation: for tests, which change the environment."""
    for part in (_settings, _indexer, _segments, _kept, _archive_age):
        part.cache_clear()
