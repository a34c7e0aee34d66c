"""Whether the version that everything calls is the newest state of a function."""

from typing import Any

import pytest

from pointsmanctl.doctor import live_versions
from pointsmanctl.doctor.model import Link

LINK = Link("functions", "control")
ALIAS = {"FunctionVersion": "7"}
NEWEST: dict[str, Any] = {
    "CodeSha256": "c2",
    "Environment": {"Variables": {"SLACK_CHANNEL": "C2"}},
    "Layers": [{"Arn": "arn:aws:lambda:us-east-1:111111111111:layer:routes:2", "CodeSize": 10}],
    "MemorySize": 512,
    "Timeout": 30,
    "Version": "$LATEST",
}


def test_the_newest_version_is_live() -> None:
    same = NEWEST | {"Version": "7", "Layers": [{"Arn": NEWEST["Layers"][0]["Arn"], "CodeSize": 11}]}
    result = live_versions.judge(LINK, "pointsman-notify", ALIAS, same, NEWEST)
    assert (result.state, result.message) == ("ok", "pointsman-notify is live in its newest version 7")


@pytest.mark.parametrize(
    ("setting", "before"),
    [
        ("CodeSha256", "c1"),
        ("Environment", {"Variables": {"SLACK_CHANNEL": "C1"}}),
        ("Layers", [{"Arn": "arn:aws:lambda:us-east-1:111111111111:layer:routes:1"}]),
        ("Timeout", 10),
    ],
)
def test_what_is_not_live_yet_is_named(setting: str, before: Any) -> None:
    result = live_versions.judge(LINK, "pointsman-notify", ALIAS, NEWEST | {setting: before}, NEWEST)
    assert result.state == "broken"
    assert result.message.endswith(f"version 7 of pointsman-notify is not the newest: {setting} differ")
    assert "Deploy by hand" in result.remedy


def test_a_deployment_that_runs_is_shown_with_its_share() -> None:
    moving = ALIAS | {"RoutingConfig": {"AdditionalVersionWeights": {"8": 0.1}}}
    result = live_versions.judge(LINK, "pointsman-notify", moving, NEWEST | {"CodeSha256": "c1"}, NEWEST)
    assert result.state == "warning"
    assert "version 8 has 10% of the calls" in result.message
