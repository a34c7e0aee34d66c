"""`pointsman rollout rollback` and `pointsman run`: what they send, what they say before and after; on moto."""

import json
from datetime import UTC, datetime

import pytest

from pointsman.core.model import RolloutId, RunState, TargetName
from pointsman.core.routes.compiled import CompiledRoute, CompiledRoutes, Place, TargetGroup
from tests.integration.pointsmanctl.commands.conftest import CommandReceiver
from tests.support.command_line import run, usage_error
from tests.support.commands import HANA
from tests.support.deployed_stack import DeployedStack
from tests.support.rollouts import delivery

DEV, PROD = "dev/eu-west-1", "prod/eu-west-1"
A, B, C = "a" * 40, "b" * 40, "c" * 40
ROUTES = CompiledRoutes(
    places=(
        Place(account="dev", account_id="222222222222", region="eu-west-1"),
        Place(account="prod", account_id="333333333333", region="eu-west-1"),
    ),
    routes=(
        CompiledRoute(
            name="site",
            repository=("acme/infra",),
            playbook="site.yml",
            targets=(TargetGroup(places=(0,)), TargetGroup(places=(1,))),
        ),
    ),
)


def pushed(stack: DeployedStack, commit: str, *names: str, state: RunState = RunState.SUCCEEDED) -> RolloutId:
    """A push that ran on these targets."""
    rollout = stack.push(delivery(*names, commit=commit, name=f"d-{commit[:3]}", at=datetime.now(UTC)))
    stack.end_all(rollout, state)
    return rollout


def end_open(stack: DeployedStack, state: RunState) -> None:
    """Let every build end."""
    for name in stack.store.open_rollouts():
        stack.end_all(name, state)


@pytest.fixture
def bad(stack: DeployedStack, receiver: CommandReceiver) -> RolloutId:
    """A rollout that failed after different commits on its two targets."""
    receiver.people.routes = ROUTES
    pushed(stack, A, DEV, PROD)
    pushed(stack, B, DEV)
    return pushed(stack, C, DEV, PROD, state=RunState.FAILED)


def test_a_rollback_says_beforehand_what_goes_back_to_which_commit(receiver: CommandReceiver, bad: RolloutId) -> None:
    done = run("rollout", "rollback", bad)
    assert done.exit_code == 2  # there is no terminal to ask on
    assert f"{bad}, route site: commit ccccccc  Raise the file limit" in done.stderr
    assert f"back to {B[:7]}  Raise the file limit" in done.stderr
    assert f"back to {A[:7]}  Raise the file limit" in done.stderr
    [plan] = receiver.taken
    assert plan.to_dict() | {"id": ""} == {
        "name": "rollback", "id": "", "reason": "", "rollout": bad, "targets": [], "plan_only": True,
        "override_freeze": False,
    }  # fmt: skip


def test_a_rollback_names_the_rollouts_that_bring_the_commits_back(
    stack: DeployedStack, receiver: CommandReceiver, bad: RolloutId
) -> None:
    done = run("rollout", "rollback", bad, "--yes", "--reason", "500s", "-o", "json")
    assert done.exit_code == 0, done.output
    plan, sent = receiver.taken
    assert (plan.id != sent.id, sent.to_dict()["plan_only"], sent.reason) == (True, False, "500s")
    [event] = json.loads(done.stdout)
    assert (event["type"], event["command"], event["reason"]) == ("RolloutRolledBack", sent.id, "500s")
    [shown] = json.loads(run("rollout", "show", bad, "-o", "json").stdout)
    assert (shown["state"], shown["next_commands"]) == ("rolled_back", [])
    followers = {part["by"]: part for part in shown["rollback"]["parts"]}
    assert {part["commit"]: part["targets"] for part in followers.values()} == {A: [PROD], B: [DEV]}
    for name, part in followers.items():
        assert stack.rollout(RolloutId(name)).change.after == part["commit"]
        assert f"{name}" in run("rollout", "show", bad).stdout


def test_a_target_that_stays_is_named_with_the_reason(
    stack: DeployedStack, receiver: CommandReceiver, bad: RolloutId
) -> None:
    newest = pushed(stack, "d" * 40, DEV, "dev/us-east-1")
    done = run("rollout", "rollback", newest, "--yes")
    assert done.exit_code == 0, done.output
    assert "stays as it is, because no earlier commit of the route that succeeded there is known: dev/us-east-1" in (
        done.stderr
    )
    assert f"{newest} is rolled back on 1 target:" in done.stderr


