"""Conversion to and from DynamoDB's format, and queries page by page."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from pointsman.adapters.aws_errors import translate_aws_errors


def marshal(item: Mapping[str, Any]) -> dict[str, Any]:
    """`item` in DynamoDB's format. Numbers must be int or Decimal."""
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in item.items()}


def deserialize(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item of DynamoDB with numbers as Decimal. `marshal` returns the same item again."""
    convert = TypeDeserializer().deserialize
    return {name: convert(value) for name, value in item.items()}


def unmarshal(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item of DynamoDB as plain Python values, with numbers as int or float."""
    return {name: _plain(value) for name, value in deserialize(item).items()}


def is_expiry(record: Mapping[str, Any]) -> bool:
    """Whether a record of a stream is the removal of an item that had reached the end of its time, by DynamoDB itself.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
    """
    return bool((record.get("userIdentity") or {}).get("principalId") == "dynamodb.amazonaws.com")


def time_of_change(value: Any) -> datetime:
    """A record's ApproximateCreationDateTime: seconds since 1970 in Lambda's event, a datetime from boto3's client."""
    return value if isinstance(value, datetime) else datetime.fromtimestamp(float(value), UTC)


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case _:
            return value


def pages(client: Any, doing: str, **query: Any) -> Iterator[dict[str, Any]]:
    """Every item of a query, page by page, as plain values."""
    with translate_aws_errors(doing):
        for page in client.get_paginator("query").paginate(**query):
            yield from (unmarshal(item) for item in page["Items"])


def segment_of(client: Any, doing: str, table: str, segment: int, segments: int) -> Iterator[list[dict[str, Any]]]:
    """The pages of a segment of a whole table, as plain values.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.ParallelScan
    """
    with translate_aws_errors(doing):
        paginator = client.get_paginator("scan")
        for page in paginator.paginate(TableName=table, Segment=segment, TotalSegments=segments):
            yield [unmarshal(item) for item in page["Items"]]
