"""Segments that the archive's bucket refused, in a partition of the index table."""

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.dynamodb import marshal, pages
from pointsman.core.archive.ports import StoredName
from pointsman.core.archive.stream import Segment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PARTITION: Final = "archive#kept"  # no facet of the index
# An item has 400 KB at most: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
PART_BYTES: Final = 350_000


class DynamoKeptSegments:
    """A segment is one item, or several if it is large. It is there once its last part is."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def keep(self, segments: Iterable[Segment]) -> None:
        """See KeptSegments.keep."""
        for segment in segments:
            size = len(segment.content)
            parts = [segment.content[at : at + PART_BYTES] for at in range(0, size, PART_BYTES)]
            for number, part in enumerate(parts):
                item: dict[str, Any] = {"pk": PARTITION, "sk": f"{segment.name}#{number:03d}", "segment": segment.name}
                item |= {"part": number, "parts": len(parts), "size": size, "content": part}
                with translate_aws_errors(f"keeping {segment.name}"):
                    self._client.put_item(TableName=self._table, Item=marshal(item))

    def names(self, prefix: str, before: str) -> list[StoredName]:
        """See KeptSegments.names. Consistent reads."""
        found = self._items(prefix, "segment", "part", "parts", "size")
        last = [each for each in found if each["part"] + 1 == each["parts"] and each["segment"] < before]
        return [StoredName(name=each["segment"], size=each["size"]) for each in last]

    def load(self, names: Collection[str]) -> dict[str, bytes]:
        """See KeptSegments.load."""
        found: dict[str, bytes] = {}
        for name in names:
            parts = [bytes(each["content"]) for each in self._items(f"{name}#", "content")]
            if parts:
                found[name] = b"".join(parts)
        return found

    def delete(self, names: Collection[str]) -> None:
        """See KeptSegments.delete."""
        for name in names:
            for item in list(self._items(f"{name}#", "sk")):
                with translate_aws_errors(f"deleting {name}, which is archived"):
                    self._client.delete_item(TableName=self._table, Key=marshal({"pk": PARTITION, "sk": item["sk"]}))

    def _items(self, prefix: str, *attributes: str) -> Iterator[dict[str, Any]]:
        names = {f"#{each}": each for each in attributes}
        return pages(
            self._client,
            "reading kept segments of the archive",
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=marshal({":pk": PARTITION, ":prefix": prefix}),
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
            ConsistentRead=True,
        )