def test_a_rollback_with_nowhere_to_go_is_refused(stack: DeployedStack, receiver: CommandReceiver) -> None:
    first = pushed(stack, A, DEV)
    done = run("rollout", "rollback", first, "--yes")
    assert done.exit_code == 1
    assert "refused: there is nothing to go back to" in done.stderr


@pytest.mark.parametrize(("state", "status"), [(RunState.SUCCEEDED, 0), (RunState.FAILED, 1)])
def test_watching_a_rollback_follows_what_brings_the_commits_back(
    monkeypatch: pytest.MonkeyPatch,
    stack: DeployedStack,
    receiver: CommandReceiver,
    bad: RolloutId,
    state: RunState,
    status: int,
) -> None:
    monkeypatch.setattr("pointsmanctl.stack.follow.sleep", lambda _: end_open(stack, state))
    done = run("rollout", "rollback", bad, "--yes", "--watch")
    assert done.exit_code == status
    assert f"{bad} rolled back" in done.stdout
    assert done.stdout.count(f" {state.value}\n") >= 4  # two runs and two rollouts


def test_a_commit_runs_by_hand(stack: DeployedStack, receiver: CommandReceiver, bad: RolloutId) -> None:
    done = run("run", "site", "--commit", A, "--target", DEV, "--limit", "web", "--check", "--reason", "audit")
    assert done.exit_code == 0, done.output
    [form] = receiver.taken
    assert form.to_dict() | {"id": ""} == {
        "name": "run", "id": "", "reason": "audit", "route": "site", "repository": "", "commit": A,
        "targets": [DEV], "limit": "web", "check": True, "override_freeze": False,
    }  # fmt: skip
    assert f"checks commit {A[:7]} on {DEV}, hosts web." in done.stderr


def test_without_a_commit_the_newest_runs_again_and_can_be_watched(
    monkeypatch: pytest.MonkeyPatch, stack: DeployedStack, receiver: CommandReceiver, bad: RolloutId
) -> None:
    monkeypatch.setattr("pointsmanctl.stack.follow.sleep", lambda _: end_open(stack, RunState.SUCCEEDED))
    done = run("run", "site", "--watch", "-o", "json")
    assert done.exit_code == 0, done.output
    [shown] = json.loads(done.stdout)
    assert (shown["commit"], shown["actor"], shown["state"]) == (C, HANA, "succeeded")
    assert shown["request"]["trigger"] == "person"


def test_a_short_commit_is_that_of_a_rollout(receiver: CommandReceiver, bad: RolloutId) -> None:
    assert run("run", "site", "--commit", "bbbbbbb").exit_code == 0
    assert [form.to_dict()["commit"] for form in receiver.taken] == [B]


@pytest.mark.parametrize(
    ("commit", "message"),
    [
        ("1234567", "no rollout of route site has had a commit 1234567: give all 40 digits"),
        ("bbb", "'bbb' is not a commit: give its 40 hexadecimal digits, or the first 7"),
        ("main", "'main' is not a commit"),
    ],
)
def test_a_commit_that_nobody_knows_is_not_sent(
    receiver: CommandReceiver, bad: RolloutId, commit: str, message: str
) -> None:
    done = run("run", "site", "--commit", commit)
    assert (done.exit_code, receiver.taken) == (2, [])
    assert message in done.stderr


def test_a_short_commit_that_may_be_two_is_not_sent(
    stack: DeployedStack, receiver: CommandReceiver, bad: RolloutId
) -> None:
    pushed(stack, "b" * 39 + "0", TargetName(DEV))
    done = run("run", "site", "--commit", "bbbbbbb")
    assert (done.exit_code, receiver.taken) == (2, [])
    assert "give more digits" in done.stderr


def test_a_route_that_does_not_exist_is_refused(receiver: CommandReceiver, bad: RolloutId) -> None:
    done = run("run", "nowhere")
    assert done.exit_code == 1
    assert "no route is named nowhere: there are site" in done.stderr


@pytest.mark.parametrize(
    "words",
    [("run", "site"), ("rollout", "resume", "r-3f2a9c0d1e2b4a56"), ("rollout", "retry", "r-3f2a9c0d1e2b4a56"),
     ("rollout", "rollback", "r-3f2a9c0d1e2b4a56")],
    ids=lambda words: words[-2],
)  # fmt: skip
def test_who_overrides_a_freeze_says_why(words: tuple[str, ...]) -> None:
    assert "overriding a freeze needs a reason" in usage_error(*words, "--override-freeze")
