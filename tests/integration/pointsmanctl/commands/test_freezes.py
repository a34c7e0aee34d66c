"""`pointsman freeze`, `unfreeze` and `freezes`: what they send and list, and what waits; on moto."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pointsman.core.model import RolloutId
from pointsman.core.rollout_plan import FreezeWindow, RolloutPlan
from tests.integration.pointsmanctl.commands.conftest import CommandReceiver
from tests.integration.pointsmanctl.commands.test_rollback_and_run import ROUTES
from tests.support.command_line import run, usage_error
from tests.support.commands import HANA
from tests.support.deployed_stack import DeployedStack
from tests.support.rollouts import delivery

DEV = "dev/eu-west-1"
HOUR = datetime.now(UTC).hour
ROUTES_FILE = f"""
version: 1
accounts: {{dev: "222222222222"}}
regions: [eu-west-1]
routes:
  - name: frozen
    repository: acme/infra
    on: {{push: {{branches: [main]}}}}
    playbook: site.yml
    targets: all
    freeze: {{cron: "0 {HOUR} * * *", for: 13h, time_zone: UTC}}
"""


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A working directory without a routes file."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def people(receiver: CommandReceiver) -> CommandReceiver:
    receiver.people.routes = ROUTES
    return receiver


def test_a_freeze_is_sent_listed_and_ended(people: CommandReceiver) -> None:
    done = run("freeze", "prod/*", "--for", "4h", "--reason", "database upgrade")
    assert done.exit_code == 0, done.output
    assert "prod/* is frozen until " in done.stderr
    assert "`pointsman unfreeze 'prod/*'`" in done.stderr
    [form] = people.taken
    assert form.to_dict() | {"id": ""} == {
        "name": "freeze", "id": "", "reason": "database upgrade", "scope": "prod/*", "seconds": 4 * 3600,
    }  # fmt: skip
    [listed] = json.loads(run("freezes", "-o", "json").stdout)
    until = datetime.fromisoformat(listed["until"]) - datetime.now(UTC)
    assert timedelta(hours=3, minutes=58) < until < timedelta(hours=4)
    assert {name: listed[name] for name in ("scope", "kind", "caller", "reason", "command")} == {
        "scope": "prod/*", "kind": "person", "caller": HANA, "reason": "database upgrade", "command": form.id,
    }  # fmt: skip
    table = run("freezes").stdout
    assert table.splitlines()[1].split()[:2] == ["prod/*", "Ops/hana"]
    header, row = csv.reader(io.StringIO(run("freezes", "-o", "csv").stdout))
    assert dict(zip(header, row, strict=True))["scope"] == "prod/*"
    assert run("unfreeze", "prod/*").exit_code == 0
    assert run("freezes").stdout == ""


def test_everything_is_frozen_only_after_a_question(monkeypatch: pytest.MonkeyPatch, people: CommandReceiver) -> None:
    refused = run("freeze", "--reason", "incident")
    assert (refused.exit_code, people.taken) == (2, [])
    assert "Freeze every route on every target for 1d?" in refused.stderr
    monkeypatch.setattr("pointsmanctl.apps.terminal.is_terminal", lambda: True)
    assert run("freeze", "--reason", "incident", stdin="n\n").exit_code == 1
    assert people.taken == []
    assert run("freeze", "--reason", "incident", stdin="y\n").exit_code == 0
    assert run("freeze", "--reason", "incident", "--yes").exit_code == 0
    assert [form.to_dict()["scope"] for form in people.taken] == ["*", "*"]
    done = run("unfreeze", "-o", "json")
    assert [(each["type"], each["scope"]) for each in json.loads(done.stdout)] == [("FreezeEnded", "*")]


@pytest.mark.parametrize("scope", ["nowhere", "stage/*"])
def test_what_does_not_exist_is_not_frozen(people: CommandReceiver, scope: str) -> None:
    done = run("freeze", scope, "--reason", "x")
    assert done.exit_code == 1
    assert f"is named {scope}" in done.stderr


def test_what_is_not_frozen_cannot_be_unfrozen(people: CommandReceiver) -> None:
    done = run("unfreeze", "site")
    assert done.exit_code == 1
    assert "site is not frozen: nothing is frozen by hand" in done.stderr


@pytest.mark.parametrize(
    ("duration", "error"),
    [("32d", "32d is not between 1m and 31d"), ("soon", "'soon' is not a duration such as 10m, 4h or 2d"),
     ("10s", "10s is not between 1m and 31d"), ("1w", "'1w' is not a duration")],
)  # fmt: skip
def test_a_freeze_has_an_end(duration: str, error: str) -> None:
    assert error in usage_error("freeze", "site", "--reason", "x", "--for", duration)


def test_a_freeze_has_a_reason() -> None:
    assert "--reason" in usage_error("freeze", "site")


def test_what_waits_for_the_end_of_a_freeze_says_so(stack: DeployedStack, people: CommandReceiver) -> None:
    run("freeze", "site", "--reason", "incident", "--for", "2h")
    rollout = stack.push(delivery(DEV, at=datetime.now(UTC)))
    [shown] = json.loads(run("rollout", "show", rollout, "-o", "json").stdout)
    [wait] = shown["waits"]
    assert (wait["kind"], "incident" in wait["reason"]) == ("freeze", True)
    assert wait["commands"] == [f"pointsman rollout resume {rollout} --override-freeze --reason '...'"]
    done = run("rollout", "resume", rollout, "--override-freeze", "--reason", "security fix")
    assert done.exit_code == 0, done.output
    assert stack.runs(rollout)[stack.rollout(rollout).spec.targets[0].name].build_arn
    assert "may run in a freeze, says Ops/hana: security fix" in run("rollout", "show", rollout).stdout


def test_windows_come_from_the_routes_file_and_from_open_rollouts(
    stack: DeployedStack, people: CommandReceiver, elsewhere: Path
) -> None:
    assert "There is no routes.yaml here" in run("freezes").stderr
    (elsewhere / "routes.yaml").write_text(ROUTES_FILE)
    [in_file] = json.loads(run("freezes", "-o", "json").stdout)
    assert (in_file["scope"], in_file["kind"], in_file["caller"]) == ("frozen", "window", None)
    assert "* * * for 13h 00m (UTC)" in in_file["reason"]
    frozen_push(stack)
    found = json.loads(run("freezes", "-o", "json").stdout)
    assert [each["scope"] for each in found] == ["frozen", "site"]
    table = run("freezes").stdout
    assert table.count("a window of the route") == 2


def frozen_push(stack: DeployedStack) -> RolloutId:
    """A push to a route that is frozen at every time."""
    sent = delivery(DEV, at=datetime.now(UTC))
    window = FreezeWindow(cron="* * * * *", seconds=120, time_zone="UTC")
    spec = sent.specs[0].replace(plan=RolloutPlan(freezes=(window,)))
    return stack.push(sent.replace(specs=(spec,)))
