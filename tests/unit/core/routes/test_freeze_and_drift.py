"""Freeze windows and checks for drift in routes.yaml."""

from typing import Any

import pytest

from pointsman.core.rollout_plan import FreezeWindow, RolloutPlan
from pointsman.core.routes.freeze_windows import never_end_together, never_ends, time_zones
from tests.unit.core.routes.plan_files import compiled, errors, spec, warnings

WEEKEND = {"cron": "0 17 * * FRI", "for": "64h", "time_zone": "Europe/Berlin"}
HOUR = 3_600
DAY = 24 * HOUR


def frozen(**changes: Any) -> dict[str, Any]:
    return {"targets": "all", "freeze": [WEEKEND | changes]}


def test_a_freeze_is_part_of_the_plan() -> None:
    window = FreezeWindow(cron="0 17 * * FRI", seconds=64 * HOUR, time_zone="Europe/Berlin")
    assert spec(frozen()).plan == RolloutPlan(freezes=(window,))
    assert warnings(frozen()) == []
    [one] = (spec({"targets": "all", "freeze": {"cron": "30 6 1 1 *", "for": "1m"}}).plan or RolloutPlan()).freezes
    assert one == FreezeWindow(cron="30 6 1 1 *", seconds=60, time_zone="UTC")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"cron": "0 17 * *"}, ".cron: must have five fields: minute, hour, day of the month, month, day of the week"),
        ({"cron": "0 0 17 * * FRI"}, ".cron: must have five fields"),
        ({"cron": "@daily"}, ".cron: must have five fields"),
        ({"cron": "60 17 * * FRI"}, ".cron: is not a cron expression: invalid minute"),
        ({"cron": "0 17 * * FRIDAY"}, ".cron: is not a cron expression: invalid day-of-week"),
        ({"cron": "0 0 30 2 *"}, ".cron: is not a cron expression: invalid day-of-month"),
        ({"cron": 5}, ".cron: must be text, not 5"),
        ({"for": "32d"}, ".for: must be between 1m and 31d"),
        ({"for": "59s"}, ".for: must be between 1m and 31d"),
        ({"for": 64}, ".for: must be a duration such as"),
        ({"for": "7d"}, ": never ends, because each time begins before the last one is over: give a shorter `for`"),
        (
            {"time_zone": "Europe/Berln"},
            ".time_zone: `Europe/Berln` is not a time zone of IANA; did you mean `Eu",
        ),
        ({"time_zone": "CEST"}, ".time_zone: `CEST` is not a time zone of IANA"),
        ({"time_zone": "localtime"}, ".time_zone: `localtime` is not a time zone of IANA"),
        ({"time_zone": "../UTC"}, ".time_zone: `../UTC` is not a time zone of IANA"),
        ({"timezone": "UTC"}, ".timezone: unknown key; did you mean `time_zone`?"),
    ],
)
def test_an_error_of_a_freeze_has_its_place_and_what_would_be_right(changes: dict[str, Any], error: str) -> None:
    found = errors(frozen(**changes))
    assert any(each.startswith(f"routes[0].freeze[0]{error}") for each in found), found


@pytest.mark.parametrize(
    ("freeze", "error"),
    [
        ({"cron": "0 17 * * FRI"}, "freeze: `for` is missing"),
        ({"for": "1h"}, "freeze: `cron` is missing"),
        ("weekends", "freeze: must be a mapping with `cron` and `for`, or a list of them, not `weekends`"),
        (3, "freeze: must be a mapping with `cron` and `for`, or a list of them, not 3"),
        ([], "freeze: must not be empty"),
    ],
)
def test_a_freeze_must_be_complete(freeze: object, error: str) -> None:
    found = errors({"targets": "all", "freeze": freeze})
    assert any(each.startswith(f"routes[0].{error}") for each in found), found


@pytest.mark.parametrize(
    ("cron", "seconds", "endless"),
    [
        ("0 17 * * FRI", 7 * DAY - 1, False),
        ("0 17 * * FRI", 7 * DAY, True),
        ("0 0 * * SAT,SUN", DAY, False),  # two that meet, and end on Monday
        ("0 0 * * *", DAY, True),
        ("0 0 * * *", DAY - 60, False),
        ("0 0 1 * *", 30 * DAY, False),
        ("0 0 1 * *", 31 * DAY, True),
        ("* * * * *", 60, True),
        ("* * * * MON-FRI", 60, False),
        ("0 0 29 2 *", 31 * DAY, False),
        ("0 0 1 1 *", 31 * DAY, False),
    ],
)
def test_a_freeze_never_ends_if_each_window_begins_before_the_last_is_over(
    cron: str, seconds: int, endless: bool
) -> None:
    assert never_ends(cron, seconds) is endless


