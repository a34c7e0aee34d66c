"""What is installed in Lambda and in a build is what the lock has, to the byte."""

import os
import re
import shutil
import subprocess

import pytest

from tests.contract.templates.cloudformation import ROOT


@pytest.mark.parametrize(
    ("folder", "chosen"),
    [
        ("layers/shared", ["--only-group", "shared"]),
        ("layers/github_app", ["--only-group", "github-app"]),
        ("layers/slack", ["--only-group", "slack"]),
        ("layers/report", ["--only-group", "report"]),
        ("runner", ["--only-group", "ansible"]),
        ("image", ["--only-group", "image"]),
    ],
)
def test_the_layers_and_the_build_have_the_locked_versions_with_their_hashes(folder: str, chosen: list[str]) -> None:
    assert (ROOT / folder / "requirements.txt").read_text() == exported(*chosen)


def test_the_image_constrains_the_teams_packages_to_the_locked_versions() -> None:
    chosen = ["--only-group", "ansible", "--only-group", "image", "--no-hashes"]
    assert (ROOT / "image" / "constraints.txt").read_text() == exported(*chosen)


def exported(*chosen: str) -> str:
    """What the lock has, as requirements."""
    uv = os.environ.get("UV") or shutil.which("uv", path=f"{ROOT}/.tools/bin{os.pathsep}{os.environ['PATH']}")
    if not uv:
        pytest.skip("uv is not on PATH")
    return subprocess.run(
        [uv, "export", "--frozen", "--quiet", *chosen, "--no-emit-project", "--no-annotate", "--no-header"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.mark.parametrize(
    "folder", ["layers/shared", "layers/github_app", "layers/slack", "layers/report", "runner", "image"]
)
def test_every_pinned_package_has_a_hash(folder: str) -> None:
    text = (ROOT / folder / "requirements.txt").read_text()
    pins = text.replace("\\\n", " ").splitlines()
    assert pins
    assert all(re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", pin) for pin in pins)


@pytest.mark.parametrize("path", ["pointsmanctl/deployment/python_runtime.py", "runner/bin/install-ansible"])
def test_nothing_is_installed_without_its_hash(path: str) -> None:
    text = (ROOT / path).read_text()
    assert text.count("--require-hashes") == len(re.findall(r'--requirement"?[, ]', text)) > 0
