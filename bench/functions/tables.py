"""The part of DynamoDB that the functions use: items in a dictionary, and a few conditions.

What it does not know it refuses, so that nothing is measured that AWS would answer otherwise.
"""

import re
from collections.abc import Mapping
from typing import Any

type Item = dict[str, Any]

_CLAUSE = re.compile(
    r"attribute_not_exists\((?P<absent>\w+)\)"
    r"|begins_with\((?P<begins>\w+), (?P<start>:\w+)\)"
    r"|(?P<name>\w+) = (?P<value>:\w+)"
)


class Refused(Exception):
    """An error of DynamoDB, by its code."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": code, **more}


class Tables:
    """Tables by name, each with the attributes of its key."""

    def __init__(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        self._keys = keys
        self.items: dict[str, dict[str, Item]] = {name: {} for name in keys}

    def answer(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one request. Raises Refused."""
        match operation:
            case "GetItem":
                matching = self._find(request["TableName"], request["Key"])
                return {"Item": matching} if matching else {}
            case "PutItem":
                if not self._may_put(request):
                    raise Refused("ConditionalCheckFailedException")
                self._put(request)
                return {}
            case "Query":
                return self._query(request)
            case "BatchGetItem":
                responses = {
                    table: [matching for key in keys["Keys"] if (matching := self._find(table, key))]
                    for table, keys in request["RequestItems"].items()
                }
                return {"Responses": responses, "UnprocessedKeys": {}}
            case "TransactWriteItems":
                return self._transact([each["Put"] for each in request["TransactItems"]])
        raise ValueError(f"the benchmark's DynamoDB does not support {operation}")

    def _transact(self, puts: list[Any]) -> dict[str, Any]:
        allowed = [self._may_put(put) for put in puts]
        if not all(allowed):
            reasons = [{"Code": "None" if each else "ConditionalCheckFailed"} for each in allowed]
            raise Refused("TransactionCanceledException", CancellationReasons=reasons)
        for put in puts:
            self._put(put)
        return {}

    def _query(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if "IndexName" in request:
            raise ValueError("the benchmark's DynamoDB has no index")
        items = self.items[request["TableName"]]
        matching = [
            item
            for _, item in sorted(items.items())
            if _holds(request["KeyConditionExpression"], item, request["ExpressionAttributeValues"])
        ]
        return {"Items": matching, "Count": len(matching), "ScannedCount": len(matching)}

    def _may_put(self, put: Mapping[str, Any]) -> bool:
        condition = put.get("ConditionExpression")
        there = self._find(put["TableName"], put["Item"]) or {}
        return not condition or _holds(condition, there, put.get("ExpressionAttributeValues", {}))

    def _put(self, put: Mapping[str, Any]) -> None:
        self.items[put["TableName"]][self._key(put["TableName"], put["Item"])] = put["Item"]

    def _find(self, table: str, key: Item) -> Item | None:
        return self.items[table].get(self._key(table, key))

    def _key(self, table: str, item: Item) -> str:
        return "\0".join(item[name]["S"] for name in self._keys[table])


def _holds(condition: str, item: Item, values: Mapping[str, Any]) -> bool:
    return all(_clause_holds(clause, item, values) for clause in condition.split(" AND "))


def _clause_holds(clause: str, item: Item, values: Mapping[str, Any]) -> bool:
    if not (parsed := _CLAUSE.fullmatch(clause)):
        raise ValueError(f"the benchmark's DynamoDB does not support the condition {clause}")
    if parsed["absent"]:
        return parsed["absent"] not in item
    if parsed["begins"]:
        return bool(item[parsed["begins"]]["S"].startswith(values[parsed["start"]]["S"]))
    return bool(item.get(parsed["name"]) == values[parsed["value"]])
