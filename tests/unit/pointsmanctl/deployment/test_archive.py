"""A directory as a zip file: the same bytes for the same files, whoever installed them."""

import io
import os
import zipfile
from pathlib import Path

from pointsmanctl.deployment.archive import zip_directory
from pointsmanctl.deployment.sources import Sources
from pointsmanctl.deployment.template import read_template


def runner(directory: Path) -> Path:
    """A directory in which tools and tests have left something."""
    for name in ("bin", "__pycache__", ".ansible"):
        (directory / name).mkdir(parents=True)
    (directory / "bin" / "run").write_text("#!/bin/sh\n")
    (directory / "__pycache__" / "a.pyc").write_text("")
    (directory / ".ansible" / "b").write_text("")
    (directory / "a.py").write_text("A = 1\n")
    return directory


def entries(archive: bytes) -> dict[str, zipfile.ZipInfo]:
    return {each.filename: each for each in zipfile.ZipFile(io.BytesIO(archive)).infolist()}


def test_what_tools_leave_behind_stays_behind(tmp_path: Path) -> None:
    assert list(entries(zip_directory(runner(tmp_path), bytecode=False))) == ["a.py", "bin/run"]
    assert list(entries(zip_directory(tmp_path, bytecode=True))) == ["__pycache__/a.pyc", "a.py", "bin/run"]


def test_a_program_can_be_executed_even_if_its_installation_lost_the_mode(tmp_path: Path) -> None:
    (runner(tmp_path) / "bin" / "run").chmod(0o600)
    files = entries(zip_directory(tmp_path, bytecode=False))
    assert files["bin/run"].external_attr >> 16 == 0o100755
    assert files["a.py"].external_attr >> 16 == 0o100644


def test_times_modes_and_the_order_of_creation_change_nothing(tmp_path: Path) -> None:
    first = zip_directory(runner(tmp_path / "one"), bytecode=False)
    second = tmp_path / "two"
    (second / "bin").mkdir(parents=True)
    (second / "a.py").write_text("A = 1\n")
    (second / "bin" / "run").write_text("#!/bin/sh\n")
    (second / "a.py").chmod(0o444)
    os.utime(second / "a.py", (0, 0))
    assert zip_directory(second, bytecode=False) == first
    (second / "a.py").chmod(0o644)
    (second / "a.py").write_text("A = 2\n")
    assert zip_directory(second, bytecode=False) != first


def test_the_real_worker_carries_its_runner() -> None:
    worker = Sources().worker
    content = read_template(worker)["Resources"]["RunnerLayer"]["Properties"]["Content"]
    files = entries(zip_directory(worker.parent / content, bytecode=False))
    assert files["bin/run-playbook"].external_attr >> 16 == 0o100755
    assert {"requirements.txt", "callback_plugins/pointsman.py", "redaction/redactor.py"} <= set(files)
    assert not any("__pycache__" in name or name.startswith(".") for name in files)
