"""`pointsman why`: what became of a commit, from the trail and the present state, on moto."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from typer.testing import Result

from pointsman.core.decision import Decision, Outcome
from pointsman.core.index.missing_results import NOT_REPORTED
from pointsman.core.model import RunState
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


def test_why_shows_deliveries_decisions_and_rollouts(stack: DeployedStack) -> None:
    stack.push(delivery(DEV, PROD), "m-1")
    stack.push(delivery(DEV, PROD), "m-2")
    [report] = answers(COMMIT[:7])
    event = report["delivery"]
    assert (event["type"], event["delivery"], event["commit"]) == ("DeliveryDecided", "d-1", COMMIT)
    [decision] = event["decisions"]
    assert (decision["route"], decision["outcome"], decision["runs"]) == ("site", "matched", True)
    [rollout] = report["rollouts"]
    assert (rollout["rollout"], rollout["state"]) == (decision["rollout"], "open")
    assert [run["state"] for run in rollout["runs"]] == ["running", "running"]
    [repeated] = report["repeated"]
    assert "nothing runs twice" in repeated["reason"]
    table_text = ask(COMMIT[:7], "--repo", "acme/infra").stdout
    for text in (COMMIT[:7], "site: matched", decision["rollout"], "2 running of 2", "redelivered"):
        assert text in table_text


def test_a_commit_without_a_run_has_a_reason_and_a_held_one_is_marked(stack: DeployedStack) -> None:
    stack.push(delivery(), "m-1")
    held = Decision(route="slow", outcome=Outcome.UNDETERMINED, runs=False, held=True, reason="nobody knows")
    stack.push(delivery(name="d-2").replace(decisions=(held,)), "m-2")
    decided = {each["delivery"]["delivery"]: each["delivery"]["decisions"][0] for each in answers(COMMIT)}
    assert (decided["d-1"]["outcome"], decided["d-1"]["held"]) == ("ignored", False)
    assert decided["d-2"]["held"]
    assert "held" in ask(COMMIT).stdout


def test_all_commits_with_the_same_prefix_are_shown(stack: DeployedStack) -> None:
    for letter in "ab":
        stack.push(delivery(DEV, commit=f"1234{letter * 36}", name=f"d-{letter}"), f"m-{letter}")
    assert {report["delivery"]["delivery"] for report in answers("1234")} == {"d-a", "d-b"}
    assert {report["delivery"]["delivery"] for report in answers("1234A")} == {"d-a"}


def test_omitted_decisions_are_counted(stack: DeployedStack) -> None:
    many = tuple(
        Decision(route=f"route-{number}", outcome=Outcome.IGNORED, runs=False, reason="no file matches " * 10)
        for number in range(4_000)
    )
    stack.push(delivery().replace(decisions=many), "m-1")
    [decided] = [each["delivery"] for each in answers(COMMIT)]
    assert 0 < decided["decisions_omitted"] == len(many) - len(decided["decisions"])
    assert f"and {decided['decisions_omitted']:,} more decisions" in ask(COMMIT).stdout


def test_a_delivery_before_since_is_named(stack: DeployedStack) -> None:
    old = delivery(DEV, at=NOW - timedelta(days=2))
    stack.push(old, "m-1")
    stack.push(old, "m-2")
    result = ask(COMMIT, "--since", "1d")
    assert "first delivered before --since: d-1; use an earlier --since" in result.stderr
    assert "delivered before" not in ask(COMMIT).stderr


def test_a_failed_run_has_ansibles_reason_instead_of_the_exit_status(stack: DeployedStack) -> None:
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
    of_main = delivery(DEV)
    ref = of_main.change.replace(ref=f"refs/heads/{branch}")
    stack.push(of_main.replace(change=ref), "m-1")
    assert f"acme/infra {branch}  Raise" in ask(of_main.change.after[:7]).stdout


def test_text_from_a_commit_is_not_markup(stack: DeployedStack) -> None:
    report = delivery(DEV)
    title = "[red]not red[/red] [link=https://evil.example]x[/link]"
    stack.push(report.replace(change=report.change.replace(title=title)), "m-1")
    assert title in ask(COMMIT).stdout


def test_events_of_a_newer_version_are_counted_without_their_new_fields(stack: DeployedStack) -> None:
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
    assert "no delivery of commit abcdef in the audit trail\n" in result.stderr
    assert "Recent Deliveries" in result.stderr
    as_json = ask("abcdef", "-o", "json")
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (3, [])


@pytest.mark.parametrize("commit", ["abc", "xyz1", "HEAD", "a" * 65])
def test_an_invalid_commit_is_refused(stack: DeployedStack, commit: str) -> None:
    result = ask(commit)
    assert result.exit_code == 2
    assert "is not a commit" in " ".join(result.output.replace("│", " ").split())
