"""The worker template is packaged from a copy without what tools leave behind."""

from pathlib import Path

from samcli.lib.utils.hash import dir_checksum  # type: ignore[import-untyped]

from pointsmanctl.deployment.sources import Sources, directory_digest, stage_worker
from pointsmanctl.deployment.template import read_template


def worker(directory: Path) -> Path:
    """A template with a layer beside it, in which tests have run."""
    template = directory / "regional" / "template.yaml"
    layer = directory / "runner"
    for path in (template.parent, layer / "bin", layer / "__pycache__", layer / ".ansible"):
        path.mkdir(parents=True)
    template.write_text(
        "Resources:\n  Layer: {Type: AWS::Lambda::LayerVersion, Properties: {Content: ../runner}}\n"
        "  Role: {Type: AWS::IAM::Role}\n"
    )
    (layer / "bin" / "run").write_text("#!/bin/sh\n")
    (layer / "bin" / "run").chmod(0o755)
    (layer / "__pycache__" / "a.pyc").write_text("")
    (layer / ".ansible" / "b").write_text("")
    return template


def test_the_layers_files_come_along_with_their_modes(tmp_path: Path) -> None:
    staged = stage_worker(worker(tmp_path), tmp_path / "work")
    assert staged.read_text() == (tmp_path / "regional" / "template.yaml").read_text()
    layer = staged.parent / "../runner"
    assert [path.relative_to(layer).as_posix() for path in sorted(layer.rglob("*"))] == ["bin", "bin/run"]
    assert (layer / "bin" / "run").stat().st_mode & 0o111


def test_the_real_worker_carries_its_runner(tmp_path: Path) -> None:
    staged = stage_worker(Sources().worker, tmp_path)
    content = read_template(staged)["Resources"]["RunnerLayer"]["Properties"]["Content"]
    assert (staged.parent / content / "bin" / "run-playbook").exists()
    assert not list((staged.parent / content).rglob("__pycache__"))


def test_the_digest_of_a_directory_is_that_of_sam_cli(tmp_path: Path) -> None:
    runner = tmp_path / "runner"
    (runner / "bin").mkdir(parents=True)
    (runner / "bin" / "run").write_text("a")
    (runner / "a.py").write_text("b")
    before = directory_digest(runner)
    assert before == dir_checksum(str(runner))
    (runner / "__pycache__").mkdir()
    (runner / "__pycache__" / "a.pyc").write_text("c")
    assert directory_digest(runner) == before  # stage_worker leaves it out
    (runner / "a.py").write_text("c")
    assert directory_digest(runner) != before
