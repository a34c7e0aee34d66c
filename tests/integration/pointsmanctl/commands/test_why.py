"""`pointsman why`: what became of a commit, from the trail and the present state, on moto."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from typer.testing import Result

from pointsman.core.model import Decision, Outcome, RunState
from pointsmanctl.output.run_ends import NOT_REPORTED
from tests.support.command_line import run
from tests.support.deployed_stack import DeployedStack
from tests.support.rollouts import COMMIT
from tests.support.rollouts import delivery as any_delivery
from tests.support.world import AUDIT
from tests.unit.pointsmanctl.output.test_run_ends import NOT_FOUND, ended

NOW = datetime.now(UTC)  # without --repo the days until now are walked through
DEV, PROD = "dev/eu-west-1", "prod/eu-west-1"
delivery = partial(any_delivery, at=NOW)


def ask(*arguments: str) -> Result:
    return run("why", *arguments)


def answers(*arguments: str) -> list[dict[str, Any]]:
    result = ask(*arguments, "-o", "json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_a_commit_tells_its_deliveries_its_decisions_and_what_became_of_them(stack: DeployedStack) -> None:
    stack.push(delivery(DEV, PROD), "m-1")
    stack.push(delivery(DEV, PROD), "m-2")
    [told] = answers(COMMIT[:7])
    event = told["delivery"]
    assert (event["type"], event["delivery"], event["commit"]) == ("DeliveryDecided", "d-1", COMMIT)
    [decision] = event["decisions"]
    assert (decision["route"], decision["outcome"], decision["runs"]) == ("site", "matched", True)
    [rollout] = told["rollouts"]
    assert (rollout["rollout"], rollout["state"]) == (decision["rollout"], "open")
    assert [run["state"] for run in rollout["runs"]] == ["running", "running"]
    [repeated] = told["repeated"]
    assert "nothing runs twice" in repeated["reason"]
    shown = ask(COMMIT[:7], "--repo", "acme/infra").stdout
    for text in (COMMIT[:7], "site: matched", decision["rollout"], "2 running of 2", "redelivered"):
        assert text in shown


def test_a_commit_that_nothing_ran_for_tells_why_and_one_that_is_held_says_so(stack: DeployedStack) -> None:
    stack.push(delivery(), "m-1")
    held = Decision(route="slow", outcome=Outcome.UNDETERMINED, runs=False, held=True, reason="nobody knows")
    stack.push(delivery(name="d-2").replace(decisions=(held,)), "m-2")
    decided = {told["delivery"]["delivery"]: told["delivery"]["decisions"][0] for told in answers(COMMIT)}
    assert (decided["d-1"]["outcome"], decided["d-1"]["held"]) == ("ignored", False)
    assert decided["d-2"]["held"]
    assert "held" in ask(COMMIT).stdout


def test_several_commits_that_begin_alike_are_all_told(stack: DeployedStack) -> None:
    for letter in "ab":
        stack.push(delivery(DEV, commit=f"1234{letter * 36}", name=f"d-{letter}"), f"m-{letter}")
    assert {told["delivery"]["delivery"] for told in answers("1234")} == {"d-a", "d-b"}
    assert {told["delivery"]["delivery"] for told in answers("1234A")} == {"d-a"}


def test_decisions_that_the_trail_has_no_room_for_are_counted(stack: DeployedStack) -> None:
    many = tuple(
        Decision(route=f"route-{number}", outcome=Outcome.IGNORED, runs=False, reason="no file matches " * 10)
        for number in range(4_000)
    )
    stack.push(delivery().replace(decisions=many), "m-1")
    [told] = [each["delivery"] for each in answers(COMMIT)]
    assert 0 < told["decisions_omitted"] == len(many) - len(told["decisions"])
    assert f"and {told['decisions_omitted']:,} more decisions" in ask(COMMIT).stdout


def test_a_delivery_from_before_the_time_that_was_asked_about_is_named(stack: DeployedStack) -> None:
    old = delivery(DEV, at=NOW - timedelta(days=2))
    stack.push(old, "m-1")
    stack.push(old, "m-2")
    result = ask(COMMIT, "--since", "1d")
    assert "first delivered before --since: d-1; use an earlier --since" in result.stderr
    assert "delivered before" not in ask(COMMIT).stderr


def test_a_failed_run_tells_ansibles_reason_and_no_exit_status(stack: DeployedStack) -> None:
    stack.push(delivery(DEV, PROD), "m-1")
    rollout = delivery(DEV, PROD).specs[0].rollout
    loaded = stack.store.load(rollout)
    assert loaded
    for each in loaded[1]:
        stack.end_run(each, RunState.FAILED, "exit status 1")
        if each.target.name == DEV:
            stack.trail.record(ended(rollout=rollout, target=DEV, build_arn=each.build_arn))
    [answer] = answers(COMMIT)
    reasons = {each["target"]: each["reason"] for each in answer["rollouts"][0]["runs"]}
    assert reasons == {DEV: NOT_FOUND, PROD: f"exit status 1; {NOT_REPORTED}"}
    assert f"{DEV} failed: {NOT_FOUND}" in " ".join(ask(COMMIT).stdout.split())


@pytest.mark.parametrize("branch", ["refs/main", "tags/v1", "heads/x", "refs/heads/x"])
def test_a_branch_is_named_as_it_is(stack: DeployedStack, branch: str) -> None:
    told = delivery(DEV)
    ref = told.change.replace(ref=f"refs/heads/{branch}")
    stack.push(told.replace(change=ref), "m-1")
    assert f"acme/infra {branch}  Raise" in ask(told.change.after[:7]).stdout


def test_text_from_a_commit_is_no_markup(stack: DeployedStack) -> None:
    told = delivery(DEV)
    title = "[red]not red[/red] [link=https://evil.example]x[/link]"
    stack.push(told.replace(change=told.change.replace(title=title)), "m-1")
    assert title in ask(COMMIT).stdout


def test_what_only_a_newer_version_can_read_is_counted_and_its_new_fields_are_left_out(stack: DeployedStack) -> None:
    stack.push(delivery(DEV), "m-1")
    client = stack.connection.dynamodb
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
    assert "A newer version of Pointsman wrote 1 more event" in ask(COMMIT).stderr


def test_nothing_found_says_where_else_to_look(stack: DeployedStack) -> None:
    result = ask("abcdef")
    assert result.exit_code == 3
    assert "no delivery of commit abcdef in the audit trail since" in result.stderr
    assert "Recent Deliveries" in result.stderr
    as_json = ask("abcdef", "-o", "json")
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (3, [])


@pytest.mark.parametrize("commit", ["abc", "xyz1", "HEAD", "a" * 65])
def test_what_is_no_commit_is_refused(stack: DeployedStack, commit: str) -> None:
    result = ask(commit)
    assert result.exit_code == 2
    assert "is not a commit" in " ".join(result.output.replace("│", " ").split())
