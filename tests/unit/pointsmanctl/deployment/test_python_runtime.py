"""Packages and bytecode for Lambda's Python, on any machine."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pointsmanctl.deployment.python_runtime import PythonRuntime
from pointsmanctl.errors import DeploymentFailed

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_a_package_without_the_pinned_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("six==1.17.0 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(DeploymentFailed, match=r"the packages of .*requirements\.txt cannot be installed"):
        PythonRuntime(HERE).install(tmp_path / "requirements.txt", tmp_path / "packages", "arm64")


def test_another_version_of_python_is_searched_for_and_then_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(command[1:3])
        found = command[1:3] == ["python", "find"] and ["python", "install"] in calls
        return subprocess.CompletedProcess(
            command, 0 if found or "find" not in command else 2, "/somewhere/python\n", ""
        )

    monkeypatch.setattr(subprocess, "run", run)
    PythonRuntime("3.99").compile(tmp_path, tmp_path, "/opt")
    assert calls == [["python", "find"], ["python", "install"], ["python", "find"], ["-m", "compileall"]]


def test_uv_finds_a_python_of_the_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = SimpleNamespace(version_info=SimpleNamespace(major=2, minor=7), executable="")
    monkeypatch.setattr("pointsmanctl.deployment.python_runtime.sys", other)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    (tmp_path / "module.py").write_text("VALUE = 1\n")
    PythonRuntime(HERE).compile(tmp_path, tmp_path, "/opt")
    assert list(tmp_path.glob("__pycache__/module.*.pyc"))


def test_without_the_version_of_lambda_a_deployment_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 2, "", "error: no download was found")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(
        DeploymentFailed, match=r"(?s)compiled for Python 3\.99, which is not on PATH.*no download was found"
    ):
        PythonRuntime("3.99").compile(Path(), Path(), "/opt")
