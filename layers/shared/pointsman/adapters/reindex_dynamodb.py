"""The whole trail and the whole index on DynamoDB, for `pointsman audit reindex`."""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pointsman.adapters.dynamodb import segment_of
from pointsman.adapters.dynamodb_batches import items_of
from pointsman.adapters.index_dynamodb import DynamoEntryReader, DynamoEntryWriter
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.index.entry import EventKey
from pointsman.core.index.reindex import EntryKey, StoredEvent
from pointsman.core.trail.item import ReadEvent, read_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoTrailScan:
    """Reads every event."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def scan(self, segment: int, segments: int) -> Iterator[Sequence[StoredEvent]]:
        """See TrailScan.scan."""
        for page in segment_of(self._client, "reading the audit trail", self._table, segment, segments):
            yield [(EventKey(partition=item["pk"], key=item["sk"]), read_item(item)) for item in page]

    def load(self, places: Collection[EventKey]) -> dict[EventKey, ReadEvent]:
        """See TrailScan.load. Consistent reads."""
        return DynamoTrail(self._client, self._table).load(places, consistent=True)


class DynamoIndexTable(DynamoEntryWriter, DynamoEntryReader):
    """Reads and writes the whole index."""

    def stored(self, keys: Collection[EntryKey]) -> dict[EntryKey, dict[str, Any]]:
        """See IndexTable.stored."""
        asked = [{"pk": pk, "sk": sk} for pk, sk in keys]
        items = items_of(self._client, "reading the index", self._table, asked)
        return {(item["pk"], item["sk"]): item for item in items}

    def scan(self, segment: int, segments: int) -> Iterator[list[dict[str, Any]]]:
        """See IndexTable.scan."""
        return segment_of(self._client, "reading the index", self._table, segment, segments)
