"""The repository that the demo begins with."""

from pathlib import Path

from localcloud.github.repository import ZERO, GitRepository
from localcloud.github.seed import seed


def test_the_seed_is_the_checkouts_ansible_without_what_tools_leave(tmp_path: Path) -> None:
    ansible = tmp_path / "ansible"
    for path in ("site.yml", "roles/app/tasks/main.yml", ".build/home/x", "plugins/__pycache__/x.pyc"):
        (ansible / path).parent.mkdir(parents=True, exist_ok=True)
        (ansible / path).write_text("---\n")
    (ansible / "bin").mkdir()
    (ansible / "bin" / "run").write_text("#!/bin/sh\n")
    (ansible / "bin" / "run").chmod(0o755)
    repository = GitRepository(tmp_path / "git", tmp_path / "clones", "acme/infra")
    update = seed(repository, ansible)
    assert update is not None
    (commit,) = repository.commits(ZERO, update.after)
    assert commit.added == [
        "README.md",
        "ansible/bin/run",
        "ansible/roles/app/tasks/main.yml",
        "ansible/site.yml",
        "docs/runbook.md",
    ]
    assert (repository.clone / "ansible/bin/run").stat().st_mode & 0o111
    assert seed(repository, ansible) is None
