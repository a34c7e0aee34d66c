"""The queries of docs/audit.md for other programs, run on moto as they stand there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.dynamodb import unmarshal
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.index.facets import SHARDS, Facet
from tests.support.events import host
from tests.support.index import index_trail
from tests.support.tables import create_tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

GUIDE = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()
TARGET, HOST = "prod/eu-west-1", "web-1"


@pytest.fixture
def client() -> Iterator["DynamoDBClient"]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        for number in (1, 2):
            DynamoTrail(client, "audit").record(host(TARGET, HOST, at=number, attempt=number))
        DynamoTrail(client, "audit").record(host(TARGET, "web-2", at=3))
        index_trail(client)
        yield client


def test_the_query_of_the_command_line_finds_the_newest_first(client: "DynamoDBClient") -> None:
    [command] = re.findall(r"aws dynamodb query (.*?)```", GUIDE, re.DOTALL)
    assert "--no-scan-index-forward" in command
    [condition] = re.findall(r"--key-condition-expression '(.*?)'", command)
    [values] = re.findall(r"--expression-attribute-values '(.*?)'", command)
    answer = client.query(
        TableName="index",
        KeyConditionExpression=condition,
        ExpressionAttributeValues=json.loads(values),
        ScanIndexForward=False,
        Limit=20,
    )
    entries = [unmarshal(item) for item in answer["Items"]]
    assert [each["at"] for each in entries] == ["2026-11-23T08:00:02Z", "2026-11-23T08:00:01Z"]
    event = DynamoTrail(client, "audit").event(entries[0]["event_partition"], entries[0]["event_key"])
    assert event == host(TARGET, HOST, at=2, attempt=2)


def test_the_statement_of_partiql_finds_the_same(client: "DynamoDBClient") -> None:
    [statement] = re.findall(r'--statement \\\n  "(SELECT .*?)"\n', GUIDE, re.DOTALL)
    statement = statement.replace('\\"$INDEX\\"', '"index"').removesuffix(" ORDER BY sk DESC")  # moto cannot sort
    items = [unmarshal(item) for item in client.execute_statement(Statement=statement)["Items"]]
    assert sorted(each["at"] for each in items) == ["2026-11-23T08:00:01Z", "2026-11-23T08:00:02Z"]


def test_the_table_of_partitions_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| .* \| 0(?: to (\d+))?(?:, by [a-z ]+)? \|$", GUIDE, re.MULTILINE)
    assert {facet: int(last or 0) + 1 for facet, last in rows} == {each.value: SHARDS.get(each, 1) for each in Facet}


def test_results_of_a_route_are_found_through_their_rollouts_as_the_guide_says(client: "DynamoDBClient") -> None:
    assert "read the partition\n`rollout#<rollout>#0` from its time on, up to this end" in GUIDE

    def items(condition: str, **values: str) -> list[dict[str, str]]:
        names = {f":{name}": {"S": value} for name, value in values.items()}
        answer = client.query(TableName="index", KeyConditionExpression=condition, ExpressionAttributeValues=names)
        return [unmarshal(item) for item in answer["Items"]]

    [activity] = [each for shard in range(4) for each in items("pk = :pk", pk=f"outcome#changed#{shard}")]
    assert activity["type"] == "RolloutActivity"
    between = "pk = :pk AND sk BETWEEN :since AND :end"
    since, end = activity["at"], activity["sk"].partition("#")[0]
    found = items(between, pk=f"rollout#{activity['rollout']}#0", since=since, end=end)
    assert [each["host"] for each in found] == [HOST, HOST, "web-2"]
