"""What `sam deploy` calls the archive of a directory."""

from pathlib import Path

from samcli.lib.utils.hash import dir_checksum  # type: ignore[import-untyped]

from pointsmanctl.deployment.sam_digest import sam_digest


def test_the_digest_of_a_directory_is_that_of_sam_cli(tmp_path: Path) -> None:
    runner = tmp_path / "runner"
    (runner / "bin").mkdir(parents=True)
    (runner / "bin" / "run").write_text("a")
    (runner / "a.py").write_text("b")
    before = sam_digest(runner)
    assert before == dir_checksum(str(runner))
    (runner / "__pycache__").mkdir()
    (runner / "__pycache__" / "a.pyc").write_text("c")
    assert sam_digest(runner) == before
    (runner / "a.py").write_text("c")
    assert sam_digest(runner) != before
