"""The runner's archive, as the worker stack gets it."""

import io
import zipfile
from pathlib import Path

import pytest

from localcloud.runner_layer import archive, with_archive


def test_equal_files_give_equal_bytes_without_what_tools_leave(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "run").write_text("#!/bin/sh\n")
    before = archive(tmp_path)
    for left in ("__pycache__/x.pyc", ".build/tmp/x"):
        (tmp_path / left).parent.mkdir(parents=True)
        (tmp_path / left).write_text("x")
    (tmp_path / "bin" / "run").touch()
    assert archive(tmp_path) == before
    assert zipfile.ZipFile(io.BytesIO(before)).namelist() == ["bin/run"]


def test_the_worker_template_gets_the_archives_address() -> None:
    template = "  A:\n    Content: ../runner\n  B: {}\n"
    assert with_archive(template, "b", "k") == "  A:\n    Content: {S3Bucket: b, S3Key: k}\n  B: {}\n"
    with pytest.raises(ValueError, match="Content"):
        with_archive("  A: {}\n", "b", "k")
