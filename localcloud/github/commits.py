"""Reads commits and the files they changed, any number of them with two git processes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from localcloud.github.git_command import git

# SHA, parents, tree, then the author's and the committer's date, name and address, then the message.
_FORM: Final = "%H%x00%P%x00%T%x00%aI%x00%an%x00%ae%x00%cI%x00%cn%x00%ce%x00%B"
_FIELDS: Final = 10


@dataclass(frozen=True)
class Author:
    """The author of a commit."""

    name: str = "Ada Lovelace"
    email: str = "ada@example.com"

    @classmethod
    def parse(cls, text: str) -> Author:
        """`Name <email>`, or a name alone."""
        matched = re.fullmatch(r"\s*(.*?)\s*<([^<>]*)>\s*", text)
        if matched:
            return cls(matched[1], matched[2])
        return cls(
            text.strip(), f"{re.sub(r'[^a-z0-9]+', '.', text.strip().lower()).strip('.') or 'nobody'}@example.com"
        )

    @property
    def login(self) -> str:
        """The GitHub login: the local part of the address."""
        return re.sub(r"[^A-Za-z0-9-]+", "-", self.email.partition("@")[0]) or "nobody"


@dataclass(frozen=True)
class CommitHeader:
    """A commit without its changes."""

    sha: str
    parents: list[str]
    tree: str
    message: str
    timestamp: datetime
    """The author's time."""
    committed: datetime
    author: Author
    committer: Author


@dataclass(frozen=True)
class GitCommit(CommitHeader):
    """A commit as in a push event: with its changes against the first parent; a rename is two files."""

    added: list[str]
    removed: list[str]
    modified: list[str]


def read_headers(bare: Path, shas: Sequence[str]) -> list[CommitHeader]:
    """The commits of these full SHAs, in this order."""
    if not shas:
        return []
    output = git(["log", "--no-walk=unsorted", "--stdin", "-z", f"--format={_FORM}"], bare, stdin=_lines(shas))
    fields = output.split("\0")[:-1]
    return [_header(each) for each in zip(*[iter(fields)] * _FIELDS, strict=True)]


def read_commits(bare: Path, shas: Sequence[str]) -> list[GitCommit]:
    """The commits of these full SHAs with their changes, in this order."""
    headers = read_headers(bare, shas)
    changes = _changes(bare, headers)
    return [_commit(header, changes.get(header.sha, [])) for header in headers]


def _header(fields: Sequence[str]) -> CommitHeader:
    sha, parents, tree, when, author, author_email, committed, committer, committer_email, message = fields
    return CommitHeader(
        sha=sha,
        parents=parents.split(),
        tree=tree,
        message=message.strip("\n"),
        timestamp=datetime.fromisoformat(when),
        committed=datetime.fromisoformat(committed),
        author=Author(author, author_email),
        committer=Author(committer, committer_email),
    )


def _commit(header: CommitHeader, changes: list[tuple[str, str]]) -> GitCommit:
    return GitCommit(
        **vars(header),
        added=[path for status, path in changes if status == "A"],
        removed=[path for status, path in changes if status == "D"],
        modified=[path for status, path in changes if status not in "AD"],
    )


def _changes(bare: Path, headers: list[CommitHeader]) -> dict[str, list[tuple[str, str]]]:
    """(A, D, M or T, path) for each commit that has changes."""
    revisions = _lines(" ".join([each.sha, *each.parents[:1]]) for each in headers)
    output = git(
        ["diff-tree", "--stdin", "--root", "-r", "-z", "--no-renames", "--name-status"], bare, stdin=revisions
    ).split("\0")[:-1]  # fmt: skip
    changes: dict[str, list[tuple[str, str]]] = {}
    current: list[tuple[str, str]] = []
    fields = iter(output)
    for field in fields:
        if len(field) == 1:
            current.append((field, next(fields)))
        else:
            current = changes.setdefault(field, [])
    return changes


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
