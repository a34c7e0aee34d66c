"""What a rollout waits for between waves: time, alarms and people."""

from typing import Any

import pytest

from pointsman.core.rollout_plan import Amount, ApprovalRule, Gate, OnFailure, RolloutPlan, Tolerance, Wave
from tests.unit.core.routes.plan_files import ALARM, WAVES, errors, gated, spec, warnings

APPROVAL: dict[str, Any] = {"by": "team:ops"}
GATE = "routes[0].waves[1].after"


def test_the_plan_is_what_the_file_says() -> None:
    after = {"soak": "10m", "alarms": [ALARM], "approval": APPROVAL | {"within": "2h", "not_author": True}}
    tolerate = {"failed_hosts": 0, "unreachable_hosts": "10%", "unavailable_targets": 1}
    route = {
        "waves": [
            WAVES[0],
            WAVES[1] | {"hosts": {"serial": "25%"}, "after": after},
            WAVES[2] | {"max_parallel": 2, "tolerate": tolerate},
        ],
        "on_failure": "rollback",
    }
    approval = ApprovalRule(by=("hana", "Kofi"), within_seconds=7_200, not_author=True)
    tolerance = Tolerance(unreachable_hosts=Amount(number=10, is_percentage=True), unavailable_targets=Amount(number=1))
    assert spec(route).plan == RolloutPlan(
        waves=(
            Wave(),
            Wave(serial="25%", after=Gate(soak_seconds=600, alarms=(ALARM,), approval=approval)),
            Wave(max_parallel=2, tolerate=tolerance),
        ),
        on_failure=OnFailure.ROLLBACK,
    )
    assert warnings(route) == []


@pytest.mark.parametrize("on_failure", list(OnFailure))
def test_a_route_has_a_plan_if_it_says_anything_of_its_rollouts(on_failure: OnFailure) -> None:
    plan = spec({"targets": "all", "on_failure": on_failure.value}).plan
    assert plan == (None if on_failure is OnFailure.HALT else RolloutPlan(on_failure=on_failure))


@pytest.mark.parametrize(
    ("by", "logins"),
    [
        ("hana", ("hana",)),
        (["kofi", "HANA"], ("hana", "Kofi")),  # as `people` spells them
        (["team:ops", "hana"], ("hana", "Kofi")),
        (["Zoe", "hana", "zoe"], ("hana", "Zoe")),
    ],
)
def test_approvers_are_the_logins_of_people_and_teams_each_once(by: object, logins: tuple[str, ...]) -> None:
    plan = spec(gated(approval={"by": by})).plan
    assert plan
    assert plan.waves[1].after == Gate(approval=ApprovalRule(by=logins, within_seconds=86_400))


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "error"),
    [
        ({}, ": waits for nothing: give `soak`, `alarms` or `approval`"),
        ({"soak": "8d"}, ".soak: must be between 1s and 7d"),
        ({"soak": "0s"}, ".soak: must be a duration such as 90s, 10m, 24h or 7d"),
        ({"soak": 600}, ".soak: must be a duration such as 90s"),
        ({"soak": "1.5h"}, ".soak: must be a duration"),
        ({"soak": "1h30m"}, ".soak: must be a duration"),
        ({"soak": None}, ".soak: has no value"),
        ({"alarms": []}, ".alarms: must not be empty"),
        (
            {"alarms": ["errors"]},
            ".alarms[0]: `errors` is not the ARN of a CloudWatch alarm: write arn:",
        ),
        ({"alarms": [ALARM.replace("cloudwatch", "sns")]}, ".alarms[0]: "),
        ({"alarms": [ALARM.replace("333333333333", "3")]}, ".alarms[0]: "),
        ({"alarms": [3]}, ".alarms[0]: must be text, not 3: put it in quotes"),
        ({"approval": {}}, ".approval: `by` is missing"),
        ({"approval": {"by": []}}, ".approval.by: must not be empty"),
        ({"approval": {"by": "a b"}}, ".approval.by: `a b` is not a GitHub login such as hana, or a team"),
        ({"approval": {"by": "dependabot[bot]"}}, ".approval.by: `dependabot[bot]` is not a GitHub login"),
        ({"approval": {"by": "team:op"}}, ".approval.by[0]: no team is named `op`; did you mean `ops`?"),
        (
            {"approval": {"by": ["zoe"]}},
            ".approval.by: nobody can approve, because `people` has no IAM principal",
        ),
        ({"approval": APPROVAL | {"within": "59s"}}, ".approval.within: must be between 1m and 7d"),
        ({"approval": APPROVAL | {"within": "8d"}}, ".approval.within: must be between 1m and 7d"),
        ({"approval": APPROVAL | {"not_author": "yes"}}, ".approval.not_author: must be true or false"),
        ({"approvals": APPROVAL}, ".approvals: unknown key; did you mean `approval`?"),
    ],
)
def test_an_error_of_a_gate_has_its_place_and_what_would_be_right(after: dict[str, Any], error: str) -> None:
    found = errors(gated(**after))
    assert any(each.startswith(f"{GATE}{error}") for each in found), found


def test_without_any_team_an_unknown_one_is_an_error_too() -> None:
    assert errors(gated(approval=APPROVAL), teams={}) == [
        f"{GATE}.approval.by[0]: no team is named `ops`: add it to `teams`"
    ]


def test_without_people_nobody_can_approve() -> None:
    [error] = errors(gated(approval=APPROVAL), people={})
    assert error.startswith(
        f"{GATE}.approval.by: nobody can approve, because `people` has no IAM principal of Hana, kofi"
    )


def test_an_approval_after_the_last_wave_is_an_error() -> None:
    [error] = errors({"waves": [*WAVES[:2], WAVES[2] | {"after": {"approval": APPROVAL}}]})
    assert error == (
        "routes[0].waves[2].after.approval: nothing waits for it, because no wave follows: move it to the wave before"
    )


# --- warnings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "warning"),
    [
        ({"approval": {"by": ["hana", "zoe"]}}, ".approval.by[1]: nobody can approve as `zoe`: add the ARNs"),
        ({"approval": {"by": "hana", "not_author": True}}, ".approval.not_author: only `hana` can approve"),
        ({"alarms": ALARM}, ".alarms: are looked at once, right after the wave"),
        (
            {"soak": "5m", "alarms": [ALARM.replace("333333333333", "444444444444")]},
            ".alarms[0]: no account of this file is 444444444444: Pointsman can read alarms of its accounts only",
        ),
    ],
)
def test_a_gate_that_is_hardly_meant_is_a_warning(after: dict[str, Any], warning: str) -> None:
    [only] = warnings(gated(**after))
    assert only.startswith(f"{GATE}{warning}")


def test_a_member_of_a_team_without_a_principal_is_a_warning() -> None:
    [only] = warnings(gated(approval=APPROVAL), teams={"ops": ["hana", "zoe"]})
    assert only.startswith("teams.ops[1]: nobody can approve as `zoe`")


def test_after_the_last_wave_alarms_may_still_fail_the_rollout_but_time_alone_changes_nothing() -> None:
    last = [*WAVES[:2], WAVES[2] | {"after": {"soak": "5m", "alarms": [ALARM]}}]
    assert warnings({"waves": last}) == []
    last[2] = WAVES[2] | {"after": {"soak": "5m"}}
    assert warnings({"waves": last}) == [
        "routes[0].waves[2].after.soak: nothing follows it: no wave waits, and no alarm is looked at"
    ]
