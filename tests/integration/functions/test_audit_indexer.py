"""audit_indexer on moto: what the stream of the trail says is found in the index."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from functions.audit_indexer import handler, wiring
from pointsman.adapters.dynamodb import marshal
from pointsman.core.index.query import IndexQuery
from pointsman.core.trail.event import Event
from pointsman.core.trail.item import to_item
from pointsmanctl.stack.trail_query import TrailReader
from tests.support.archive_buckets import make_archive
from tests.support.events import DEV, host, started_rollout, task
from tests.support.lambda_context import FakeContext
from tests.support.tables import create_tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator["DynamoDBClient"]:
    monkeypatch.setenv("AUDIT_TABLE", "audit")
    monkeypatch.setenv("INDEX_TABLE", "index")
    monkeypatch.setenv("EXPORT_BUCKET", "export")
    with mock_aws():
        client = boto3.client("dynamodb")
        create_tables(client)
        make_archive(boto3.client("s3"))
        wiring.forget()
        yield client
    wiring.forget()


def record(name: str, old: Event | None = None, new: Event | None = None, **about: Any) -> dict[str, Any]:
    """A record of the stream, as Lambda gets it."""
    images = {"OldImage": old, "NewImage": new}
    event = new or old
    assert event
    return {
        "eventName": name,
        "dynamodb": {
            "Keys": marshal({"pk": event.partition, "sk": event.key}),
            "SequenceNumber": "111100000000000000001",
            "ApproximateCreationDateTime": 1795420800.0,
            **{image: marshal(to_item(each)) for image, each in images.items() if each},
        },
        **about,
    }


def send(*records: dict[str, Any]) -> None:
    handler.lambda_handler({"Records": list(records)}, FakeContext())


def found(client: "DynamoDBClient", **conditions: Any) -> list[str]:
    entries = TrailReader(client, "audit", "index").find(IndexQuery(**conditions))
    return [each.entry.event_key for each in entries]


START, RESULT = (
    started_rollout(DEV),
    host(DEV, "web-1", tasks=[task(name="Set it")], actor="hana", repository="acme/infra"),
)


def test_new_events_are_found_by_what_they_say_and_by_the_branch_of_their_rollout(client: "DynamoDBClient") -> None:
    client.put_item(TableName="audit", Item=marshal(to_item(START)))
    send(record("INSERT", new=START))
    wiring.indexer.cache_clear()  # another process has not seen the start
    send(record("INSERT", new=RESULT))
    both = [RESULT.key, START.key]
    assert found(client, repository="acme/infra", branch="main") == both
    assert found(client, person="hana") == both
    assert found(client, host="web-1") == [RESULT.key]
    assert found(client, task="Set it") == [RESULT.key]


def test_a_batch_that_is_repeated_changes_nothing(client: "DynamoDBClient") -> None:
    records = [record("INSERT", new=START), record("INSERT", new=RESULT)]
    send(*records)
    before = client.scan(TableName="index")["Items"]
    send(*records)
    assert client.scan(TableName="index")["Items"] == before


def test_what_an_erratum_removes_leaves_the_index_too(client: "DynamoDBClient") -> None:
    leaked = host(DEV, "web-1", tasks=[task(name="Set the password k8-Vr2mQz")])
    send(record("INSERT", new=leaked))
    assert "k8-Vr2mQz" in str(client.scan(TableName="index")["Items"])
    send(record("MODIFY", old=leaked, new=RESULT))
    assert "k8-Vr2mQz" not in str(client.scan(TableName="index")["Items"])
    assert found(client, task="Set it") == [RESULT.key]


def test_an_item_that_expired_leaves_the_index_and_one_that_somebody_removed_does_not(client: "DynamoDBClient") -> None:
    send(record("INSERT", new=RESULT))
    send(record("REMOVE", old=RESULT))
    assert found(client, host="web-1") == [RESULT.key]
    expiry = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    send(record("REMOVE", old=RESULT, userIdentity=expiry))
    assert found(client, host="web-1") == []


def test_an_event_of_a_newer_version_is_found(client: "DynamoDBClient") -> None:
    newer = record("INSERT", new=RESULT)
    newer["dynamodb"]["NewImage"]["type"] = {"S": "HostRebooted"}
    newer["dynamodb"]["NewImage"]["data"] = {"M": {"version": {"N": "2"}, "type": {"S": "HostRebooted"}}}
    send(newer)
    assert found(client, rollout=RESULT.rollout, types=("HostRebooted",)) == [RESULT.key]
