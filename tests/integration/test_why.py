"""`pointsman why`: what became of a commit, from the trail and the present state, on moto."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from pointsman.adapters.builds_memory import MemoryBuilds
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.delivery import Delivery
from pointsman.core.model import Decision, Outcome, RunState
from pointsman.core.ports import BuildReport
from pointsman.core.rollouts.engine import Engine
from pointsmanctl import why
from pointsmanctl.connection import Connection
from pointsmanctl.main import app
from pointsmanctl.run_ends import NOT_REPORTED
from tests.support.rollouts import COMMIT
from tests.support.rollouts import delivery as any_delivery
from tests.support.tables import create_tables
from tests.unit.test_run_ends import NOT_FOUND, ended

NOW = datetime.now(UTC)  # without --repo the days until now are walked through
AUDIT, ROLLOUTS = "audit", "rollouts"
DEV, PROD = "dev/eu-west-1", "prod/eu-west-1"


delivery = partial(any_delivery, at=NOW)


class World:
    """An engine on the tables, and the command that reads them."""

    def __init__(self) -> None:
        client = boto3.client("dynamodb")
        create_tables(client)
        self.connection = Connection(boto3.Session(), None, {"AuditTableName": AUDIT, "RolloutsTableName": ROLLOUTS})
        self.builds = MemoryBuilds()
        self.store = DynamoRollouts(client, ROLLOUTS, AUDIT)
        self.engine = Engine(self.store, DynamoTrail(client, AUDIT), self.builds, lambda: datetime.now(UTC))

    def deliver(self, told: Delivery, message: str) -> None:
        self.engine.reconcile(self.engine.accept(told, message))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with mock_aws():
        world = World()
        monkeypatch.setattr(why, "connected", lambda *_: world.connection)
        yield world


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["why", *arguments])


def answers(*arguments: str) -> list[dict[str, Any]]:
    result = ask(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_a_commit_tells_its_deliveries_its_decisions_and_what_became_of_them(world: World) -> None:
    world.deliver(delivery(DEV, PROD), "m-1")
    world.deliver(delivery(DEV, PROD), "m-2")
    [told] = answers(COMMIT[:7])
    assert (told["delivery"], told["commit"], told["actor"]) == ("d-1", COMMIT, "hana")
    [decision] = told["decisions"]
    assert (decision["route"], decision["outcome"], decision["runs"]) == ("site", "matched", True)
    assert (decision["state"], decision["runs_by_state"]) == ("open", {"running": 2})
    [repeated] = told["repeated"]
    assert "nothing runs twice" in repeated["reason"]
    shown = ask(COMMIT[:7], "--repo", "acme/infra").stdout
    for text in (COMMIT[:7], "site: matched", decision["rollout"], "2 running of 2", "asked for again"):
        assert text in shown


def test_a_commit_that_nothing_ran_for_tells_why_and_one_that_is_held_says_so(world: World) -> None:
    world.deliver(delivery(), "m-1")
    held = Decision(route="slow", outcome=Outcome.UNDETERMINED, runs=False, held=True, reason="nobody knows")
    world.deliver(delivery(name="d-2").model_copy(update={"decisions": (held,)}), "m-2")
    decided = {told["delivery"]: told["decisions"][0] for told in answers(COMMIT)}
    assert (decided["d-1"]["outcome"], decided["d-1"]["state"]) == ("ignored", None)
    assert decided["d-2"]["state"] == "held"
    assert "held" in ask(COMMIT).stdout


def test_several_commits_that_begin_alike_are_all_told(world: World) -> None:
    for letter in "ab":
        world.deliver(delivery(DEV, commit=f"1234{letter * 36}", name=f"d-{letter}"), f"m-{letter}")
    assert {told["delivery"] for told in answers("1234")} == {"d-a", "d-b"}
    assert {told["delivery"] for told in answers("1234A")} == {"d-a"}


def test_decisions_that_the_trail_has_no_room_for_are_counted(world: World) -> None:
    many = tuple(
        Decision(route=f"route-{number}", outcome=Outcome.IGNORED, runs=False, reason="no file matches " * 10)
        for number in range(4_000)
    )
    world.deliver(delivery().model_copy(update={"decisions": many}), "m-1")
    [told] = answers(COMMIT)
    assert 0 < told["decisions_omitted"] == len(many) - len(told["decisions"])
    assert f"and {told['decisions_omitted']} more decisions" in ask(COMMIT).stdout


def test_a_delivery_from_before_the_time_that_was_asked_about_is_named(world: World) -> None:
    old = delivery(DEV, at=NOW - timedelta(days=2))
    world.deliver(old, "m-1")
    world.deliver(old, "m-2")
    result = ask(COMMIT, "--since", "1d")
    assert "delivered before: d-1; a longer --since" in result.stderr
    assert "delivered before" not in ask(COMMIT).stderr


def test_a_failed_run_tells_ansibles_reason_and_no_exit_status(world: World) -> None:
    world.deliver(delivery(DEV, PROD), "m-1")
    rollout = delivery(DEV, PROD).specs[0].rollout
    loaded = world.store.load(rollout)
    assert loaded
    for run in loaded[1]:
        arn = run.build_arn or ""
        report = BuildReport(arn=arn, state=RunState.FAILED, reason="exit status 1", ended_at=NOW)
        world.engine.build_ended(rollout, run.target.name, 1, report)
        told = ended(rollout=rollout, target=run.target.name, build_arn=arn)
        if run.target.name == DEV:
            DynamoTrail(world.connection.dynamodb, AUDIT).record(told)
    [answer] = answers(COMMIT)
    assert answer["decisions"][0]["troubles"] == {DEV: NOT_FOUND, PROD: f"exit status 1; {NOT_REPORTED}"}
    assert f"{DEV} failed: {NOT_FOUND}" in " ".join(ask(COMMIT).stdout.split())


@pytest.mark.parametrize("branch", ["refs/main", "tags/v1", "heads/x", "refs/heads/x"])
def test_a_branch_is_named_as_it_is(world: World, branch: str) -> None:
    told = delivery(DEV)
    ref = told.change.model_copy(update={"ref": f"refs/heads/{branch}"})
    world.deliver(told.model_copy(update={"change": ref}), "m-1")
    assert f"acme/infra {branch}  Raise" in ask(told.change.after[:7]).stdout


def test_text_from_a_commit_is_no_markup(world: World) -> None:
    told = delivery(DEV)
    title = "[red]not red[/red] [link=https://evil.example]x[/link]"
    world.deliver(told.model_copy(update={"change": told.change.model_copy(update={"title": title})}), "m-1")
    assert title in ask(COMMIT).stdout


def test_what_only_a_newer_version_can_read_is_counted_and_its_new_fields_are_left_out(world: World) -> None:
    world.deliver(delivery(DEV), "m-1")
    client = world.connection.dynamodb
    [item] = client.query(
        TableName=AUDIT,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "DELIVERY#d-1"}},
    )["Items"]
    for key, added in (("a", {"colour": {"S": "red"}}), ("b", {"version": {"N": "2"}})):
        data: dict[str, Any] = {**item["data"]["M"], **added}
        newer: dict[str, Any] = {**item, "sk": {"S": f"DeliveryDecided#{key}"}, "data": {"M": data}}
        client.put_item(TableName=AUDIT, Item=newer)
    assert len(answers(COMMIT)) == 2
    assert "1 more that only a newer version of Pointsman can read" in ask(COMMIT).stderr


def test_nothing_found_says_where_else_to_look(world: World) -> None:
    result = ask("abcdef")
    assert result.exit_code == 0
    assert "Nothing in the trail since" in result.stderr
    assert "Recent Deliveries" in result.stderr
    assert answers("abcdef") == []


@pytest.mark.parametrize("commit", ["abc", "xyz1", "HEAD", "a" * 65])
def test_what_is_no_commit_is_refused(world: World, commit: str) -> None:
    result = ask(commit)
    assert result.exit_code == 2
    assert "is no commit" in " ".join(result.output.replace("│", " ").split())
