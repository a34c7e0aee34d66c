"""What every adapter on DynamoDB shares: values in and out of its wire form, and its errors sorted by who must act."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from pointsman.errors import Conflict, Misconfigured, Unavailable

# Errors that no retry mends: the role, the table's name or the request itself is wrong.
_OPERATORS_FAULTS = {"AccessDeniedException", "ResourceNotFoundException", "ValidationException"}
_LOST_RACES = {"ConditionalCheckFailed", "TransactionConflict"}


def marshal(item: Mapping[str, Any]) -> dict[str, Any]:
    """`item` in DynamoDB's wire form. Numbers must be int or Decimal."""
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in item.items()}


def unmarshal(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item of DynamoDB as plain Python values: numbers as int or float."""
    deserialize = TypeDeserializer().deserialize
    return {name: _plain(deserialize(value)) for name, value in item.items()}


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


@contextmanager
def errors_sorted(doing: str) -> Iterator[None]:
    """Turn botocore's errors into ours: Conflict, Misconfigured or Unavailable, each saying what was being done."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "TransactionCanceledException" and _lost_race(error):
            raise Conflict(doing) from error
        if code == "ConditionalCheckFailedException":
            raise Conflict(doing) from error
        if code in _OPERATORS_FAULTS:
            raise Misconfigured(f"{doing}: {error}") from error
        raise Unavailable(f"{doing}: {error}") from error
    except BotoCoreError as error:
        raise Unavailable(f"{doing}: {error}") from error


def _lost_race(error: ClientError) -> bool:
    reasons: list[dict[str, str]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return any(reason.get("Code") in _LOST_RACES for reason in reasons)


def pages(client: Any, doing: str, **query: Any) -> Iterator[dict[str, Any]]:
    """Every item that a Query gives, page after page, as plain values."""
    with errors_sorted(doing):
        for page in client.get_paginator("query").paginate(**query):
            yield from (unmarshal(item) for item in page["Items"])
