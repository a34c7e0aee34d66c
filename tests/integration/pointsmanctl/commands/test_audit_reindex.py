"""`pointsman audit reindex` on the tables of a control stack, as moto has them."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.dynamodb import unmarshal
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsmanctl.commands.audit import reindex
from pointsmanctl.stack.connection import Connection
from tests.support.command_line import run, usage_error
from tests.support.events import DEV, PROD, host, started_rollout, task
from tests.support.index import index_trail
from tests.support.rollouts import MORNING
from tests.support.tables import create_tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LONG_AGO = MORNING.replace(year=2025)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator["DynamoDBClient"]:
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        client = session.client("dynamodb")
        create_tables(client)
        trail = DynamoTrail(client, "audit")
        trail.record(started_rollout(DEV, PROD).replace(at=LONG_AGO))
        for number in range(30):
            trail.record(host(DEV, f"web-{number}", tasks=[task()]).replace(at=LONG_AGO))
        there = Connection(session, None, {"AuditTableName": "audit", "IndexTableName": "index"})
        monkeypatch.setattr(reindex, "connect_stack", lambda *_: there)
        yield client


def items(client: "DynamoDBClient") -> list[dict[str, Any]]:
    pages = client.get_paginator("scan").paginate(TableName="index")
    return sorted(
        (unmarshal(item) for page in pages for item in page["Items"]), key=lambda item: (item["pk"], item["sk"])
    )


def test_an_index_is_made_from_nothing_and_agrees_then(client: "DynamoDBClient") -> None:
    checked = run("audit", "reindex", "--check")
    assert checked.exit_code == 1
    assert checked.stdout.startswith("The index differs from the trail (31 events, ")
    assert "`pointsman audit reindex` makes it anew." in checked.stderr
    assert items(client) == []
    done = run("audit", "reindex")
    assert done.exit_code == 0
    assert done.stdout.startswith("Wrote ")
    made = items(client)
    index_trail(client)
    assert made == items(client)
    agreed = run("audit", "reindex", "--check")
    assert agreed.exit_code == 0
    assert agreed.stdout.startswith("The index agrees with the trail: 31 events, ")


def test_programs_get_the_numbers(client: "DynamoDBClient") -> None:
    index_trail(client)
    lost, stray, *_ = [item for item in items(client) if item["pk"].startswith("host#")]
    client.delete_item(TableName="index", Key={"pk": {"S": lost["pk"]}, "sk": {"S": lost["sk"]}})
    removed = {"pk": {"S": stray["event_partition"]}, "sk": {"S": stray["event_key"]}}
    client.delete_item(TableName="audit", Key=removed)
    done = run("audit", "reindex", "--check", "-o", "json")
    [answer] = json.loads(done.stdout)
    assert (done.exit_code, answer["repaired"]) == (1, False)
    assert (answer["events"], answer["missing"], answer["wrong"]) == (30, 1, 0)
    assert answer["left_over"] == answer["gone"] + 1 > 5  # the entries of the event, and the host in the list
    assert "are of events that expired, or that somebody removed" in done.stderr
    [repaired] = json.loads(run("audit", "reindex", "-o", "json").stdout)
    assert repaired == {**answer, "repaired": True}
    assert run("audit", "reindex", "--check").exit_code == 0


def test_options_of_the_search_stand_after_the_command() -> None:
    assert "Invalid value for --since: write it after `reindex`" in usage_error("audit", "--since", "7d", "reindex")
