"""Whether a table can be the trail of a control stack: compared with the table that the template would create."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

TRAIL = "AuditTable"  # its logical id


def trail_problems(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """Return why a table is no trail. `expected`: the template's properties; `actual`: as DynamoDB describes it."""
    return [*_state(actual), *_keys(expected, actual), *_indexes(actual), *_stream(expected, actual)]


def _state(actual: Mapping[str, Any]) -> Iterator[str]:
    if actual["TableStatus"] != "ACTIVE":
        yield f"it is {actual['TableStatus']}"


def _keys(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[str]:
    wanted, found = _schema(expected["KeySchema"]), _schema(actual["KeySchema"])
    if wanted != found:
        yield f"its key is {found}, not {wanted}"
    types = {each["AttributeName"]: each["AttributeType"] for each in actual["AttributeDefinitions"]}
    for each in expected["AttributeDefinitions"]:
        name, kind = each["AttributeName"], each["AttributeType"]
        if types.get(name, kind) != kind:
            yield f"the attribute {name} has type {types[name]}, not {kind}"


def _indexes(actual: Mapping[str, Any]) -> Iterator[str]:
    """Yield a reason if the table has secondary indexes: the trail has none, and they cost a copy of each event."""
    if indexes := actual.get("GlobalSecondaryIndexes"):
        names = ", ".join(sorted(each["IndexName"] for each in indexes))
        yield f"it has indexes that this version does not use: {names}; delete them with `aws dynamodb update-table`"


def _stream(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[str]:
    wanted = expected["StreamSpecification"]["StreamViewType"]
    stream = actual.get("StreamSpecification") or {}
    if not stream.get("StreamEnabled"):
        yield f"its stream is off; turn it on with {wanted}"
    elif stream["StreamViewType"] != wanted:
        yield f"its stream has {stream['StreamViewType']}, not {wanted}"


def _schema(keys: Sequence[Mapping[str, str]]) -> str:
    return ", ".join(f"{each['AttributeName']} ({each['KeyType']})" for each in keys)
