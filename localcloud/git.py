"""Real git repositories that stand for those on GitHub: one bare repository each, and a clone to commit from."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

ZERO: Final = "0" * 40
DEFAULT_BRANCH: Final = "main"

_LOCATION: Final = re.compile(r"(?:https://(?:[^@/]+@)?github\.com/|git@github\.com:)([\w.-]+)/([\w.-]+?)(?:\.git)?/?$")
_NAME: Final = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
_COMMITTING = threading.Lock()


class GitError(Exception):
    """git refused; the message is what it said."""


class NoRepository(GitError):
    """No local repository stands for this one."""


@dataclass(frozen=True)
class Author:
    """Who makes a commit."""

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
class Update:
    """A branch that moved, as a push does it; `ZERO` before a new branch and after a deleted one."""

    ref: str
    before: str
    after: str


@dataclass(frozen=True)
class Commit:
    """A commit as a push tells it."""

    sha: str
    tree: str
    message: str
    timestamp: datetime
    author: Author
    committer: Author
    added: list[str]
    removed: list[str]
    modified: list[str]


def git_environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which git reads no configuration of the machine or its user."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
        **(variables or {}),
    }


def repository_for(repositories: Path, location: str) -> Path:
    """The bare repository that a GitHub clone URL or `owner/name` maps to; NoRepository when there is none."""
    matched = _LOCATION.fullmatch(location)
    name = f"{matched[1]}/{matched[2]}" if matched else location
    if not _NAME.fullmatch(name):
        raise NoRepository(f"{location!r} is no repository on GitHub")
    bare = repositories / f"{name}.git"
    if not bare.is_dir():
        raise NoRepository(f"no local repository stands for {name}")
    return bare


class Repository:
    """`owner/name`: a bare repository, which builds clone, and a work clone, in which commits are made."""

    def __init__(self, repositories: Path, clones: Path, full_name: str) -> None:
        if not _NAME.fullmatch(full_name):
            raise GitError(f"{full_name!r} is not owner/name")
        self.full_name = full_name
        self.bare = repositories / f"{full_name}.git"
        self.clone = clones / full_name

    def create(self) -> bool:
        """Make both when they are missing; whether they were."""
        if self.bare.is_dir():
            return False
        self.bare.parent.mkdir(parents=True, exist_ok=True)
        _git(["init", "--quiet", "--bare", f"--initial-branch={DEFAULT_BRANCH}", str(self.bare)], self.bare.parent)
        self.clone.parent.mkdir(parents=True, exist_ok=True)
        _git(["clone", "--quiet", str(self.bare), str(self.clone)], self.clone.parent)
        return True

    def commit(
        self,
        files: Mapping[str, str | bytes | Path | None],
        message: str,
        *,
        author: Author | None = None,
        branch: str = DEFAULT_BRANCH,
        when: datetime | None = None,
    ) -> Update:
        """Commit files (path in the repository to content, a file to copy, or None to delete) and push the branch.

        A branch that does not exist yet starts at the default branch. GitError when nothing changes.
        """
        by = author or Author()
        if not (self.bare.is_dir() and self.clone.is_dir()):
            raise NoRepository(f"no local repository stands for {self.full_name}")
        _refuse_branch(branch)
        for what, text in (("message", message), ("author", by.name), ("author's address", by.email)):
            _refuse_unreadable(what, text)
        with _COMMITTING:
            before = self._check_out(branch)
            for path, content in files.items():
                self._write(path, content)
            self._stage(files)
            _git(["commit", "--quiet", "--file=-"], self.clone, _identity(by, when), message)
            return self._push(branch, before)

    def delete_branch(self, branch: str) -> Update:
        """Delete a branch on the remote."""
        before = self.resolve(f"refs/heads/{branch}")
        _git(["update-ref", "-d", f"refs/heads/{branch}"], self.bare)
        return Update(f"refs/heads/{branch}", before, ZERO)

    def reset_branch(self, branch: str, target: str) -> Update:
        """Force a branch to another commit, as a forced push does."""
        before = self.resolve(f"refs/heads/{branch}")
        after = self.resolve(target)
        _git(["update-ref", f"refs/heads/{branch}", after], self.bare)
        return Update(f"refs/heads/{branch}", before, after)

    def resolve(self, revision: str) -> str:
        """The full SHA; GitError when there is no such commit."""
        return _git(["rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}"], self.bare).strip()

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether `newer` has `older` in its history."""
        command = ["git", "merge-base", "--is-ancestor", older, newer]
        return subprocess.run(command, cwd=self.bare, env=git_environment(), check=False).returncode == 0

    def commits(self, before: str, after: str) -> list[Commit]:
        """What `after` has and `before` has not, oldest first; for a new branch, what no other branch has."""
        if before == ZERO:
            others = [ref for ref in self._branches() if self.resolve(ref) != after]
            listed = _git(["rev-list", "--reverse", after, "--not", *others], self.bare)
        else:
            listed = _git(["rev-list", "--reverse", f"{before}..{after}"], self.bare)
        return [self.describe(sha) for sha in listed.split()]

    def describe(self, sha: str) -> Commit:
        """One commit with the files it changed against its first parent."""
        form = "%T%x00%aI%x00%an%x00%ae%x00%cn%x00%ce%x00%B"
        shown = _git(["show", "--no-patch", f"--format={form}", sha], self.bare).rstrip("\n")
        tree, when, author, author_email, committer, committer_email, message = shown.split("\0", 6)
        added, removed, modified = self._changes(sha)
        return Commit(
            sha=sha,
            tree=tree,
            message=message.strip("\n"),
            timestamp=datetime.fromisoformat(when),
            author=Author(author, author_email),
            committer=Author(committer, committer_email),
            added=added,
            removed=removed,
            modified=modified,
        )

    def _changes(self, sha: str) -> tuple[list[str], list[str], list[str]]:
        listed = _git(
            ["diff-tree", "--root", "-r", "-z", "--no-commit-id", "--no-renames", "--name-status", "-m",
             "--first-parent", sha],
            self.bare,
        )  # fmt: skip
        fields = listed.rstrip("\0").split("\0") if listed else []
        pairs = list(zip(fields[::2], fields[1::2], strict=True))
        return (
            [path for status, path in pairs if status == "A"],
            [path for status, path in pairs if status == "D"],
            [path for status, path in pairs if status not in "AD"],
        )

    def _branches(self) -> list[str]:
        return _git(["for-each-ref", "--format=%(refname)", "refs/heads"], self.bare).split()

    def _check_out(self, branch: str) -> str:
        """Put the clone on the branch; the SHA the branch has on the remote, ZERO when it is new."""
        if _git(["check-ref-format", "--branch", branch], self.clone).strip() != branch:
            raise GitError(f"{branch!r} is not a branch's name")
        _git(["fetch", "--quiet", "--prune", "origin"], self.clone)
        known = set(self._branches())
        if f"refs/heads/{branch}" in known:
            self._start_at(branch, branch)
            return self.resolve(f"refs/heads/{branch}")
        if f"refs/heads/{DEFAULT_BRANCH}" in known:
            self._start_at(branch, DEFAULT_BRANCH)
        else:
            _git(["checkout", "--quiet", "-B", branch], self.clone)
        return ZERO

    def _start_at(self, branch: str, remote: str) -> None:
        """Put the clone on the branch as the remote's is, without what a commit that failed left behind."""
        start = f"refs/remotes/origin/{remote}"
        _git(["checkout", "--quiet", "--force", "--no-track", "-B", branch, start], self.clone)
        _git(["clean", "--quiet", "-ffdx"], self.clone)

    def _write(self, path: str, content: str | bytes | Path | None) -> None:
        _refuse_unreadable("file's name", path)
        if isinstance(content, str):
            _refuse_unreadable(f"content of {path}", content, nul=True)
        try:
            self._put(path, self._place(path), content)
        except OSError as error:
            raise GitError(f"{path!r} cannot be changed: {error.strerror or error}") from error

    def _put(self, path: str, target: Path, content: str | bytes | Path | None) -> None:
        if content is None:
            if not target.is_file():
                raise GitError(f"the repository has no file {path!r} to delete")
            target.unlink()
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copy2(content, target)
        else:
            target.write_bytes(content.encode() if isinstance(content, str) else content)

    def _place(self, path: str) -> Path:
        """Where a file of the repository stands in the clone; GitError for what can be no file of it."""
        clone, target = self.clone.resolve(), (self.clone / path).resolve()
        inside = target.relative_to(clone) if target.is_relative_to(clone) else Path()
        if not inside.parts or ".git" in inside.parts:
            raise GitError(f"{path!r} is not a file of the repository")
        if target.is_dir():
            raise GitError(f"{path!r} is a directory, not a file")
        for parent in inside.parents:
            if (clone / parent).is_file():
                raise GitError(f"{path!r} cannot be: {str(parent)!r} is a file, not a directory")
        return target

    def _stage(self, files: Mapping[str, object]) -> None:
        """Make everything written part of the next commit, ignored or not; GitError when that is nothing."""
        _git(["add", "--all", "--force"], self.clone)
        if not _git(["status", "--porcelain"], self.clone):
            raise GitError(f"{', '.join(files)} already {'has' if len(files) == 1 else 'have'} that content")

    def _push(self, branch: str, before: str) -> Update:
        _git(["push", "--quiet", "origin", f"HEAD:refs/heads/{branch}"], self.clone)
        return Update(f"refs/heads/{branch}", before, self.resolve(f"refs/heads/{branch}"))


