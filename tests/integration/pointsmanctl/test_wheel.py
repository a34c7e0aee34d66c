"""The installed command: from a wheel, in an environment of its own, outside the checkout, which it cannot see."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from uv import find_uv_bin

from localcloud.cloud import LocalCloud
from localcloud.layout import CHECKOUT

PYTHON = os.environ.get("POINTSMAN_WHEEL_PYTHON") or sys.executable  # set it to try another version
ANSWERS = ("--profile", "control", "--account", "dev=dev", "--account", "prod=prod", "--repository", "acme/infra")


class Installation:
    """The command of a wheel, and a directory with a user's files."""

    def __init__(self, command: Path, directory: Path, cloud: LocalCloud) -> None:
        self.command, self.directory = command, directory
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
        self._environment = {**own, "AWS_CONFIG_FILE": str(cloud.layout.aws_config), "COLUMNS": "200"}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.command), *words],
            cwd=self.directory,
            env=self._environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )


def uv(*words: str) -> None:
    subprocess.run([find_uv_bin(), *words], cwd=CHECKOUT, check=True, capture_output=True)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of an empty environment into which the wheel was installed. Nobody can write to them."""
    directory = tmp_path_factory.mktemp("wheel")
    uv("build", "--quiet", "--out-dir", str(directory / "dist"))
    uv("venv", "--quiet", "--python", PYTHON, str(directory / "venv"))
    [wheel] = (directory / "dist").glob("*.whl")
    uv("pip", "install", "--quiet", "--python", str(directory / "venv"), str(wheel))
    [packages] = (directory / "venv" / "lib").glob("python*/site-packages")
    return packages


@pytest.fixture
def installation(installed: Path, tmp_path: Path, cloud: LocalCloud) -> Installation:
    return Installation(installed.parents[2] / "bin" / "pointsman", tmp_path, cloud)


def written(packages: Path) -> set[Path]:
    """What is in Pointsman's packages, but for the bytecode that Python itself adds."""
    own = [packages / name for name in ("pointsman", "pointsmanctl", "redaction")]
    return {path for each in own for path in each.rglob("*") if "__pycache__" not in path.parts}


def test_it_has_neither_the_emulator_nor_what_only_functions_need(installed: Path) -> None:
    names = {path.name.partition("-")[0].lower() for path in installed.iterdir()}
    assert {"pointsman", "boto3", "typer"} <= names
    assert not names & {"localcloud", "ministack", "ansible", "aws_lambda_powertools", "slack_sdk", "samcli", "moto"}


def test_it_has_the_pages_of_the_console_and_what_a_browser_needs(installed: Path) -> None:
    console = installed / "pointsmanctl/console"
    for name in ("templates/layout.html", "static/console.css", "static/htmx/htmx.min.js", "static/htmx/LICENSE"):
        assert (console / name).is_file(), name


def test_it_answers_without_any_file(installation: Installation) -> None:
    assert installation.run("--version").stdout.startswith("pointsman 0.")
    assert "Usage: pointsman" in installation.run("--help").stdout
    local = installation.run("local", "up")
    assert local.returncode == 4
    assert "run it from a checkout of Pointsman" in local.stderr


def test_from_an_empty_directory_to_a_plan_of_every_stack(installation: Installation, installed: Path) -> None:
    before = written(installed)
    done = installation.run("init", "--yes", *ANSWERS, "--regions", "eu-west-1", "--slack-channel", "C0000000001")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in installation.directory.iterdir()} == {"routes.yaml", "pointsman.toml"}
    assert installation.run("routes", "check").returncode == 0
    explained = installation.run("routes", "explain", "--branch", "main", "--files", "site.yml")
    assert "matched" in explained.stdout
    # Builds and uploads every layer, function and template; the change sets are discarded.
    done = installation.run("deploy", "--plan", "--stack", "wheel")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines() if " create" in line] == [
        "control",
        "dev/eu-west-1",
        "prod/eu-west-1",
    ]
    assert {path.name for path in installation.directory.iterdir()} == {"routes.yaml", "pointsman.toml"}
    assert written(installed) == before
