"""The repository that the demo begins with."""

from pathlib import Path

from localcloud.github.repository import ZERO, GitRepository
from localcloud.github.seed import seed


def test_the_seed_is_the_sample_without_what_tools_leave(tmp_path: Path) -> None:
    sample = tmp_path / "infra"
    for path in ("site.yml", "roles/app/tasks/main.yml", ".ansible/home/x", "library/__pycache__/x.pyc"):
        (sample / path).parent.mkdir(parents=True, exist_ok=True)
        (sample / path).write_text("---\n")
    (sample / "hosts.sh").write_text("#!/bin/sh\n")
    (sample / "hosts.sh").chmod(0o755)
    repository = GitRepository(tmp_path / "git", tmp_path / "clones", "acme/infra")
    update = seed(repository, sample)
    assert update is not None
    (commit,) = repository.commits(ZERO, update.after)
    assert commit.added == ["hosts.sh", "roles/app/tasks/main.yml", "site.yml"]
    assert (repository.clone / "hosts.sh").stat().st_mode & 0o111
    assert seed(repository, sample) is None
