"""AWS in this process, where botocore would send a request: DynamoDB is the emulator's, CodeBuild and STS are stubs.

Every call is counted, with the capacity units that it consumed.
"""

import asyncio
import json
import math
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import process_time
from typing import Any
from unittest import mock
from urllib.parse import parse_qs

import boto3
from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session

from bench.functions.aws import assume_role, new_build
from localcloud.aws import emulator

ACCOUNT, REGION = "111111111111", "us-east-1"
ROLLOUTS, AUDIT = "rollouts", "audit"
READ_UNIT = 4_096  # bytes of a strongly consistent read
_COUNTED = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem", "Query", "GetItem")


@dataclass
class Tally:
    """What the calls were, and cost."""

    calls: dict[str, int] = field(default_factory=dict)  # by operation
    read_units: float = 0
    write_units: float = 0  # with those of the tables' indexes
    bytes_read: int = 0  # from DynamoDB
    cpu_seconds: float = field(default=0, compare=False)  # of the emulator and the stubs
    started: list[int] = field(default_factory=list)  # when StartBuild was answered, in round trips

    @property
    def total(self) -> int:
        """Every call."""
        return sum(self.calls.values())


class CountedCloud:
    """What botocore talks to. `wait` is called for every call."""

    def __init__(self, wait: Callable[[], None], now: Callable[[], int]) -> None:
        self._wait = wait
        self._now = now
        self.tally = Tally()
        self.builds: list[dict[str, Any]] = []

    def forget(self) -> Tally:
        """Begin to count anew; return what was counted."""
        before, self.tally = self.tally, Tally()
        return before

    def answer(self, request: Any) -> AWSResponse:
        """Answer one HTTP request."""
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        body = request.body.encode() if isinstance(request.body, str) else bytes(request.body or b"")
        service, _, operation = headers.get("x-amz-target", "").partition(".")
        began = process_time()
        if not service:
            operation, status, content = "AssumeRole", 200, assume_role(parse_qs(body.decode()))
        elif service.startswith("DynamoDB_"):
            status, content = self._dynamodb(headers, operation, json.loads(body))
        else:
            status, content = 200, json.dumps(self._codebuild(operation, json.loads(body), headers)).encode()
        self.tally.cpu_seconds += process_time() - began
        self._wait()
        self.tally.calls[operation] = self.tally.calls.get(operation, 0) + 1
        if operation == "StartBuild":
            self.tally.started.append(self._now())
        return AWSResponse(request.url, status, {"x-amzn-RequestId": str(uuid.uuid4())}, _Raw(content))  # type: ignore[arg-type]

    def _dynamodb(self, headers: Mapping[str, str], operation: str, request: dict[str, Any]) -> tuple[int, bytes]:
        if operation in _COUNTED:
            request["ReturnConsumedCapacity"] = "TOTAL"
        with emulator.scope(ACCOUNT, REGION):
            asked = emulator.dynamodb.handle_request("POST", "/", headers, json.dumps(request).encode(), {})
            status, _, content = asyncio.run(asked)
        answer = json.loads(content)
        if status == 200:
            self._count(operation, answer)
        answer.pop("ConsumedCapacity", None)
        return status, json.dumps(answer).encode()

    def _count(self, operation: str, answer: Mapping[str, Any]) -> None:
        used = answer.get("ConsumedCapacity") or []
        units = sum(each["CapacityUnits"] for each in ([used] if isinstance(used, dict) else used))
        items = [*answer.get("Items", ()), *([answer["Item"]] if answer.get("Item") else ())]
        batch = (
            [item for of_table in answer.get("Responses", {}).values() for item in of_table]
            if isinstance(answer.get("Responses"), dict)
            else []
        )
        sizes = [emulator.item_bytes(item) for item in batch]
        self.tally.bytes_read += sum(sizes) + sum(emulator.item_bytes(item) for item in items)
        if operation in ("Query", "GetItem"):
            self.tally.read_units += units
        elif operation == "BatchGetItem":
            self.tally.read_units += sum(math.ceil(size / READ_UNIT) for size in sizes)
        else:
            self.tally.write_units += units

    def _codebuild(self, operation: str, request: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        match operation:
            case "StartBuild":
                self.builds.append(build := new_build(request | {"scope": headers["authorization"]}))
                return {"build": build}
            case "BatchGetBuilds":
                return {"builds": [build for build in self.builds if build["id"] in request["ids"]]}
        raise ValueError(f"the benchmark's CodeBuild does not support {operation}")


class _Raw:
    """The body of an answer, as urllib3 gives it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> Iterator[bytes]:
        """The body in one piece."""
        yield self._body


@contextmanager
def counted_cloud(wait: Callable[[], None], now: Callable[[], int]) -> Iterator[CountedCloud]:
    """Answer every request of botocore in this process, from empty tables."""
    cloud = CountedCloud(wait, now)
    given = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": REGION}
    with (
        mock.patch.dict(os.environ, given),
        mock.patch.object(boto3, "DEFAULT_SESSION", None),
        mock.patch.object(URLLib3Session, "send", lambda _, request: cloud.answer(request)),
    ):
        _new_tables()
        cloud.forget()
        yield cloud


def _new_tables() -> None:
    """Both tables with their indexes; without the stream, which the engine does not read."""
    client = boto3.client("dynamodb")
    for table in client.list_tables()["TableNames"]:
        client.delete_table(TableName=table)
    _new_table(client, ROLLOUTS, {"open": ("open", "pk")})
    _new_table(client, AUDIT, {})


def _new_table(client: Any, name: str, indexes: Mapping[str, tuple[str, str]]) -> None:
    names = sorted({"pk", "sk", *(each for keys in indexes.values() for each in keys)})
    secondary = [
        {"IndexName": index, "KeySchema": _keys(*keys), "Projection": {"ProjectionType": "KEYS_ONLY"}}
        for index, keys in indexes.items()
    ]
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_keys("pk", "sk"),
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in names],
        **({"GlobalSecondaryIndexes": secondary} if secondary else {}),
    )


def _keys(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
