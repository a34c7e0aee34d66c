"""The demo's repository: this checkout's playbooks, as a team would have them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from localcloud.github.commits import Author
from localcloud.github.repository import GitRepository, RefUpdate
from localcloud.layout import CHECKOUT

_AUTHOR: Final = Author("Ada Lovelace", "ada@example.com")
# Caches and build output.
_LEFT_OUT: Final = {".build", ".ansible", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}

_README: Final = """# infra

Our machines, as code. What is in `ansible/` runs wherever a push to `main` says so.

- `ansible/site.yml`: everything a web server is.
- `docs/`: how we work. A change here starts nothing.
"""
_RUNBOOK: Final = """# Runbook

1. Change a role, open a pull request, have it read.
2. Merge it. Watch the rollout in #deployments.
3. When a host fails, its task and its reason are in the message.
"""


def seed(repository: GitRepository, ansible: Path = CHECKOUT / "ansible") -> RefUpdate | None:
    """Create the repository with its first commit; None when it exists already."""
    if not repository.create():
        return None
    files: dict[str, str | bytes | Path | None] = {
        f"ansible/{path.relative_to(ansible).as_posix()}": path for path in _files(ansible)
    }
    files |= {"README.md": _README, "docs/runbook.md": _RUNBOOK}
    return repository.commit(files, "Our machines, as code", author=_AUTHOR)


def _files(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not _LEFT_OUT & set(path.relative_to(directory).parts):
            yield path
