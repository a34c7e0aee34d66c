"""The definition of the run image, rendered by ansible-builder itself: it installs the runner's own list."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.contract.templates.cloudformation import ROOT

DEFINITION = ROOT / "image" / "execution-environment.yml"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The context that ansible-builder makes. It checks the definition against the schema of version 3."""
    directory = tmp_path_factory.mktemp("context")
    command = [str(Path(sys.executable).with_name("ansible-builder")), "create", "--file", str(DEFINITION)]
    subprocess.run([*command, "--context", str(directory), "--output-filename", "Containerfile"], check=True)
    return directory


@pytest.fixture(scope="module")
def steps(context: Path) -> list[str]:
    return (context / "Containerfile").read_text().splitlines()


def position(steps: list[str], part: str) -> int:
    return next(number for number, step in enumerate(steps) if part in step)


@pytest.mark.parametrize("file", ["requirements.txt", "bin/install-ansible", "session_manager_plugin.py"])
def test_the_context_has_the_runners_own_files(file: str, context: Path) -> None:
    """One list of packages, one pin of the plugin, and the programs that builds use, too."""
    assert (context / "_build" / "runner" / file).read_bytes() == (ROOT / "runner" / file).read_bytes()


def test_every_file_that_is_copied_is_in_the_context(context: Path, steps: list[str]) -> None:
    copied = [step.split()[1] for step in steps if step.startswith("COPY _build")]
    assert copied
    assert [each for each in copied if not (context / each).exists()] == []


def test_the_definition_names_no_package_of_ansibles_and_no_version_of_the_plugin() -> None:
    text = DEFINITION.read_text()
    pins = re.findall(r"(?m)^([\w.-]+)==", (ROOT / "runner" / "requirements.txt").read_text())
    assert [each for each in pins if re.search(rf"\b{each}\s*[=<>]", text)] == []
    assert not re.search(r"\d+\.\d+\.\d+\.\d+", text)


def test_the_teams_packages_come_after_ansibles_and_cannot_change_them(steps: list[str]) -> None:
    installed = position(steps, "install-ansible")
    constrained = position(steps, "ENV PIP_CONSTRAINT=/opt")
    assert installed < constrained < position(steps, "-m pip install") < position(steps, "/output/scripts/assemble")


def test_the_finished_image_is_checked_and_leaves_pip_without_constraints(steps: list[str]) -> None:
    final = steps[position(steps, "AS final") :]
    assert position(final, "install-from-bindep") < position(final, "ENV PIP_CONSTRAINT=")
    assert position(final, "install-ansible --check") < position(final, "rm -rf /opt/pointsman")
    assert position(final, "session_manager_plugin.py --check") < position(final, "rm -rf /opt/pointsman")


def test_codebuild_can_use_the_image(steps: list[str]) -> None:
    """It runs commands as root with its own first process, and looks for python3 as CodeBuild's images have it."""
    assert [step for step in steps if step.startswith("ENTRYPOINT")] == []
    assert [step for step in steps if step.startswith("USER")][-1] == "USER root"
    assert "RUN ln -s /usr/bin/python3.13 /usr/local/bin/python3" in steps


def test_the_image_has_the_python_of_the_standard_image() -> None:
    worker = (ROOT / "regional" / "template.yaml").read_text()
    path = yaml.safe_load(DEFINITION.read_text())["dependencies"]["python_interpreter"]["python_path"]
    assert f'python: "{path.removeprefix("/usr/bin/python")}"' in worker
