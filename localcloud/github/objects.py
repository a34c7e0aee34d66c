"""Reads a bare repository: revisions, merge bases, differences and trees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from localcloud.github.git_command import GitError, git

_EMPTY_TREE: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_SHA: Final = re.compile(r"[0-9a-f]{7,40}")
_NO_REVISION: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{")
_STATUS: Final = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}


@dataclass(frozen=True)
class FileDifference:
    """A file that differs."""

    sha: str
    """The new blob's; for a removed file, the old one's."""
    path: str
    status: str
    additions: int
    deletions: int
    previous: str | None = None


class GitObjects:
    """The objects of one bare repository."""

    def __init__(self, bare: Path) -> None:
        self.bare = bare

    def is_empty(self) -> bool:
        """Whether the repository has no refs."""
        return not git(["for-each-ref", "--count=1"], self.bare)

    def resolve(self, revision: str, kind: str = "commit") -> str | None:
        """The SHA of a branch, a tag, a full ref or a SHA of at least seven digits; None when there is none."""
        if not revision or _NO_REVISION.search(revision):
            return None
        names = [f"refs/heads/{revision}", f"refs/tags/{revision}", f"refs/{revision}"]
        if revision == "HEAD" or revision.startswith("refs/") or _SHA.fullmatch(revision):
            names.insert(0, revision)
        queries = "".join(f"{name}^{{{kind}}}\n" for name in names)
        output = git(["cat-file", "--batch-check"], self.bare, stdin=queries)
        answers = [line.split() for line in output.splitlines()]
        return next((words[0] for words in answers if len(words) == 3 and words[1] == kind), None)

    def merge_base(self, base: str, head: str) -> str | None:
        """The merge base of two commits; None when they share no history."""
        try:
            return git(["merge-base", base, head], self.bare).strip()
        except GitError:
            return None

    def counts(self, base: str, head: str) -> tuple[int, int]:
        """(commits of `head` alone, commits of `base` alone)."""
        behind, ahead = git(["rev-list", "--left-right", "--count", f"{base}...{head}"], self.bare).split()
        return int(ahead), int(behind)

    def between(self, base: str, head: str) -> list[str]:
        """The SHAs in `head` but not in `base`, oldest first."""
        return git(["rev-list", "--reverse", f"{base}..{head}"], self.bare).split()

    def difference(self, before: str | None, after: str) -> list[FileDifference]:
        """The files that differ, sorted by name, with renames detected. `before` None: against an empty tree."""
        output = git(
            ["diff-tree", "-r", "-z", "--raw", "--numstat", "--find-renames", before or _EMPTY_TREE, after], self.bare
        )
        return list(_differences(output.split("\0")[:-1]))

    def tree(self, tree: str, *, recursive: bool) -> list[dict[str, Any]]:
        """The entries of a tree as GitHub lists them, without their URLs."""
        deep = ["-r", "-t"] if recursive else []
        output = git(["ls-tree", *deep, "-z", "-l", "--full-tree", tree], self.bare)
        return [_entry(each) for each in output.split("\0")[:-1]]


def _differences(fields: list[str]) -> Iterator[FileDifference]:
    """Raw records, `:mode mode sha sha status` and one or two names, then as many of numstat in the same order."""
    raw: list[tuple[list[str], list[str]]] = []
    rest = iter(fields)
    for field in rest:
        if field.startswith(":"):
            words = field.split(" ")
            raw.append((words, [next(rest) for _ in range(2 if words[4][0] in "RC" else 1)]))
            continue
        words, names = raw.pop(0)
        additions, deletions, name = field.split("\t", 2)
        for _ in range(0 if name else 2):  # the names of a rename follow
            next(rest)
        status = words[4][0]
        yield FileDifference(
            sha=words[2] if status == "D" else words[3],
            path=names[-1],
            status=_STATUS[status],
            additions=_count(additions),
            deletions=_count(deletions),
            previous=names[0] if len(names) == 2 else None,
        )


def _count(text: str) -> int:
    """A dash means a binary file."""
    return 0 if text == "-" else int(text)


def _entry(line: str) -> dict[str, Any]:
    about, _, path = line.partition("\t")
    mode, kind, sha, size = about.split()
    entry: dict[str, Any] = {"path": path, "mode": mode, "type": kind, "sha": sha}
    return {**entry, "size": int(size)} if kind == "blob" else entry
