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
from pointsman.core.index.facets import SHARDED, Facet
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
    rows = re.findall(r"^\| `([a-z]+)` \| .* \| (0|0 to 3) \|$", GUIDE, re.MULTILINE)
    assert dict(rows) == {each.value: "0 to 3" if each in SHARDED else "0" for each in Facet}
