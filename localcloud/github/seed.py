"""The demo's repository: examples/infra, as a team would have it."""

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


def seed(repository: GitRepository, sample: Path = CHECKOUT / "examples" / "infra") -> RefUpdate | None:
    """Create the repository with its first commit; None when it exists already."""
    if not repository.create():
        return None
    files: dict[str, str | bytes | Path | None] = {path.relative_to(sample).as_posix(): path for path in _files(sample)}
    return repository.commit(files, "Our machines, as code", author=_AUTHOR)


def _files(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not _LEFT_OUT & set(path.relative_to(directory).parts):
            yield path
