"""Parameters of the real templates, and values that they refuse."""

import pytest

from localcloud.layout import CHECKOUT
from pointsmanctl.deployment.template import read_parameters

CONTROL = read_parameters(CHECKOUT / "template.yaml")
WORKER = read_parameters(CHECKOUT / "regional" / "template.yaml")


def test_what_has_no_default_must_be_given() -> None:
    assert {name for name, each in CONTROL.items() if each.default is None} == {
        "WorkerAccountIds",
        "ExternalId",
        "SlackChannel",
    }


@pytest.mark.parametrize(
    ("parameter", "value", "reason"),
    [
        (CONTROL["LogLevel"], "LOUD", "'LOUD' is not one of DEBUG, INFO, WARN, ERROR"),
        (CONTROL["SlackChannel"], "", "the id of a channel"),
        (CONTROL["ExternalId"], "short", "'short' is shorter than 16 characters"),
        (CONTROL["WorkerAccountIds"], "111111111111,22", "12-digit account ids, separated by commas without spaces."),
        (WORKER["RepositoryUrl"], "git@github.com:acme/infra", "the HTTPS clone URL of your repository"),
        (CONTROL["WorkerAccountIds"], "111111111111,222222222222", None),
        (WORKER["VpcId"], "", None),
        (WORKER["BuildTimeoutMinutes"], "60", None),
        (WORKER["BuildTimeoutMinutes"], "4", "4 is less than 5"),
        (WORKER["BuildTimeoutMinutes"], "481", "481 is more than 480"),
        (WORKER["BuildTimeoutMinutes"], "an hour", "'an hour' is not a number"),
    ],
)
def test_a_value_is_refused_with_the_reason(parameter: object, value: str, reason: str | None) -> None:
    violation = parameter.violation(value)  # type: ignore[attr-defined]
    assert violation is None if reason is None else reason in violation
