"""The index of the trail on DynamoDB. `core/index/facets.py` has its partitions."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from msgspec import ValidationError

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.dynamodb import marshal, pages, unmarshal
from pointsman.adapters.dynamodb_batches import write_all
from pointsman.core.index.entries import StoredEntry
from pointsman.core.index.entry import HostEntry, IndexEntry
from pointsman.core.index.facets import Facet, host_sort_key, partition, partitions
from pointsman.core.index.streams import FoundEntry, Page, PageRequest
from pointsman.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_READERS: Final = 16  # requests at the same time


class DynamoEntryWriter:
    """Writes entries."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def write(self, put: Iterable[StoredEntry], delete: Iterable[StoredEntry]) -> None:
        """See EntryWriter.write."""
        items = {(each.pk, each.sk): each.item() for each in put}  # a batch may name a key only once
        requests: list[Any] = [{"PutRequest": {"Item": marshal(item)}} for item in items.values()]
        requests += [_deletion(each.pk, each.sk) for each in delete]
        self._write_all(requests)

    def delete(self, keys: Iterable[tuple[str, str]]) -> None:
        """See IndexTable.delete."""
        self._write_all([_deletion(*key) for key in keys])

    def _write_all(self, requests: list[Any]) -> None:
        write_all(self._client, "writing the index", self._table, requests)

    def put_host(self, stored: StoredEntry) -> None:
        """See EntryWriter.put_host."""
        item = stored.item()
        try:
            with translate_aws_errors("writing a host to the index"):
                self._client.put_item(
                    TableName=self._table,
                    Item=marshal(item),
                    ConditionExpression="attribute_not_exists(pk) OR #at <= :at",
                    ExpressionAttributeNames={"#at": "at"},
                    ExpressionAttributeValues=marshal({":at": item["at"]}),
                )
        except Conflict:
            return  # a newer result is stored

    def put_target(self, name: str) -> None:
        """See EntryWriter.put_target."""
        with translate_aws_errors("writing a target to the index"):
            self._client.put_item(
                TableName=self._table, Item=marshal({"pk": partition(Facet.TARGETS, "", ""), "sk": name})
            )


def _deletion(pk: str, sk: str) -> dict[str, Any]:
    return {"DeleteRequest": {"Key": marshal({"pk": pk, "sk": sk})}}


class DynamoEntryReader:
    """Reads entries. Its reads are eventually consistent, and cost half."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def pages(self, requests: Sequence[PageRequest]) -> list[Page]:
        """See EntryReader.pages."""
        if len(requests) == 1:
            return [self._page(requests[0])]
        with ThreadPoolExecutor(min(_READERS, max(len(requests), 1))) as pool:
            return list(pool.map(self._page, requests))

    def hosts(self, name: str | None = None) -> list[HostEntry]:
        """See EntryReader.hosts."""
        names = [partition(Facet.HOSTS, "", name)] if name else partitions(Facet.HOSTS)
        items = [item for each in names for item in self._items(each, host_sort_key(name) if name else "")]
        hosts = _known_hosts(items)
        return sorted(hosts, key=lambda host: (host.host, host.target))

    def targets(self) -> list[str]:
        """See EntryReader.targets."""
        return [item["sk"] for each in partitions(Facet.TARGETS) for item in self._items(each, "")]

    def _items(self, name: str, beginning: str) -> Iterator[dict[str, Any]]:
        condition, values = "pk = :pk", {":pk": name}
        if beginning:
            condition, values = f"{condition} AND begins_with(sk, :sk)", {**values, ":sk": beginning}
        return pages(
            self._client,
            "reading the index",
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=marshal(values),
        )

    def _page(self, request: PageRequest) -> Page:
        # BETWEEN includes both ends; the entry at `before` was on the page before.
        values = {":pk": request.partition, ":oldest": request.oldest or " ", ":before": request.before}
        with translate_aws_errors("reading the index"):
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :oldest AND :before",
                ExpressionAttributeValues=marshal(values),
                ScanIndexForward=False,
                Limit=request.limit + 1,
            )
        last = answer.get("LastEvaluatedKey")
        found = tuple(_found(answer["Items"], request.before))
        return Page(entries=found, more=last is not None, end=unmarshal(last)["sk"] if last else None)


def _known_hosts(items: Iterable[dict[str, Any]]) -> Iterator[HostEntry]:
    """The hosts of items, without those that only a newer version can read."""
    for item in items:
        with suppress(ValidationError):
            yield HostEntry.read(item)


def _found(items: Iterable[Any], before: str) -> Iterator[FoundEntry]:
    """The entries of items. One that only a newer version can read is left out: its event is found in its rollout."""
    for item in map(unmarshal, items):
        if item["sk"] == before:
            continue
        try:
            yield FoundEntry(sort_key=item["sk"], entry=IndexEntry.read(item))
        except ValidationError:
            continue
