"""Queries of the audit trail, on DynamoDB as moto has it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.model import RunState
from pointsman.core.trail.events import BuildReported, RunEnded, RunStarted, RunWaited, TrailEvent
from pointsman.core.trail.item import NewerEvent
from pointsmanctl.commands import audit
from pointsmanctl.main import app
from pointsmanctl.output.shapes import event_object
from pointsmanctl.output.times import EPOCH
from pointsmanctl.stack.connection import Connection
from pointsmanctl.stack.trail_query import TrailQuery, run_query
from tests.support.rollouts import MORNING
from tests.support.tables import create_tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def ended(number: int, actor: str, target: str, commit: str, days_ago: int = 0) -> RunEnded:
    return RunEnded(
        at=MORNING - timedelta(days=days_ago) + timedelta(seconds=number),
        actor=actor,
        repository="acme/infra",
        commit=commit,
        route="site",
        rollout=f"r-{commit[:16]}",
        target=target,
        attempt=1,
        state=RunState.SUCCEEDED,
        reason="",
    )


EVENTS: list[TrailEvent] = [
    ended(1, "hana", "dev/eu-west-1", "a" * 40),
    ended(2, "hana", "prod/eu-west-1", "a" * 40),
    ended(3, "omar", "dev/eu-west-1", "b" * 40),
    ended(4, "omar", "dev/us-east-1", "c" * 40, days_ago=3),
]


@pytest.fixture
def client() -> Iterator["DynamoDBClient"]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        trail = DynamoTrail(client, "audit")
        for event in EVENTS:
            trail.record(event)
        yield client


def about(**conditions: object) -> TrailQuery:
    bounds = {"since": MORNING - timedelta(days=7), "until": MORNING + timedelta(days=1)}
    return TrailQuery(**(bounds | conditions))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (about(), [3, 0, 1, 2]),
        (about(since=MORNING), [0, 1, 2]),
        (about(until=MORNING), [3]),
        (about(actor="hana"), [0, 1]),
        (about(target="dev/eu-west-1"), [0, 2]),
        (about(actor="hana", target="dev/eu-west-1"), [0]),
        (about(repository="acme/infra", commit="bbbb"), [2]),
        (about(commit="bbbb"), [2]),
        (about(repository="acme/other", commit="bbbb"), []),
        (about(rollout=f"r-{'a' * 16}"), [0, 1]),
        (about(route="other"), []),
        (about(types=("RunWaited",)), []),
        (about(limit=2), [1, 2]),
    ],
    ids=str,
)
def test_the_newest_events_that_answer_come_oldest_first(
    client: "DynamoDBClient", question: TrailQuery, expected: list[int]
) -> None:
    assert run_query(client, "audit", question) == [EVENTS[number] for number in expected]


def test_an_event_of_a_newer_version_is_shown_as_far_as_it_is_known(client: "DynamoDBClient") -> None:
    waited = RunWaited(at=MORNING, rollout=f"r-{'a' * 16}", target="dev/eu-west-1", attempt=2, blocked_by="r-bbbb")
    DynamoTrail(client, "audit").record(waited)
    client.update_item(
        TableName="audit",
        Key={"pk": {"S": waited.partition}, "sk": {"S": waited.key}},
        UpdateExpression="SET #d.version = :v",
        ExpressionAttributeNames={"#d": "data"},
        ExpressionAttributeValues={":v": {"N": "2"}},
    )
    newer, *others = run_query(client, "audit", about(rollout=f"r-{'a' * 16}"))
    assert others == EVENTS[:2]
    assert isinstance(newer, NewerEvent)
    assert (newer.type, newer.target) == ("RunWaited", "dev/eu-west-1")
    assert event_object(newer)["blocked_by"] == "r-bbbb"


def test_the_newest_events_of_a_rollout_are_the_latest_by_time_not_by_key(client: "DynamoDBClient") -> None:
    rollout = f"r-{'b' * 16}"
    waited = RunWaited(at=MORNING, rollout=rollout, target="dev/eu-west-1", attempt=1, blocked_by="r-a")
    DynamoTrail(client, "audit").record(waited)
    assert waited.key > EVENTS[2].key
    assert run_query(client, "audit", about(rollout=rollout, limit=1)) == [EVENTS[2]]
    assert run_query(client, "audit", about(rollout=rollout)) == [waited, EVENTS[2]]


def test_events_of_codebuild_come_last_in_their_second(client: "DynamoDBClient") -> None:
    """Its times are cut to seconds."""
    rollout = f"r-{'d' * 16}"
    about_run = {"rollout": rollout, "target": "dev/eu-west-1", "attempt": 1, "build_arn": "arn:aws:codebuild:x"}
    started = RunStarted.read(about_run | {"at": MORNING + timedelta(microseconds=300_000)})
    reported = BuildReported.read(about_run | {"at": MORNING, "status": "IN_PROGRESS"})
    for event in (reported, started):
        DynamoTrail(client, "audit").record(event)
    assert run_query(client, "audit", about(rollout=rollout)) == [started, reported]


def test_a_rollout_and_a_commit_are_found_from_the_beginning_of_time(client: "DynamoDBClient") -> None:
    assert run_query(client, "audit", about(since=EPOCH, rollout=f"r-{'c' * 16}")) == EVENTS[3:]
    assert run_query(client, "audit", about(since=EPOCH, repository="acme/infra", commit="c")) == EVENTS[3:]


def test_one_event_above_the_limit_shows_that_there_are_more(
    client: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = {"AuditTableName": "audit", "RolloutsTableName": "rollouts"}
    there = Connection(boto3.Session(region_name="us-east-1"), None, outputs)
    monkeypatch.setattr(audit, "connect_stack", lambda *_: there)
    words = ["audit", "--rollout", f"r-{'a' * 16}", "--until", "2026-11-24", "--limit", "1", "-o", "json"]
    done = CliRunner().invoke(app, words)
    assert [event["target"] for event in json.loads(done.stdout)] == ["prod/eu-west-1"]
    assert done.stderr == "Showing the newest event; raise --limit or narrow --since for more.\n"
