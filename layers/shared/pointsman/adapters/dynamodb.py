"""Conversion to and from DynamoDB's format, and queries page by page."""

from collections.abc import Iterator, Mapping
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
