"""Makes the index of the trail anew, or compares it: parts of both tables at the same time."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final

from pointsman.adapters.reindex_dynamodb import DynamoIndexTable, DynamoTrailScan
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.index.indexer import Indexer
from pointsman.core.index.reindex import IndexTally, Reindexer

if TYPE_CHECKING:
    from pointsmanctl.stack.connection import Connection

SEGMENTS: Final = 8
# audit_indexer needs seconds; after this time, an alarm says that it is late.
SETTLED_AFTER: Final = timedelta(minutes=15)


def reindex(
    connection: "Connection", now: datetime, progress: Callable[[IndexTally], None], *, repair: bool
) -> IndexTally:
    """Compare the index with the trail; with `repair`, make it what it should be. Return the differences.

    `progress` gets what was compared so far. Raises Unavailable or Misconfigured.
    """
    client, audit = connection.dynamodb, connection.audit_table
    index, scan = DynamoIndexTable(client, connection.index_table), DynamoTrailScan(client, audit)
    indexer = Indexer(index, DynamoTrail(client, audit).start_of_rollout, scan.load)
    reindexer = Reindexer(scan, index, indexer, repair=repair, settled=now - SETTLED_AFTER)
    total = _Total(progress)
    with ThreadPoolExecutor(SEGMENTS) as pool:
        for step in (reindexer.compare, reindexer.find_left_over):
            list(pool.map(lambda segment, step=step: total.add(step(segment, SEGMENTS)), range(SEGMENTS)))
    total.add(iter([reindexer.compare_lists()]))
    return total.tally


class _Total:
    """The sum of what the segments report."""

    def __init__(self, progress: Callable[[IndexTally], None]) -> None:
        self.tally = IndexTally()
        self._progress = progress
        self._lock = Lock()

    def add(self, tallies: Iterator[IndexTally]) -> None:
        for each in tallies:
            with self._lock:
                self.tally += each
                self._progress(self.tally)
