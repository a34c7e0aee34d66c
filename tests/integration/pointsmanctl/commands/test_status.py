"""`pointsman status`: rollouts as they are, their exit statuses, and following them to their end; on moto."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from pointsman.core.model import RolloutId, RunState
from tests.support.command_line import run
from tests.support.deployed_stack import DeployedStack
from tests.support.rollouts import COMMIT, delivery

DEV, PROD = "dev/eu-west-1", "prod/eu-west-1"
OTHER = "2" * 40


def deliver(stack: DeployedStack, *targets: str, commit: str = COMMIT) -> RolloutId:
    """A push that comes now; the id of its rollout."""
    return stack.push(delivery(*targets, commit=commit, name=f"d-{commit[:4]}", at=datetime.now(UTC)))


@pytest.fixture
def rollout(stack: DeployedStack) -> RolloutId:
    return deliver(stack, DEV, PROD)


@pytest.mark.parametrize(("state", "status"), [(RunState.SUCCEEDED, 0), (RunState.FAILED, 1)])
def test_the_exit_status_for_one_rollout_shows_whether_it_failed(
    stack: DeployedStack, rollout: RolloutId, state: RunState, status: int
) -> None:
    assert run("status", rollout).exit_code == 0  # it is open
    stack.end_all(rollout, state)
    for output in ("table", "json", "jsonl", "csv"):
        done = run("status", rollout, "-o", output)
        assert done.exit_code == status
        assert state.value in done.stdout


def test_the_exit_status_for_the_list_is_optional(stack: DeployedStack, rollout: RolloutId) -> None:
    stack.end_all(rollout, RunState.FAILED)
    assert run("status").exit_code == 0
    assert run("status", "--exit-status").exit_code == 1


def test_a_rollout_that_does_not_exist_has_a_status_of_its_own(stack: DeployedStack) -> None:
    done = run("status", "r-0123456789abcdef")
    assert done.exit_code == 3
    assert "rollout r-0123456789abcdef does not exist" in done.stderr


def test_without_rollouts_there_is_nothing_to_show(stack: DeployedStack) -> None:
    done = run("status", "--since", "2h", "--exit-status")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "No rollout is open, and none has started in the last 2h.\n"


def test_the_list_and_the_one_are_the_same_object(stack: DeployedStack, rollout: RolloutId) -> None:
    stack.end_all(rollout, RunState.FAILED)
    [one] = json.loads(run("status", rollout, "-o", "json").stdout)
    assert json.loads(run("status", "-o", "json").stdout) == [one]
    assert json.loads(run("status", "-o", "jsonl").stdout) == one
    [answer] = json.loads(run("why", COMMIT, "-o", "json").stdout)
    assert answer["rollouts"] == [one]


def test_a_table_has_a_row_for_each_run_with_its_log(stack: DeployedStack, rollout: RolloutId) -> None:
    header, *rows = csv.reader(io.StringIO(run("status", "-o", "csv").stdout))
    assert len(rows) == 2
    assert [dict(zip(header, row, strict=True))["target"] for row in rows] == [DEV, PROD]
    loaded = stack.store.load(rollout)
    assert loaded
    logs = [each.log_url for each in loaded[1]]
    assert [dict(zip(header, row, strict=True))["log_url"] for row in rows] == [log or "" for log in logs]


def test_the_newest_come_first(stack: DeployedStack, rollout: RolloutId) -> None:
    newer = deliver(stack, "dev/us-east-1", commit=OTHER)
    assert [each["rollout"] for each in json.loads(run("status", "-o", "json").stdout)] == [newer, rollout]


class Clock:
    """Lets a run end at each pause."""

    def __init__(self, stack: DeployedStack, rollout: RolloutId, last: RunState) -> None:
        self._stack, self._rollout, self._last = stack, rollout, last
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        loaded = self._stack.store.load(self._rollout)
        assert loaded
        going_on = [each for each in loaded[1] if not each.state.ended]
        self._stack.end_run(going_on[0], self._last if len(going_on) == 1 else RunState.SUCCEEDED)


@pytest.mark.parametrize(("last", "status"), [(RunState.SUCCEEDED, 0), (RunState.FAILED, 1)])
@pytest.mark.parametrize("words", [(), ("ROLLOUT",)])
def test_watch_ends_with_the_rollout_and_prints_each_change(
    monkeypatch: pytest.MonkeyPatch,
    stack: DeployedStack,
    rollout: RolloutId,
    words: tuple[str, ...],
    last: RunState,
    status: int,
) -> None:
    clock = Clock(stack, rollout, last)
    monkeypatch.setattr("pointsmanctl.stack.follow.sleep", clock.sleep)
    one = [rollout for _ in words]
    done = run("status", *one, "--watch", "--interval", 2, "--exit-status")
    assert done.exit_code == status
    assert clock.pauses == [2, 2]
    changes = [line[9:] for line in done.stdout.splitlines() if line[2:3] == ":" and rollout in line]
    assert [change for change in changes if DEV in change or PROD in change][:2] == [
        f"{rollout} {DEV} running",
        f"{rollout} {PROD} running",
    ]
    assert changes[-1] == f"{rollout} {last.value}"
    assert ("pushed by hana" in done.stdout) == bool(one)  # the end state, as without --watch


def test_watch_gives_programs_the_end_alone(
    monkeypatch: pytest.MonkeyPatch, stack: DeployedStack, rollout: RolloutId
) -> None:
    monkeypatch.setattr("pointsmanctl.stack.follow.sleep", Clock(stack, rollout, RunState.SUCCEEDED).sleep)
    done = run("status", rollout, "--watch", "-o", "json")
    [found] = json.loads(done.stdout)
    assert (done.exit_code, found["state"]) == (0, "succeeded")


def test_the_list_can_be_narrowed_to_a_route_to_what_is_open_and_to_a_number(
    stack: DeployedStack, rollout: RolloutId
) -> None:
    other = stack.push(delivery("dev/us-east-1", commit=OTHER, name="d-other", route="web", at=datetime.now(UTC)))
    stack.end_all(rollout, RunState.SUCCEEDED)

    def listed(*words: object) -> list[str]:
        return [each["rollout"] for each in json.loads(run("rollout", "list", *words, "-o", "json").stdout)]

    assert listed() == listed("--all") == [other, rollout]
    assert listed("--open") == [other]
    assert listed("--route", "site") == [rollout]
    assert listed("--route", "site", "--open") == []
    assert listed("--limit", 1) == [other]
    limited = run("rollout", "list", "--limit", 1)
    assert limited.stderr == "Showing the newest rollout; raise --limit or narrow --since for more.\n"
    nothing = run("rollout", "list", "--route", "site", "--open")
    assert nothing.stderr == "No rollout of route site is open.\n"


@pytest.mark.parametrize("command", ["show", "watch"])
def test_show_and_watch_are_names_of_status(stack: DeployedStack, rollout: RolloutId, command: str) -> None:
    stack.end_all(rollout, RunState.FAILED)
    done = run("rollout", command, rollout, "-o", "json")
    assert (done.exit_code, done.stdout) == (1, run("status", rollout, "-o", "json").stdout)
    assert run("rollout", command, "r-0123456789abcdef").exit_code == 3