def _refuse_branch(branch: str) -> None:
    """GitError for a name that git would take for another ref's, now or at a later push."""
    _refuse_unreadable("branch", branch)
    if "/refs/" in f"/{branch}" or "@{" in branch or branch == "@":
        raise GitError(f"{branch!r} is not a branch's name: give it without refs/ and @{{, such as {DEFAULT_BRANCH}")


def _refuse_unreadable(what: str, text: str, *, nul: bool = False) -> None:
    """GitError for text that is not Unicode, such as bytes of another encoding, or that has a NUL."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise GitError(f"the {what} is not valid UTF-8: {text!r}") from error
    if "\0" in text and not nul:
        raise GitError(f"the {what} has a NUL character: {text!r}")


def _identity(author: Author, when: datetime | None) -> dict[str, str]:
    date = {"GIT_AUTHOR_DATE": when.isoformat(), "GIT_COMMITTER_DATE": when.isoformat()} if when else {}
    return {
        "GIT_AUTHOR_NAME": author.name,
        "GIT_AUTHOR_EMAIL": author.email,
        "GIT_COMMITTER_NAME": author.name,
        "GIT_COMMITTER_EMAIL": author.email,
        **date,
    }


def _git(
    arguments: list[str], directory: Path, variables: Mapping[str, str] | None = None, stdin: str | None = None
) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=directory,
        env=git_environment(variables),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = "; ".join((done.stderr or done.stdout).strip().splitlines())
        raise GitError(f"git {arguments[0]}: {said or 'failed'}")
    return done.stdout
