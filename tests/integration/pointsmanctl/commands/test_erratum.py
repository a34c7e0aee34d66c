"""A leaked secret is taken out of the trail, which says so and stays verifiable; DynamoDB as moto has it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.dynamodb import unmarshal
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.trail.erratum_event import ErratumRecorded
from pointsman.core.trail.events import HostResultRecorded
from pointsman.core.trail.item import digest
from pointsman.errors import Misconfigured
from pointsmanctl.commands import erratum
from pointsmanctl.errors import NotFound, NotRemovable
from pointsmanctl.stack import erratum as items
from pointsmanctl.stack.connection import Connection
from pointsmanctl.stack.erratum import Removal, explain_digest, redact
from tests.support.command_line import run
from tests.support.events import DEV, host, task
from tests.support.rollouts import MORNING
from tests.support.tables import create_tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LEAKED = host(DEV, actor="hana", tasks=[task(diff="-password=old\n+password=hunter2\n"), task(message="hunter2")])
NOW = MORNING + timedelta(days=1)


@pytest.fixture
def client() -> Iterator["DynamoDBClient"]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        DynamoTrail(client, "audit").record(LEAKED)
        yield client


def removal(*fields: str, key: str = LEAKED.key) -> Removal:
    return Removal(LEAKED.partition, key, fields, "the diff held a password, which is changed")


def of_trail(client: "DynamoDBClient") -> list[object]:
    return list(DynamoTrail(client, "audit").of_partition(LEAKED.partition))


def test_the_secret_is_removed_and_the_trail_has_who_and_why(client: "DynamoDBClient") -> None:
    recorded = redact(client, "audit", removal("tasks.0.diff", "tasks.1.message"), "arn:omar", NOW)
    altered, recorded_event = of_trail(client)
    assert isinstance(altered, HostResultRecorded)
    mark = f"[removed: erratum {recorded.erratum}]"
    assert (altered.tasks[0].diff, altered.tasks[1].message) == (mark, mark)
    assert altered.tasks[0].name == LEAKED.tasks[0].name
    assert recorded_event == recorded
    assert (recorded.actor, recorded.item_key, recorded.host) == ("arn:omar", LEAKED.key, "web-1")
    assert "hunter2" not in json.dumps(client.scan(TableName="audit")["Items"])


def test_the_digests_are_those_of_the_item_before_and_after(client: "DynamoDBClient") -> None:
    def stored() -> str:
        items = [unmarshal(item) for item in client.scan(TableName="audit")["Items"]]
        return next(digest(item["data"]) for item in items if item["sk"] == LEAKED.key)

    before = stored()
    recorded = redact(client, "audit", removal("tasks.0.diff"), "arn:omar", NOW)
    assert (recorded.sha256_before, recorded.sha256_after) == (before, stored())


def test_an_erratum_explains_an_item_until_the_item_is_altered(client: "DynamoDBClient") -> None:
    def digest_text() -> str:
        return explain_digest(client, "audit", LEAKED.partition, LEAKED.key).partition(": ")[2]

    assert digest_text() == "the item has no erratum"
    recorded = redact(client, "audit", removal("tasks.0.diff"), "arn:omar", NOW)
    assert digest_text() == f"explained by erratum {recorded.erratum}"
    client.update_item(
        TableName="audit",
        Key={"pk": {"S": LEAKED.partition}, "sk": {"S": LEAKED.key}},
        UpdateExpression="SET #d.#a = :a",
        ExpressionAttributeNames={"#d": "data", "#a": "actor"},
        ExpressionAttributeValues={":a": {"S": "somebody else"}},
    )
    assert digest_text() == "none of the item's errata explains it"


def test_a_name_that_an_index_holds_is_removed_there_too(client: "DynamoDBClient") -> None:
    redact(client, "audit", removal("actor"), "arn:omar", NOW)
    assert "hana" not in json.dumps(client.scan(TableName="audit")["Items"])


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ("tasks.7.diff", "no field tasks.7.diff"),
        ("tasks", "tasks is not a text"),
        ("tasks.0.status", "the event cannot be read"),
        ("host", "part of the item's key"),
    ],
)
def test_what_cannot_be_removed_leaves_everything_as_it_is(client: "DynamoDBClient", field: str, why: str) -> None:
    with pytest.raises(NotRemovable, match=why):
        redact(client, "audit", removal(field), "arn:omar", NOW)
    assert of_trail(client) == [LEAKED]


def test_an_item_that_is_not_there_is_named(client: "DynamoDBClient") -> None:
    with pytest.raises(NotFound, match="has no item ROLLOUT#"):
        redact(client, "audit", removal("actor", key="nothing"), "arn:omar", NOW)


def test_an_item_that_changed_meanwhile_is_left_alone(
    client: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    read = items._item
    monkeypatch.setattr(items, "_item", lambda *place: {**read(*place), "data": {**read(*place)["data"], "part": 2}})
    with pytest.raises((NotRemovable, Misconfigured)):
        redact(client, "audit", removal("actor"), "arn:omar", NOW)
    assert of_trail(client) == [LEAKED]


def test_the_command_removes_text_and_names_the_alarm(
    client: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Connection(boto3.Session(region_name="us-east-1"), None, {"AuditTableName": "audit"})
    monkeypatch.setattr(erratum, "connect_stack", lambda *_: there)
    words = ["erratum", LEAKED.partition, LEAKED.key, "--field", "tasks.0.diff"]
    assert "the reason is missing: give --reason" in run(*words).output
    done = run(*words, "--reason", "it held a password")
    assert done.exit_code == 0, done.output
    assert "The alarm TrailAltered will now go off" in " ".join(done.output.split())
    (recorded_event,) = (event for event in of_trail(client) if isinstance(event, ErratumRecorded))
    assert recorded_event.reason == "it held a password"
    assert recorded_event.actor
    assert recorded_event.actor.startswith("arn:aws:")