@pytest.mark.parametrize(
    ("windows", "endless"),
    [
        ([("0 0 * * *", DAY // 2, "UTC"), ("0 12 * * *", DAY // 2, "UTC")], True),
        ([("0 0 * * *", DAY // 2, "UTC"), ("0 12 * * *", DAY // 2 - 60, "UTC")], False),
        ([("0 0 * * *", DAY // 2, "Europe/Berlin"), ("0 12 * * *", DAY // 2, "Europe/Berlin")], True),
        ([("0 0 * * *", DAY // 2, "Asia/Tokyo"), ("0 3 * * *", DAY // 2, "UTC")], True),  # midnight is 15:00 UTC
        ([("0 0 * * *", DAY // 2, "Asia/Tokyo"), ("0 4 * * *", DAY // 2, "UTC")], False),
        ([("0 0 * * *", DAY // 2, "Europe/Berlin"), ("0 11 * * *", DAY // 2, "UTC")], False),  # not in summer
        ([("0 0 * * WED", 6 * DAY, "UTC"), ("0 0 * * TUE", DAY, "UTC"), ("0 12 * * THU", HOUR, "UTC")], True),
        ([("0 0 * * WED", 6 * DAY, "UTC"), ("0 1 * * TUE", DAY, "UTC"), ("0 12 * * THU", HOUR, "UTC")], False),
        ([("0 0 1 * *", 15 * DAY, "UTC"), ("0 0 16 * *", 16 * DAY, "UTC")], True),
        ([("0 0 1 1 *", 31 * DAY, "UTC"), ("0 0 1 7 *", 31 * DAY, "UTC")], False),
        ([("*/2 * * * *", 60, "UTC"), ("1-59/2 * * * *", 60, "UTC")], True),
        ([("0 17 * * FRI", 64 * HOUR, "UTC"), ("0 0 29 2 *", DAY, "UTC")], False),
    ],
)
def test_windows_never_end_together_if_one_of_them_is_always_in_effect(
    windows: list[tuple[str, int, str]], endless: bool
) -> None:
    assert never_end_together(windows) is endless
    assert never_end_together(reversed(windows)) is endless


def test_windows_that_never_end_together_are_an_error() -> None:
    halves = [{"cron": "0 0 * * *", "for": "12h"}, {"cron": "0 12 * * *", "for": "12h"}]
    [found] = errors({"targets": "all", "freeze": halves})
    assert found == (
        "routes[0].freeze: never ends, because one of its windows is always in effect: give a shorter `for`"
    )


def test_time_zones_are_those_that_the_layer_brings_along() -> None:
    assert {"UTC", "Europe/Berlin", "America/New_York"} <= time_zones()


# --- drift ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drift", "seconds"),
    [
        ("rate(1 hour)", HOUR),
        ("rate(60 minutes)", HOUR),
        ("rate(12 hours)", 12 * HOUR),
        ("rate(1 day)", DAY),
        ("rate(31 days)", 31 * DAY),
    ],
)
def test_drift_has_the_form_of_eventbridge(drift: str, seconds: int) -> None:
    _, route = compiled({"targets": "all", "drift": drift})
    assert (route.drift_seconds, route.plan) == (seconds, None)


@pytest.mark.parametrize(
    ("drift", "error"),
    [
        ("rate(59 minutes)", "must be between rate(1 hour) and rate(31 days)"),
        ("rate(1 minute)", "must be between rate(1 hour)"),
        ("rate(32 days)", "must be between rate(1 hour)"),
        ("rate(1 days)", "must be a rate such as rate(1 day), rate(12 hours) or rate(90 minutes)"),
        ("rate(2 day)", "must be a rate such as"),
        ("rate(0 days)", "must be a rate such as"),
        ("rate(1.5 days)", "must be a rate such as"),
        ("1 day", "must be a rate such as"),
        ("cron(0 0 * * ? *)", "must be a rate such as"),
        (86_400, "must be a rate such as"),
    ],
)
def test_an_error_of_drift_says_what_would_be_right(drift: object, error: str) -> None:
    [found] = errors({"targets": "all", "drift": drift})
    assert found.startswith(f"routes[0].drift: {error}")


def test_without_drift_nothing_is_checked() -> None:
    _, route = compiled({"targets": "all"})
    assert route.drift_seconds is None
