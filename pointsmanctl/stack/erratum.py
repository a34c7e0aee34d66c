"""Removes leaked text from the audit trail, which stays verifiable.

One transaction overwrites the item and adds the event ErratumRecorded, which has the digests of the item before and
after. The table's policy lets the break-glass role do it and nobody else; docs/operations.md has the steps.
"""

import secrets
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import ValidationError

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.dynamodb import deserialize, marshal, unmarshal
from pointsman.adapters.trail_dynamodb import put_of
from pointsman.core.trail.erratum_event import ErratumRecorded
from pointsman.core.trail.item import ATTRIBUTES, digest, from_item
from pointsman.errors import Conflict
from pointsmanctl.errors import NotFound, NotRemovable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class Removal:
    """Which fields of which item to remove, and why."""

    partition: str
    key: str
    fields: tuple[str, ...]  # paths in the event, such as "tasks.0.diff"
    reason: str


def redact(client: "DynamoDBClient", table: str, removal: Removal, actor: str, now: datetime) -> ErratumRecorded:
    """Overwrite the item and record the erratum in one transaction.

    Raises NotRemovable, NotFound, Misconfigured or Unavailable.
    """
    before = _item(client, table, removal.partition, removal.key)
    name = f"e-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    after = _without(before, removal.fields, f"[removed: erratum {name}]")
    _check(after)
    recorded = ErratumRecorded(
        at=now,
        actor=actor,
        **{
            each: after[each]
            for each in ("repository", "commit", "route", "rollout", "target", "host")
            if each in after
        },
        erratum=name,
        reason=removal.reason,
        item_partition=removal.partition,
        item_key=removal.key,
        fields=removal.fields,
        sha256_before=digest(before["data"]),
        sha256_after=digest(after["data"]),
    )
    overwrite = {
        "TableName": table,
        "Item": marshal(after),
        "ConditionExpression": "#data = :before",
        "ExpressionAttributeNames": {"#data": "data"},
        "ExpressionAttributeValues": marshal({":before": before["data"]}),
    }
    steps: Any = [{"Put": overwrite}, {"Put": put_of(recorded, table)}]
    try:
        with translate_aws_errors(f"recording the erratum of {removal.key}"):
            client.transact_write_items(TransactItems=steps)
    except Conflict as error:
        raise NotRemovable("the item was changed at the same time: check it and try again") from error
    return recorded


def explain_digest(client: "DynamoDBClient", table: str, partition: str, key: str) -> str:
    """Return the digest of the item, and the erratum that explains it."""
    current = digest(_item(client, table, partition, key)["data"])
    with translate_aws_errors(f"reading the errata of {partition}"):
        errata = client.query(
            TableName=table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues=marshal({":pk": partition, ":sk": "ErratumRecorded#"}),
        )["Items"]
    events = [from_item(unmarshal(item)) for item in errata]
    of_item = [each for each in events if isinstance(each, ErratumRecorded) and each.item_key == key]
    explaining = [each.erratum for each in of_item if each.sha256_after == current]
    if explaining:
        return f"sha256 {current}: explained by erratum {explaining[-1]}"
    return f"sha256 {current}: " + ("none of the item's errata explains it" if of_item else "the item has no erratum")


def _item(client: "DynamoDBClient", table: str, partition: str, key: str) -> dict[str, Any]:
    with translate_aws_errors(f"reading {partition} {key}"):
        key_of_item = marshal({"pk": partition, "sk": key})
        item = client.get_item(TableName=table, Key=key_of_item, ConsistentRead=True).get("Item")
    if item is None:
        raise NotFound(f"the audit trail has no item {partition} {key}")
    return deserialize(item)


def _without(item: dict[str, Any], fields: tuple[str, ...], mark: str) -> dict[str, Any]:
    """Return the item with `mark` instead of each field's text, also in the attributes beside `data`."""
    after = deepcopy(item)
    for field in fields:
        _replace(after["data"], field, mark)
        if field in ATTRIBUTES and field in after:
            after[field] = mark
    return after


def _replace(data: Any, field: str, mark: str) -> None:
    *path, last = (int(step) if step.isdecimal() else step for step in field.split("."))
    try:
        for step in path:
            data = data[step]
        text = data[last]
    except (KeyError, IndexError, TypeError) as error:
        raise NotRemovable(f"the item has no field {field}: `pointsman audit -o json` shows its fields") from error
    if not isinstance(text, str):
        raise NotRemovable(f"{field} is not a text: name a text inside it, such as {field}.0")
    data[last] = mark


def _check(item: dict[str, Any]) -> None:
    """Check that the altered item is still readable as the same event. Raises NotRemovable."""
    try:
        event = from_item(unmarshal(marshal(item)))
    except ValidationError as error:
        raise NotRemovable("the event cannot be read without that text: name another field") from error
    if (event.partition, event.key) != (item["pk"], item["sk"]):
        raise NotRemovable(
            "that text is part of the item's key, which cannot be changed: replace the leaked secret with a new one"
        )
