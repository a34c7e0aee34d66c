"""How a rollout would go, as `routes explain` and `routes check` show it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pointsman.core.model import RolloutSpec
from pointsman.core.rollout_plan import RolloutPlan
from pointsmanctl.explain.plan import plan_lines, plan_object
from tests.support.command_line import run
from tests.unit.core.routes.plan_files import ALARM, WAVES, file, spec

FRIDAY_NIGHT = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)
MONDAY = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
WEEKEND = {"cron": "0 17 * * FRI", "for": "64h", "time_zone": "Europe/Berlin"}
APPROVAL = {"by": "team:ops", "within": "2h", "not_author": True}
ROUTE: dict[str, Any] = {
    "waves": [
        WAVES[0],
        WAVES[1] | {"hosts": {"serial": 1}, "after": {"soak": "10m", "alarms": ALARM, "approval": APPROVAL}},
        WAVES[2] | {"max_parallel": 2, "hosts": {"serial": "25%"}, "tolerate": {"unreachable_hosts": "10%"}},
    ],
    "on_failure": "rollback",
    "freeze": WEEKEND,
}


def lines_of(route: dict[str, Any], now: datetime, names: int | None = None) -> list[str]:
    rollout, plan = planned(route)
    return [line.plain for line in plan_lines("site", plan, rollout.targets, now, names=names)]


def planned(route: dict[str, Any]) -> tuple[RolloutSpec, RolloutPlan]:
    rollout = spec(route)
    assert rollout.plan
    return rollout, rollout.plan


def test_people_read_each_wave_its_gate_and_the_freezes() -> None:
    assert lines_of(ROUTE, MONDAY) == [
        "site: 3 waves, on failure: rollback",
        "  wave 1: dev/us-east-1, dev/eu-west-1",
        "  wave 2: prod/eu-west-1; 1 host at a time",
        "    then: soak 10m 00s; no alarm of errors; approval by hana or Kofi within 2h 00m, not by the author",
        "  wave 3: prod/us-east-1; 2 targets at a time; 25% of the hosts at a time; tolerates unreachable hosts: 10%",
        "  frozen: 0 17 * * FRI (Europe/Berlin) for 2d 16h; not in effect",
    ]


def test_a_freeze_in_effect_has_its_end() -> None:
    assert lines_of(ROUTE, FRIDAY_NIGHT)[-1].endswith("; in effect until 2026-03-09 08:00 UTC")
    joined = ROUTE | {"freeze": [WEEKEND, {"cron": "0 8 * * MON", "for": "1h"}]}
    assert lines_of(joined, FRIDAY_NIGHT)[-1] == "  frozen now, until 2026-03-09 09:00 UTC"
    assert lines_of(joined, MONDAY)[-1] == "  frozen: 0 8 * * MON (UTC) for 1h 00m; not in effect"


def test_the_names_of_many_targets_can_be_left_out() -> None:
    freeze = {"targets": "all", "freeze": WEEKEND}
    assert lines_of(freeze, MONDAY, names=2)[:2] == [
        "site: 1 wave, on failure: halt",
        "  wave 1: dev/us-east-1, dev/eu-west-1 and 2 more",
    ]


def test_programs_get_every_field() -> None:
    rollout, plan = planned(ROUTE)
    shown = json.loads(json.dumps(plan_object(plan, rollout.targets, FRIDAY_NIGHT)))
    assert [wave["targets"] for wave in shown["waves"]] == [
        ["dev/us-east-1", "dev/eu-west-1"],
        ["prod/eu-west-1"],
        ["prod/us-east-1"],
    ]
    assert shown["waves"][0] | {"targets": []} == {
        "targets": [],
        "max_parallel": None,
        "serial": None,
        "tolerate": {"failed_hosts": "0", "unreachable_hosts": "0", "unavailable_targets": "0"},
        "after": None,
    }
    assert shown["waves"][1]["after"] == {
        "soak_seconds": 600,
        "alarms": [ALARM],
        "approval": {"by": ["hana", "Kofi"], "within_seconds": 7_200, "not_author": True},
    }
    assert (shown["waves"][2]["max_parallel"], shown["waves"][2]["serial"]) == (2, "25%")
    assert shown["waves"][2]["tolerate"]["unreachable_hosts"] == "10%"
    assert shown["on_failure"] == "rollback"
    assert shown["freezes"] == [{"cron": "0 17 * * FRI", "seconds": 230_400, "time_zone": "Europe/Berlin"}]
    assert shown["frozen_until"] == "2026-03-09T08:00:00+00:00"
    assert plan_object(plan, rollout.targets, MONDAY)["frozen_until"] is None


@pytest.fixture
def rules(tmp_path: Path) -> str:
    path = tmp_path / "routes.yaml"
    path.write_text(json.dumps(file(ROUTE | {"on": ["push", "pull_request"]})))
    return str(path)


def test_check_and_explain_show_the_waves(rules: str) -> None:
    checked = run("routes", "check", rules).stdout.splitlines()
    assert checked[:2] == ["site: 3 waves, on failure: rollback", "  wave 1: dev/us-east-1, dev/eu-west-1"]
    assert checked[-1].endswith("routes.yaml: 1 route, 4 targets, no errors, no warnings")
    explained = run("routes", "explain", "--routes", rules, "--branch", "main", "--files", "a")
    assert "wave 2: prod/eu-west-1; 1 host at a time" in explained.stdout


def test_a_push_has_a_plan_and_the_check_of_a_pull_request_has_none(rules: str) -> None:
    words = ("routes", "explain", "--routes", rules, "--files", "a", "-o", "json")
    [push] = json.loads(run(*words, "--branch", "main").stdout)
    [check] = json.loads(run(*words, "--base", "main", "--head", "x").stdout)
    assert len(push["plan"]["waves"]) == 3
    assert check["plan"] is None
    assert len(check["targets"]) == 4
