"""Creates thousands of commits or files with one git process."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from localcloud.github.clone import DEFAULT_BRANCH
from localcloud.github.commits import Author
from localcloud.github.git_command import git
from localcloud.github.repository import ZERO, GitRepository, RefUpdate

_BEGIN: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class PlannedCommit:
    """A commit to create: path to content, or to None to delete the file. A path in bytes need not be UTF-8."""

    message: str
    files: Mapping[str | bytes, str | bytes | None] = field(default_factory=dict)
    author: Author = field(default_factory=Author)


def make_history(
    repository: GitRepository, commits: Iterable[PlannedCommit], branch: str = DEFAULT_BRANCH, *, orphan: bool = False
) -> RefUpdate:
    """Create these commits on a branch, one second apart, as one push.

    A new branch starts at the default branch, or without history if `orphan`.
    """
    ref, branches = f"refs/heads/{branch}", repository.branches()
    begin = None if orphan else branches.get(ref) or branches.get(f"refs/heads/{DEFAULT_BRANCH}")
    stream = b"".join(_stream(ref, begin, commits))
    git(["fast-import", "--quiet", "--force"], repository.bare, stdin=stream)
    return RefUpdate(ref, branches.get(ref, ZERO), repository.resolve(ref))


def _stream(ref: str, begin: str | None, commits: Iterable[PlannedCommit]) -> Iterator[bytes]:
    """See `git help fast-import`."""
    for number, commit in enumerate(commits):
        by = f"{commit.author.name} <{commit.author.email}> {int(_BEGIN.timestamp()) + number} +0000"
        yield f"commit {ref}\nauthor {by}\ncommitter {by}\n".encode() + _data(commit.message)
        if number == 0 and begin:
            yield f"from {begin}\n".encode()
        for path, content in commit.files.items():
            name = _quoted(os.fsencode(path))
            yield b"D " + name + b"\n" if content is None else b"M 100644 inline " + name + b"\n" + _data(content)
        yield b"\n"


def _data(content: str | bytes) -> bytes:
    data = content.encode() if isinstance(content, str) else content
    return b"data %d\n%b\n" % (len(data), data)


def _quoted(path: bytes) -> bytes:
    return b'"' + path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'
