"""`pointsman deploy` and `destroy` with small stacks on the emulator: what they ask, print and answer."""

import secrets
import shutil
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from localcloud.cloud import LocalCloud
from pointsmanctl.deployment import prepare
from pointsmanctl.deployment.installation import Installation
from pointsmanctl.deployment.sources import Sources
from pointsmanctl.deployment.stack_events import Pace
from pointsmanctl.main import app
from tests.integration.pointsmanctl.deployment.test_deployment import templates
from tests.support.command_line import run
from tests.support.deployment import ROUTES


@pytest.fixture
def name() -> str:
    """The stacks' name, of each test its own: no test depends on what another has left."""
    return f"commanded-{secrets.token_hex(4)}"


@pytest.fixture(autouse=True)
def directory(cloud: LocalCloud, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with both files, profiles, and small templates instead of the real ones."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(cloud.layout.aws_config))
    (tmp_path / "routes.yaml").write_text(yaml.safe_dump(ROUTES))
    settings(name)
    sources = Sources(*templates(tmp_path, bus=name))
    monkeypatch.setattr(prepare, "Sources", lambda: sources)
    monkeypatch.setattr(prepare, "build_control", lambda template, *_: shutil.copy(template, tmp_path / "built.json"))
    monkeypatch.setattr(Installation, "architecture", lambda *_: "arm64")
    monkeypatch.setattr(prepare, "Pace", lambda: Pace(seconds=0.05))
    return tmp_path


def settings(name: str, more: str = "") -> None:
    Path("pointsman.toml").write_text(
        f'stack = "{name}"\nregion = "us-east-1"\nprofile = "control"\n{more}\n[workers]\nstack = "{name}-worker"\n'
        '[accounts.dev]\nprofile = "dev"\n[accounts.prod]\nprofile = "prod"\n'
    )


def test_from_nothing_to_nothing(name: str) -> None:
    planned = run("deploy", "--plan", "--no-doctor")
    assert planned.exit_code == 0, planned.output
    assert "create  1 added" in planned.stdout
    assert "Nothing was changed. `pointsman deploy` carries this out." in planned.stderr

    refused = run("deploy", "--no-doctor")
    assert refused.exit_code == 2
    assert "there is no terminal to ask on: use --yes to deploy" in refused.stderr

    deployed = run("deploy", "--yes", "--no-doctor")
    assert deployed.exit_code == 0, deployed.output
    assert "prod/eu-west-1: created in " in deployed.stderr
    assert "5 stacks: 5 created" in deployed.stderr

    again = run("deploy", "--yes", "--only", "dev/*", "--doctor")
    assert again.exit_code == 0, again.output
    assert "Nothing to change: every stack is in the state of this version." in again.stderr
    assert f"there is no rule {name}-build-states" in again.stdout  # the small worker has none

    asked = run("destroy")
    assert asked.exit_code == 2
    assert (
        "This deletes 5 stacks: dev/eu-west-1, dev/us-east-1, prod/eu-west-1, prod/us-east-1, control" in asked.stderr
    )
    assert f"use --confirm {name}" in asked.stderr
    wrong = run("destroy", "--confirm", "pointsman")
    assert wrong.exit_code == 2
    assert "nothing was deleted" in wrong.stderr

    gone = run("destroy", "--confirm", name)
    assert gone.exit_code == 0, gone.output
    assert "5 stacks: 5 deleted" in gone.stderr
    assert "none of these stacks exists" in run("destroy").stderr


def test_a_failed_target_is_the_exit_status() -> None:
    with Path("pointsman.toml").open("a") as file:
        file.write('[targets."dev/us-east-1".parameters]\nBroken = true\n')
    done = run("deploy", "--yes", "--no-doctor", "--only", "control", "--only", "*/us-east-1")
    assert done.exit_code == 1
    assert "dev/us-east-1: failed: Policy: " in done.stderr
    assert "3 stacks: 2 created, 1 failed" in done.stderr


def test_without_a_control_stack_no_worker_is_touched(name: str) -> None:
    settings(name, 'artifacts_bucket = "No.Valid_Name"')  # S3 refuses it
    done = run("deploy", "--yes", "--no-doctor")
    assert done.exit_code == 1
    assert "control: cannot be deployed: " in done.stderr
    assert "so no worker stack is touched" in done.stderr


@pytest.mark.parametrize(
    ("more", "words", "status", "message"),
    [
        ("", ("--only", "staging/*"), 2, "'staging/*' names no stack"),
        ("[parameters]\nTypo = 1", (), 2, "parameters.Typo: the template has no such parameter"),
        ("", ("--routes", "missing.yaml"), 2, "missing.yaml: No such file or directory. `pointsman init` writes it"),
        ("", ("--only", "dev/*"), 1, "the control stack is not deployed"),
    ],
)
def test_what_is_wrong_is_said_before_anything_happens(
    name: str, more: str, words: tuple[str, ...], status: int, message: str
) -> None:
    settings(name, more)
    done = CliRunner().invoke(app, ["deploy", "--yes", "--no-doctor", *words])
    assert done.exit_code == status, done.output
    assert message in done.stderr


def test_a_profile_that_does_not_exist_is_named() -> None:
    Path("pointsman.toml").write_text(Path("pointsman.toml").read_text().replace('"prod"', '"missing"'))
    done = run("deploy", "--yes", "--no-doctor")
    assert done.exit_code == 4
    assert "account prod: The config profile (missing) could not be found" in done.stderr
