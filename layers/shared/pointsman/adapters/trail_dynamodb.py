"""The Trail port on DynamoDB: append-only. `core/trail/item.py` has the layout of an item."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.dynamodb import marshal, pages, unmarshal
from pointsman.adapters.dynamodb_batches import items_of
from pointsman.core.index.entry import EventKey
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import RolloutStarted, TrailEvent
from pointsman.core.trail.item import EXPIRES_AT, NewerEvent, ReadEvent, read_item, to_item
from pointsman.core.trail.keys import rollout_partition
from pointsman.core.trail.shrink_to_fit import shrink_to_fit
from pointsman.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_DAY: Final = 86_400


def put_of(event: Event, table: str, expire_after_days: int = 0) -> dict[str, Any]:
    """The put that adds `event` to `table` and never overwrites: for PutItem, or as a `Put` of TransactWriteItems.

    With `expire_after_days` other than 0, DynamoDB may remove the event then.
    """
    item = to_item(shrink_to_fit(event))
    if expire_after_days:
        item[EXPIRES_AT] = int(time.time()) + expire_after_days * _DAY
    return {
        "TableName": table,
        "Item": marshal(item),
        "ConditionExpression": "attribute_not_exists(pk)",
    }


class DynamoTrail:
    """Adds events to the audit table and reads them."""

    def __init__(self, client: "DynamoDBClient", table: str, expire_after_days: int = 0) -> None:
        self._client = client
        self._table = table
        self._expire_after_days = expire_after_days

    def record(self, event: Event) -> bool:
        """See Trail.record. Raises Unavailable for a retry, and Misconfigured when the role or the table is wrong."""
        try:
            with translate_aws_errors(f"recording {event.type}"):
                self._client.put_item(**put_of(event, self._table, self._expire_after_days))
        except Conflict:
            return False
        return True

    def of_partition(self, partition: str) -> list[TrailEvent]:
        """See Trail.of_partition. A consistent read: it contains every recorded event."""
        return self._query(partition, "pk = :pk", {":pk": partition})

    def with_key(self, partition: str, beginning: str) -> list[TrailEvent]:
        """See Trail.with_key."""
        condition = "pk = :pk AND begins_with(sk, :sk)"
        return self._query(partition, condition, {":pk": partition, ":sk": beginning})

    def start_of_rollout(self, rollout: str) -> RolloutStarted | None:
        """The event with which a rollout began; None if there is none, or only a newer version can read it.

        A consistent read: it may have been recorded in this moment.
        """
        place = EventKey(partition=rollout_partition(rollout), key=RolloutStarted.__name__)
        event = self.load([place], consistent=True).get(place)
        return event if isinstance(event, RolloutStarted) else None

    def event(self, partition: str, key: str) -> ReadEvent | None:
        """The event of this partition and key; None if there is none. An eventually consistent read."""
        with translate_aws_errors(f"reading {partition}"):
            answer = self._client.get_item(TableName=self._table, Key=marshal({"pk": partition, "sk": key}))
        item = answer.get("Item")
        return read_item(unmarshal(item)) if item else None

    def load(self, places: Iterable[EventKey], *, consistent: bool = False) -> dict[EventKey, ReadEvent]:
        """The events of these places, without those that are gone."""
        keys = [{"pk": place.partition, "sk": place.key} for place in places]
        items = items_of(self._client, "reading the audit trail", self._table, keys, consistent=consistent)
        return {EventKey(partition=item["pk"], key=item["sk"]): read_item(item) for item in items}

    def page(self, partition: str, after: str) -> tuple[list[TrailEvent], str | None]:
        """See PagedTrail.page. DynamoDB ends a page after 1 MB."""
        query: dict[str, Any] = {"ExclusiveStartKey": marshal({"pk": partition, "sk": after})} if after else {}
        with translate_aws_errors(f"reading {partition}"):
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues=marshal({":pk": partition}),
                ConsistentRead=True,
                **query,
            )
        last = answer.get("LastEvaluatedKey")
        return _events(map(unmarshal, answer["Items"])), unmarshal(last)["sk"] if last else None

    def _query(self, partition: str, condition: str, values: dict[str, str]) -> list[TrailEvent]:
        items = pages(
            self._client,
            f"reading {partition}",
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=marshal(values),
            ConsistentRead=True,
        )
        return sorted(_events(items), key=lambda event: (event.at, event.key))


def _events(items: Iterable[dict[str, Any]]) -> list[TrailEvent]:
    """The events of items, without types of a newer version."""
    return [event for item in items if not isinstance(event := read_item(item), NewerEvent)]
