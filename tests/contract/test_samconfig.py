"""samconfig.toml: an untouched placeholder deploys nothing, because the template's own patterns refuse it."""

import tomllib

import pytest

from pointsmanctl.deployment.template import read_parameters
from tests.contract.templates.cloudformation import ROOT

WORKER = read_parameters(ROOT / "regional" / "template.yaml")
CONTROL = read_parameters(ROOT / "template.yaml")
CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())
PLACEHOLDERS = [
    tuple(override.split("=", 1))
    for environment in ("dev", "prod")
    for override in CONFIG[environment]["deploy"]["parameters"]["parameter_overrides"]
    if "<" in override
]


def test_everything_without_a_default_but_the_accounts_name_is_a_placeholder() -> None:
    required = {name for name, each in WORKER.items() if each.default is None}
    assert {name for name, _ in PLACEHOLDERS} == required - {"AccountName"}


@pytest.mark.parametrize(("name", "value"), PLACEHOLDERS)
def test_a_placeholder_is_refused(name: str, value: str) -> None:
    assert WORKER[name].violation(value)


@pytest.mark.parametrize("value", ["#deployments", "deployments", "C123"])
def test_the_name_of_a_channel_is_refused(value: str) -> None:
    assert "the id of a channel" in (CONTROL["SlackChannel"].violation(value) or "")
