"""`pointsman drift`: what drifts, of which hosts it is unknown, and its exit statuses; on moto."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from pointsman.core.model import RunState
from tests.support.command_line import run
from tests.support.deployed_stack import DeployedStack
from tests.support.drift import DriftSide, drift_routes
from tests.support.rollouts import COMMIT, Clock
from tests.support.world import DEV, PROD

LIMIT, MOTD = "Set the file limit", "Write the message of the day"


class Stack(DriftSide[DeployedStack]):  # type: ignore[type-var]
    """A stack whose checks ran in the past, on the tables that the command reads."""

    def __init__(self, stack: DeployedStack) -> None:
        super().__init__(stack, drift_routes(targets="all"))
        stack.clock = Clock(datetime.now(UTC) - timedelta(days=9))


@pytest.fixture
def side(stack: DeployedStack) -> Stack:
    side = Stack(stack)
    side.apply(DEV, PROD)
    return side


def test_without_a_check_nothing_is_known(stack: DeployedStack) -> None:
    done = run("drift")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.startswith("No route has checked a target for drift yet")
    assert json.loads(run("drift", "-o", "json").stdout) == []


def test_what_drifts_is_a_table_with_its_tasks(side: Stack) -> None:
    rollout = side.check()
    side.report(rollout, {"web-1": []}, PROD)
    side.world.finish(rollout.id, PROD)
    side.end(rollout, {"web-1": [LIMIT, MOTD], "web-2": []})
    done = run("drift")
    assert done.exit_code == 1
    header, line = done.stdout.splitlines()
    assert header.split() == ["HOST", "TARGET", "ROUTE", "COMMIT", "SINCE", "TASKS"]
    since = side.record().hosts["web-1"].since
    assert line.split()[:6] == ["web-1", DEV, "site", COMMIT[:7], f"{since:%Y-%m-%d}", f"{since:%H:%M}"]
    assert ": 2 tasks would change it" in line
    assert f"{LIMIT}  ansible.builtin.copy  roles/web/tasks/main.yml:3" in line
    assert MOTD in line
    assert run("drift", DEV).stdout == done.stdout
    assert run("drift", "web-1").stdout == done.stdout
    for clean in (PROD, "web-2"):
        answer = run("drift", clean)
        assert (answer.exit_code, answer.stdout) == (0, "")


def test_the_objects_of_programs_have_every_target(side: Stack) -> None:
    rollout = side.check()
    side.report(rollout, {"web-1": []}, PROD)
    side.world.finish(rollout.id, PROD)
    side.end(rollout, {"web-1": [LIMIT, MOTD]})
    dev, prod = json.loads(run("drift", "-o", "json").stdout)
    assert (dev["target"], dev["state"], prod["target"], prod["state"]) == (DEV, "drifts", PROD, "clean")
    [host] = dev["hosts"]
    assert (host["host"], host["rollout"], host["tasks_total"]) == ("web-1", rollout.id, 2)
    assert [task["task"] for task in host["tasks"]] == [LIMIT, MOTD]
    rows = list(csv.DictReader(io.StringIO(run("drift", "-o", "csv").stdout)))
    assert [(row["target"], row["host"], row["task"]) for row in rows] == [
        (DEV, "web-1", LIMIT),
        (DEV, "web-1", MOTD),
        (PROD, "", ""),
    ]


def test_what_is_unknown_is_not_clean(side: Stack) -> None:
    rollout = side.check()
    done = run("drift", PROD)
    assert done.exit_code == 1
    assert "unknown: the first check has not ended yet" in done.stdout
    side.world.finish(rollout.id, DEV, RunState.TIMED_OUT, "it took an hour")
    side.report(rollout, {"web-1": []}, PROD)
    side.world.finish(rollout.id, PROD)
    side.sweep()
    done = run("drift")
    assert done.exit_code == 1
    assert "unknown: the check was not completed (timed out): it took an hour" in done.stdout
    [dev, _] = json.loads(run("drift", "-o", "json").stdout)
    assert dev["state"] == "unknown"
    assert dev["unknown_since"]
    assert run("drift", "web-9").exit_code == 1  # it may be on the target that was not checked
    assert run("drift", PROD).exit_code == 0


def test_a_target_that_no_route_checks_has_a_status_of_its_own(side: Stack) -> None:
    done = run("drift", "dev/us-east-1")
    assert done.exit_code == 3
    assert "no route checks dev/us-east-1 for drift" in done.stderr


def test_a_route_that_no_longer_checks_is_not_listed(side: Stack) -> None:
    rollout = side.check()
    side.end(rollout, {"web-1": [LIMIT]})
    side.end(rollout, {"web-1": [LIMIT]}, PROD)
    side.routes = drift_routes(seconds=None)
    side.sweep()
    assert json.loads(run("drift", "-o", "json").stdout) == []
    assert run("drift").exit_code == 0


def test_text_of_a_playbook_cannot_move_the_cursor(side: Stack) -> None:
    rollout = side.check()
    side.report(rollout, {"web-1": []}, PROD)
    side.world.finish(rollout.id, PROD)
    side.end(rollout, {"web-1\x1b[2J": ["\x1b]0;title\x07task"]})
    done = run("drift")
    assert done.exit_code == 1
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
