"""The clone in which a repository's commits are created; checks names of files and branches."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from localcloud.github.commits import Author
from localcloud.github.git_command import GitError, git

DEFAULT_BRANCH: Final = "main"

type Content = str | bytes | Path | None
"""A file's content, a file to copy, or None to delete the file."""


class Clone:
    """A working tree at `directory`; its `origin` is the bare repository."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def git(self, *arguments: str, variables: Mapping[str, str] | None = None, stdin: str | None = None) -> str:
        """Run git in the working tree."""
        return git(list(arguments), self.directory, variables, stdin)

    def check_out(self, branch: str, remote_branches: set[str]) -> None:
        """Check out a branch; a new one starts at the default branch, or empty without one."""
        if self.git("check-ref-format", "--branch", branch).strip() != branch:
            raise GitError(f"{branch!r} is not a valid branch name")
        self.git("fetch", "--quiet", "--prune", "origin")
        remote = next((each for each in (branch, DEFAULT_BRANCH) if each in remote_branches), None)
        if remote:
            self._start_at(branch, f"refs/remotes/origin/{remote}")
        else:
            self.git("checkout", "--quiet", "-B", branch)

    def write(self, files: Mapping[str, Content]) -> None:
        """Write, copy or delete files; GitError for an invalid path or content."""
        for path, content in files.items():
            refuse_unreadable("file's name", path)
            if isinstance(content, str):
                refuse_unreadable(f"content of {path}", content, nul=True)
            try:
                self._put(path, self._place(path), content)
            except OSError as error:
                raise GitError(f"{path!r} cannot be changed: {error.strerror or error}") from error

    def move(self, names: Mapping[str, str]) -> None:
        """Rename files."""
        for old, new in names.items():
            refuse_unreadable("file's name", new)
            self._place(new).parent.mkdir(parents=True, exist_ok=True)
            self.git("mv", "--", old, new)

    def stage(self) -> bool:
        """Stage all changes, including ignored files; whether there are any."""
        self.git("add", "--all", "--force")
        return bool(self.git("status", "--porcelain"))

    def merge(self, sha: str, resolution: Mapping[str, Content]) -> None:
        """Merge without a commit; GitError for conflicts that `resolution` does not resolve."""
        try:
            # git needs an identity to merge, although the commit comes later.
            self.git("merge", "--quiet", "--no-ff", "--no-commit", sha, variables=identity(Author(), None))
        except GitError:
            conflicts = self.git("diff", "--name-only", "--diff-filter=U", "-z").split("\0")[:-1]
            unresolved = [path for path in conflicts if path not in resolution]
            if unresolved or not conflicts:
                raise
        if not (self.directory / ".git" / "MERGE_HEAD").exists():
            raise GitError("there is nothing to merge: the branch already has these commits")
        self.write(resolution)
        self.git("add", "--all", "--force")

    def _start_at(self, branch: str, start: str) -> None:
        """Check out the branch and remove what a failed commit left behind."""
        self.git("checkout", "--quiet", "--force", "--no-track", "-B", branch, start)
        self.git("clean", "--quiet", "-ffdx")

    def _put(self, path: str, target: Path, content: Content) -> None:
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
        """The path of a repository's file in the clone; GitError for an invalid one."""
        clone, target = self.directory.resolve(), (self.directory / path).resolve()
        inside = target.relative_to(clone) if target.is_relative_to(clone) else Path()
        if not inside.parts or ".git" in inside.parts:
            raise GitError(f"{path!r} is not a file of the repository")
        if target.is_dir():
            raise GitError(f"{path!r} is a directory, not a file")
        for parent in inside.parents:
            if (clone / parent).is_file():
                raise GitError(f"{path!r} cannot be created: {str(parent)!r} is a file, not a directory")
        return target


def refuse_branch(branch: str) -> None:
    """GitError for a name that git would confuse with another ref, now or at a later push."""
    refuse_unreadable("branch", branch)
    if "/refs/" in f"/{branch}" or "@{" in branch or branch == "@":
        raise GitError(
            f"{branch!r} is not a valid branch name: use one without refs/ and @{{, such as {DEFAULT_BRANCH}"
        )


def refuse_unreadable(what: str, text: str, *, nul: bool = False) -> None:
    """GitError for text that is not Unicode or contains a NUL character."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise GitError(f"the {what} is not valid UTF-8: {text!r}") from error
    if "\0" in text and not nul:
        raise GitError(f"the {what} contains a NUL character: {text!r}")


def identity(author: Author, when: datetime | None) -> dict[str, str]:
    """The environment variables for commits of this author, at a given time or now."""
    for what, text in (("author", author.name), ("author's address", author.email)):
        refuse_unreadable(what, text)
    date = {"GIT_AUTHOR_DATE": when.isoformat(), "GIT_COMMITTER_DATE": when.isoformat()} if when else {}
    return {
        "GIT_AUTHOR_NAME": author.name,
        "GIT_AUTHOR_EMAIL": author.email,
        "GIT_COMMITTER_NAME": author.name,
        "GIT_COMMITTER_EMAIL": author.email,
        **date,
    }
