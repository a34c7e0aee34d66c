"""audit_indexer: keep the index of the audit trail, and store what audit_archiver merges into the archive.

The audit table's stream invokes it, in order for each partition and in batches. What it does, it can do again: a batch
that fails is repeated, in halves if need be, and `pointsman audit reindex` makes the whole index anew. The archive
comes first: an index can always be made from the trail. While the archive refuses, the index table keeps the batch, so
that neither waits for the other.
"""

from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.audit_indexer import wiring
from functions.audit_indexer.stream import changes, streamed_items
from pointsman.adapters.function_logger import function_logger
from pointsman.core.archive.keep import store_or_keep
from pointsman.core.archive.stream import segments_of

logger = function_logger()
metrics = Metrics()


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Store and index a batch of the stream. Raises for a retry."""
    records = event["Records"]
    refused = store_or_keep(segments_of(streamed_items(records)), wiring.segments(), wiring.kept())
    if refused:
        logger.warning("the archive refused a batch; the index table keeps it", extra={"reason": str(refused)})
        metrics.add_metric(name="BatchesKept", unit=MetricUnit.Count, value=1)
    entries = wiring.indexer().apply(changes(records))
    metrics.add_metric(name="EventsIndexed", unit=MetricUnit.Count, value=len(records))
    metrics.add_metric(name="EntriesWritten", unit=MetricUnit.Count, value=entries)
    if not refused and (age := wiring.archive_age().measure()) is not None:
        metrics.add_metric(name="ArchiveAge", unit=MetricUnit.Seconds, value=age)
