"""Queries of the audit trail, on DynamoDB as moto has it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.index.query import IndexQuery
from pointsman.core.model import RunState
from pointsman.core.trail.command_events import RolloutApproved
from pointsman.core.trail.events import BuildReported, RunEnded, RunStarted, RunWaited, TrailEvent
from pointsman.core.trail.item import NewerEvent, ReadEvent
from pointsmanctl.commands.audit import search
from pointsmanctl.main import app
from pointsmanctl.output.shapes import event_object
from pointsmanctl.stack.connection import Connection
from pointsmanctl.stack.trail_query import TrailReader
from tests.support.events import ROLLOUT, host, reported, started_rollout
from tests.support.index import index_trail
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
        state=RunState.FAILED,
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


def about(**conditions: object) -> IndexQuery:
    bounds = {"since": MORNING - timedelta(days=7), "until": MORNING + timedelta(days=1)}
    return IndexQuery(**(bounds | conditions))  # type: ignore[arg-type]


def ask(client: "DynamoDBClient", query: IndexQuery, limit: int = 100) -> list[ReadEvent]:
    index_trail(client)
    return TrailReader(client, "audit", "index").events(query, limit)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (about(), [3, 0, 1, 2]),
        (about(since=MORNING), [0, 1, 2]),
        (about(until=MORNING), [3]),
        (about(person="Hana"), [0, 1]),
        (about(account="dev", region="eu-west-1"), [0, 2]),
        (about(person="hana", account="dev", region="eu-west-1"), [0]),
        (about(rollout=f"r-{'a' * 16}"), [0, 1]),
        (about(route="other"), []),
        (about(types=("RunWaited",)), []),
        (about(region="eu-west-1"), [0, 1, 2]),
        (about(types=("RunEnded",), person="omar"), [3, 2]),
    ],
    ids=str,
)
def test_the_newest_events_that_answer_come_oldest_first(
    client: "DynamoDBClient", question: IndexQuery, expected: list[int]
) -> None:
    assert ask(client, question) == [EVENTS[number] for number in expected]


def test_the_newest_events_are_kept(client: "DynamoDBClient") -> None:
    assert ask(client, about(), 2) == EVENTS[1:3]


def test_steps_of_runs_are_found_through_their_rollouts(client: "DynamoDBClient") -> None:
    waited = RunWaited(at=MORNING, rollout=f"r-{'a' * 16}", target="dev/eu-west-1", attempt=2, blocked_by="r-bbbb")
    DynamoTrail(client, "audit").record(waited)
    assert ask(client, about(types=("RunWaited",), person="hana")) == []
    assert ask(client, about(types=("RunWaited",), account="dev")) == [waited]


def test_a_step_is_found_though_its_rollout_began_before_and_has_no_other_event(client: "DynamoDBClient") -> None:
    begun = started_rollout("dev/eu-west-1").replace(at=MORNING - timedelta(hours=20), rollout=f"r-{'e' * 16}")
    run = {"rollout": begun.rollout, "target": "dev/eu-west-1", "attempt": 1, "build_arn": "arn:aws:codebuild:x"}
    step = RunStarted.read(run | {"at": MORNING})
    for event in (begun, step):
        DynamoTrail(client, "audit").record(event)
    assert ask(client, about(types=("RunStarted",), since=MORNING - timedelta(minutes=5))) == [step]
    assert ask(client, about(types=("RunStarted",), account="dev")) == [step]


def test_the_newest_steps_are_found_not_those_of_the_newest_rollouts(client: "DynamoDBClient") -> None:
    steps = []
    for number, (begins, ends) in enumerate([(0, 50), (10, 20), (12, 15)]):
        rollout = f"r-{number:016x}"
        run = {"rollout": rollout, "target": "dev/eu-west-1", "attempt": 1}
        for at in (begins + 1, ends - 1):
            fields = run | {"at": MORNING + timedelta(seconds=at), "attempt": at, "blocked_by": "r-x"}
            steps.append(RunWaited.read(fields))
        end = EVENTS[0].replace(rollout=rollout, at=MORNING + timedelta(seconds=ends))
        for event in (end, *steps[-2:]):
            DynamoTrail(client, "audit").record(event)
    newest = sorted(steps, key=lambda each: each.at)
    assert ask(client, about(types=("RunWaited",)), 2) == newest[-2:]
    assert ask(client, about(types=("RunWaited",)), 3) == newest[-3:]


@pytest.mark.parametrize("conditions", [{}, {"rollout": ROLLOUT}, {"route": "site"}, {"person": "hana"}], ids=str)
def test_steps_are_found_together_with_events_of_other_types(
    client: "DynamoDBClient", conditions: dict[str, str]
) -> None:
    run = {"rollout": ROLLOUT, "target": "dev/eu-west-1", "attempt": 1, "build_arn": "arn:aws:codebuild:x"}
    who: dict[str, Any] = {"rollout": ROLLOUT, "actor": "hana", "route": "site"}
    begun = started_rollout("dev/eu-west-1").replace(at=MORNING, **who)
    step = RunStarted.read(run | {"at": MORNING + timedelta(seconds=1)}).replace(actor="hana", route="site")
    approved = RolloutApproved(at=MORNING + timedelta(seconds=2), command="c-1", wave=1, reason="it looks well", **who)
    ended = EVENTS[0].replace(at=MORNING + timedelta(seconds=3), state=RunState.SUCCEEDED, **who)
    events = [begun, step, approved, ended]
    for event in events:
        DynamoTrail(client, "audit").record(event)
    types = tuple(event.type for event in events)
    of_rollout = [each for each in ask(client, about(types=types, **conditions)) if each.rollout == ROLLOUT]
    assert of_rollout == events
    assert ask(client, about(types=("RunStarted", "RolloutApproved"), **conditions)) == events[1:3]
    assert ask(client, about(types=("RunStarted", "RolloutApproved"), **conditions), 1) == events[2:3]


def test_a_build_outside_pointsman_is_found_by_its_type(client: "DynamoDBClient") -> None:
    outside = reported("dev/eu-west-1", "SUCCEEDED").replace(at=MORNING, rollout="", started_by="omar")
    DynamoTrail(client, "audit").record(outside)
    assert ask(client, about(types=("BuildReported",))) == [outside]


SUCCEEDED = ended(5, "omar", "dev/eu-west-1", "b" * 40).replace(attempt=2, state=RunState.SUCCEEDED)


@pytest.mark.parametrize(
    ("question", "is_found"),
    [
        (about(outcomes=("succeeded",), account="dev"), True),
        (about(outcomes=("succeeded",), account="dev", person="omar", route="site"), True),
        (about(outcomes=("succeeded",), account="dev", person="hana"), False),
        (about(types=("RunEnded",), region="eu-west-1", repository="acme/infra"), True),
        (about(types=("RunEnded",), person="omar"), True),
        (about(types=("RunEnded",), route="site", outcomes=("succeeded",)), True),
        (about(types=("RunEnded",), person="omar", outcomes=("failed",)), False),
        (about(types=("RunEnded",), outcomes=("succeeded",)), True),
        (about(), True),
        (about(account="dev"), False),  # lists of an account or a person have the hosts of such a run
        (about(person="omar"), False),
    ],
    ids=str,
)
def test_a_run_that_succeeded_is_found_whatever_else_is_asked(
    client: "DynamoDBClient", question: IndexQuery, is_found: bool
) -> None:
    DynamoTrail(client, "audit").record(SUCCEEDED)
    assert (SUCCEEDED in ask(client, question)) is is_found


def test_what_else_happened_at_a_place_is_found_beside_runs_that_succeeded(client: "DynamoDBClient") -> None:
    DynamoTrail(client, "audit").record(SUCCEEDED)
    failed = [EVENTS[number] for number in (3, 0, 2)]
    assert ask(client, about(outcomes=("failed", "succeeded"), account="dev")) == [*failed, SUCCEEDED]
    assert ask(client, about(outcomes=("failed", "succeeded"), account="dev"), 2) == [failed[-1], SUCCEEDED]
    DynamoTrail(client, "audit").record(host("prod/eu-west-1", status="failed").replace(rollout=EVENTS[0].rollout))
    found = ask(client, about(outcomes=("failed", "succeeded"), account="prod"))
    assert [each.type for each in found] == ["RunEnded", "HostResultRecorded"]
    assert found[0] == EVENTS[1]


def test_a_run_that_succeeded_without_any_host_is_found_by_its_place_long_after_its_rollout_began(
    client: "DynamoDBClient",
) -> None:
    begun = started_rollout("qa/eu-west-1").replace(at=MORNING - timedelta(days=4), rollout=f"r-{'e' * 16}")
    ended_now = ended(6, "omar", "qa/eu-west-1", "e" * 40).replace(state=RunState.SUCCEEDED)
    for event in (begun, ended_now):
        DynamoTrail(client, "audit").record(event)
    for conditions in ({"types": ("RunEnded",)}, {"outcomes": ("succeeded",)}):
        assert ask(client, about(**conditions, account="qa", since=MORNING)) == [ended_now]


def test_a_run_whose_results_are_missing_is_found_together_with_steps(client: "DynamoDBClient") -> None:
    unreported = ended(7, "omar", "dev/eu-west-1", "b" * 40).replace(
        attempt=3, build_arn="arn:aws:codebuild:x:build/a:b"
    )
    DynamoTrail(client, "audit").record(unreported)
    for types in (("RunEnded",), ("PlaybookEnded", "RunEnded")):
        assert ask(client, about(types=types, outcomes=("results_missing",))) == [unreported]


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
    newer, *others = ask(client, about(rollout=f"r-{'a' * 16}"))
    assert others == EVENTS[:2]
    assert isinstance(newer, NewerEvent)
    assert (newer.type, newer.target) == ("RunWaited", "dev/eu-west-1")
    assert event_object(newer)["blocked_by"] == "r-bbbb"


def test_the_newest_events_of_a_rollout_are_the_latest_by_time_not_by_key(client: "DynamoDBClient") -> None:
    rollout = f"r-{'b' * 16}"
    waited = RunWaited(at=MORNING, rollout=rollout, target="dev/eu-west-1", attempt=1, blocked_by="r-a")
    DynamoTrail(client, "audit").record(waited)
    assert waited.key > EVENTS[2].key
    assert ask(client, about(rollout=rollout), 1) == [EVENTS[2]]
    assert ask(client, about(rollout=rollout)) == [waited, EVENTS[2]]


def test_events_of_codebuild_come_last_in_their_second(client: "DynamoDBClient") -> None:
    """Its times are cut to seconds."""
    rollout = f"r-{'d' * 16}"
    about_run = {"rollout": rollout, "target": "dev/eu-west-1", "attempt": 1, "build_arn": "arn:aws:codebuild:x"}
    started = RunStarted.read(about_run | {"at": MORNING + timedelta(microseconds=300_000)})
    reported = BuildReported.read(about_run | {"at": MORNING, "status": "IN_PROGRESS"})
    for event in (reported, started):
        DynamoTrail(client, "audit").record(event)
    assert ask(client, about(rollout=rollout)) == [started, reported]


def test_a_commit_finds_its_rollouts_with_all_that_they_did(client: "DynamoDBClient") -> None:
    start = started_rollout("dev/eu-west-1").replace(at=MORNING, commit="b" * 40, rollout=f"r-{'b' * 16}", actor="omar")
    DynamoTrail(client, "audit").record(start)
    assert ask(client, about(since=None, commit="bbbb")) == [start, EVENTS[2]]
    assert ask(client, about(since=None, repository="Acme/infra", commit="BB")) == [start, EVENTS[2]]
    assert ask(client, about(since=None, repository="acme/other", commit="bbbb")) == []


@pytest.mark.parametrize(("branch", "found"), [("main", True), ("other", False)])
def test_the_branch_of_a_rollout_is_that_of_its_start(client: "DynamoDBClient", branch: str, found: bool) -> None:
    rollout = f"r-{'b' * 16}"
    start = started_rollout("dev/eu-west-1").replace(at=MORNING, rollout=rollout)
    waited = RunWaited(at=MORNING, rollout=rollout, target="dev/eu-west-1", attempt=2, blocked_by="r-a")
    for event in (start, waited):
        DynamoTrail(client, "audit").record(event)
    of_rollout = about(since=None, rollout=rollout, branch=branch)
    assert (EVENTS[2] in ask(client, of_rollout)) is found
    assert (ask(client, of_rollout.replace(rollout=None, types=("RunWaited",))) == [waited]) is found


def test_a_rollout_that_did_not_change_a_file_is_not_found_by_it(client: "DynamoDBClient") -> None:
    assert ask(client, about(since=None, rollout=f"r-{'a' * 16}", repository="acme/infra", file="site.yml")) == []


def test_a_rollout_is_found_from_the_beginning_of_time(client: "DynamoDBClient") -> None:
    assert ask(client, about(since=None, rollout=f"r-{'c' * 16}")) == EVENTS[3:]


def test_one_event_above_the_limit_shows_that_there_are_more(
    client: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = {"AuditTableName": "audit", "IndexTableName": "index", "RolloutsTableName": "rollouts"}
    there = Connection(boto3.Session(region_name="us-east-1"), None, outputs)
    monkeypatch.setattr(search, "connect_stack", lambda *_: there)
    words = ["audit", "--rollout", f"r-{'a' * 16}", "--until", "2026-11-24", "--limit", "1", "-o", "json"]
    done = CliRunner().invoke(app, words)
    assert [event["target"] for event in json.loads(done.stdout)] == ["prod/eu-west-1"]
    assert done.stderr == "Showing the newest event; raise --limit or narrow --since for more.\n"
