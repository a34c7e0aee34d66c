"""Real git repositories in place of those on GitHub: a bare repository, and a clone for new commits."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from localcloud.github.clone import DEFAULT_BRANCH, Clone, Content, identity, refuse_branch, refuse_unreadable
from localcloud.github.commits import Author, GitCommit, read_commits
from localcloud.github.git_command import GitError, NoRepository, git, git_environment

ZERO: Final = "0" * 40

# github.com or a server: the local repositories stand for those of whichever GitHub an installation serves.
_LOCATION: Final = re.compile(r"(?:https://(?:[^@/]+@)?[\w.:-]+/|git@[\w.-]+:)([\w.-]+)/([\w.-]+?)(?:\.git)?/?$")
_NAME: Final = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
_COMMITTING = threading.Lock()


@dataclass(frozen=True)
class RefUpdate:
    """A branch or tag that a push has moved; `ZERO` before creation and after deletion."""

    ref: str
    before: str
    after: str
    """For an annotated tag, the SHA of the tag itself."""


def repository_for(repositories: Path, location: str) -> Path:
    """The bare repository of a clone URL or `owner/name`; NoRepository when there is none."""
    matched = _LOCATION.fullmatch(location)
    name = f"{matched[1]}/{matched[2]}" if matched else location
    if not _NAME.fullmatch(name):
        raise NoRepository(f"{location!r} is not a repository on GitHub")
    bare = repositories / f"{name}.git"
    if not bare.is_dir():
        raise NoRepository(f"there is no local repository {name}")
    return bare


class GitRepository:
    """`owner/name`: a bare repository, which builds clone, and a clone, in which commits are created."""

    def __init__(self, repositories: Path, clones: Path, full_name: str) -> None:
        if not _NAME.fullmatch(full_name):
            raise GitError(f"{full_name!r} is not owner/name")
        self.full_name = full_name
        self.bare = repositories / f"{full_name}.git"
        self.clone = clones / full_name
        self._repositories, self._clones = repositories, clones
        self._work = Clone(self.clone)

    def create(self) -> bool:
        """Create both when they are missing; whether they were."""
        return self._create("init", "--quiet", f"--initial-branch={DEFAULT_BRANCH}")

    def fork(self, full_name: str) -> GitRepository:
        """Another account's repository with everything that is in this one."""
        made = self.sibling(full_name)
        made._create("clone", "--quiet", str(self.bare))
        return made

    def sibling(self, full_name: str) -> GitRepository:
        """Another repository in the same directories, which need not exist."""
        return GitRepository(self._repositories, self._clones, full_name)

    # --- commits -----------------------------------------------------------------------------------------------------

    def commit(
        self,
        files: Mapping[str, Content],
        message: str,
        *,
        author: Author | None = None,
        branch: str = DEFAULT_BRANCH,
        when: datetime | None = None,
        allow_empty: bool = False,
    ) -> RefUpdate:
        """Commit files (path in the repository to content, a file to copy, or None to delete) and push the branch.

        A new branch starts at the default branch. GitError when nothing changes, unless `allow_empty`.
        """
        return self._push([self._written(files, message, allow_empty=allow_empty)], branch, author, when)

    def commit_several(
        self,
        commits: Sequence[tuple[Mapping[str, Content], str]],
        *,
        author: Author | None = None,
        branch: str = DEFAULT_BRANCH,
        when: datetime | None = None,
    ) -> RefUpdate:
        """Several commits in one push, each with files and a message. One without files is empty."""
        steps = [self._written(files, message, allow_empty=True) for files, message in commits]
        return self._push(steps, branch, author, when)

    def rename(
        self,
        names: Mapping[str, str],
        message: str,
        *,
        author: Author | None = None,
        branch: str = DEFAULT_BRANCH,
        when: datetime | None = None,
    ) -> RefUpdate:
        """Rename files (old name to new) and push the branch."""

        def move() -> str:
            self._work.move(names)
            return message

        return self._push([move], branch, author, when)

    def add_submodule(self, path: str, location: str, commit: str, message: str) -> RefUpdate:
        """Commit another repository as a submodule, at one of its commits, to the default branch."""

        def add() -> str:
            for key, value in (("path", path), ("url", location)):
                self._work.git("config", "--file=.gitmodules", f"submodule.{path}.{key}", value)
            self._work.git("add", ".gitmodules")
            self._work.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
            return message

        return self._push([add], DEFAULT_BRANCH, None, None)

    def merge(
        self,
        source: str,
        message: str | None = None,
        *,
        into: str = DEFAULT_BRANCH,
        resolution: Mapping[str, Content] | None = None,
        author: Author | None = None,
        when: datetime | None = None,
    ) -> RefUpdate:
        """Merge a branch with a merge commit and push. `resolution`: content for files with conflicts."""
        other = self.resolve(source)

        def merge() -> str:
            self._work.merge(other, resolution or {})
            return message or f"Merge branch '{source}' into {into}"

        return self._push([merge], into, author, when)

    def squash(
        self,
        source: str,
        message: str,
        *,
        into: str = DEFAULT_BRANCH,
        author: Author | None = None,
        when: datetime | None = None,
    ) -> RefUpdate:
        """Merge a branch as one commit and push, as GitHub's button does."""
        other = self.resolve(source)

        def squash() -> str:
            self._work.git("merge", "--quiet", "--squash", other, variables=identity(Author(), None))
            return message

        return self._push([squash], into, author, when)

    def revert(
        self,
        revision: str,
        message: str | None = None,
        *,
        branch: str = DEFAULT_BRANCH,
        author: Author | None = None,
        when: datetime | None = None,
    ) -> RefUpdate:
        """Revert a commit or a merge with another commit and push."""
        undone = self.describe(revision)

        def revert() -> str:
            mainline = ["--mainline=1"] if len(undone.parents) > 1 else []
            self._work.git("revert", "--no-commit", *mainline, undone.sha)
            subject = undone.message.partition("\n")[0]
            return message or f'Revert "{subject}"\n\nThis reverts commit {undone.sha}.'

        return self._push([revert], branch, author, when)

    # --- branches and tags -------------------------------------------------------------------------------------------

    def create_branch(self, branch: str, target: str = DEFAULT_BRANCH) -> RefUpdate:
        """Create a branch at an existing commit."""
        refuse_branch(branch)
        return self._move(f"refs/heads/{branch}", self.resolve(target))

    def delete_branch(self, branch: str) -> RefUpdate:
        """Delete a branch on the remote."""
        return self._move(f"refs/heads/{branch}", ZERO)

    def reset_branch(self, branch: str, target: str) -> RefUpdate:
        """Move a branch to another commit, as a forced push does."""
        before = self.resolve(f"refs/heads/{branch}")
        after = self.resolve(target)
        git(["update-ref", f"refs/heads/{branch}", after], self.bare)
        return RefUpdate(f"refs/heads/{branch}", before, after)

    def tag(
        self,
        name: str,
        target: str = DEFAULT_BRANCH,
        message: str | None = None,
        *,
        author: Author | None = None,
        when: datetime | None = None,
    ) -> RefUpdate:
        """Create or move a tag; one with a message is annotated."""
        commit, ref = self.resolve(target), f"refs/tags/{name}"
        if message is None:
            return self._move(ref, commit)
        before = self._at(ref)
        by = identity(author or Author(), when)
        git(["tag", "--annotate", "--force", "--file=-", "--end-of-options", name, commit], self.bare, by, message)
        return RefUpdate(ref, before, self._at(ref))

    def delete_tag(self, name: str) -> RefUpdate:
        """Delete a tag on the remote."""
        return self._move(f"refs/tags/{name}", ZERO)

    def store_pull_request(self, number: int, head: str, source: GitRepository) -> str:
        """Store the head of a pull request, from this repository or a fork, as GitHub does; its SHA."""
        sha = source.resolve(head)
        ref = f"refs/pull/{number}/head"
        git(["fetch", "--quiet", "--no-tags", str(source.bare), f"+{sha}:{ref}"], self.bare)
        return sha

    # --- reading -----------------------------------------------------------------------------------------------------

    def resolve(self, revision: str) -> str:
        """The full SHA; GitError when there is no such commit."""
        return git(["rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}"], self.bare).strip()

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether `older` is in the history of `newer`."""
        command = ["git", "merge-base", "--is-ancestor", older, newer]
        return subprocess.run(command, cwd=self.bare, env=git_environment(), check=False).returncode == 0

    def commits(self, before: str, after: str, ref: str | None = None) -> list[GitCommit]:
        """The commits in `after` but not in `before`, oldest first; for a new branch, those of no other branch.

        `ref`: the branch that moved; without it, any branch at `after`.
        """
        excluded = self._other_tips(ref, after) if before == ZERO else [before]
        return read_commits(self.bare, self._reachable(after, excluded))

    def only_on(self, ref: str, before: str, after: str) -> set[str]:
        """The SHAs of a push that are on no other branch."""
        excluded = [] if before == ZERO else [before]
        return set(self._reachable(after, excluded + self._other_tips(ref, after)))

    def describe(self, sha: str) -> GitCommit:
        """One commit with the files it changed against its first parent."""
        return read_commits(self.bare, [self.resolve(sha)])[0]

    def branches(self) -> dict[str, str]:
        """Every branch's ref and its commit."""
        output = git(["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"], self.bare)
        return dict(line.split(" ") for line in output.splitlines())

    def _reachable(self, after: str, excluded: list[str]) -> list[str]:
        """The commits in `after` but in none of `excluded`, oldest first."""
        revisions = "".join(f"{line}\n" for line in [after, *(f"^{sha}" for sha in excluded)])
        return git(["rev-list", "--reverse", "--stdin"], self.bare, stdin=revisions).split()

    def _other_tips(self, ref: str | None, after: str) -> list[str]:
        branches = self.branches().items()
        return [sha for name, sha in branches if (name != ref if ref else sha != after)]

    # --- steps -------------------------------------------------------------------------------------------------------

    def _create(self, *how: str) -> bool:
        if self.bare.is_dir():
            return False
        self.bare.parent.mkdir(parents=True, exist_ok=True)
        git([*how, "--bare", str(self.bare)], self.bare.parent)
        self.clone.parent.mkdir(parents=True, exist_ok=True)
        git(["clone", "--quiet", str(self.bare), str(self.clone)], self.clone.parent)
        return True

    def _written(self, files: Mapping[str, Content], message: str, *, allow_empty: bool = False) -> Callable[[], str]:
        """A step that writes files."""
        refuse_unreadable("message", message)

        def write() -> str:
            self._work.write(files)
            if not self._work.stage() and not allow_empty:
                raise GitError(f"{', '.join(files)} already {'has' if len(files) == 1 else 'have'} that content")
            return message

        return write

    def _push(
        self, steps: Sequence[Callable[[], str]], branch: str, author: Author | None, when: datetime | None
    ) -> RefUpdate:
        """On the branch, let each step change the clone and return the message of its commit; then push once."""
        if not (self.bare.is_dir() and self.clone.is_dir()):
            raise NoRepository(f"there is no local repository {self.full_name}")
        refuse_branch(branch)
        by, ref = identity(author or Author(), when), f"refs/heads/{branch}"
        with _COMMITTING:
            branches = self.branches()
            self._work.check_out(branch, {name.removeprefix("refs/heads/") for name in branches})
            for step in steps:
                self._work.git("commit", "--quiet", "--allow-empty", "--file=-", variables=by, stdin=step())
            self._work.git("push", "--quiet", "origin", f"HEAD:{ref}")
            return RefUpdate(ref, branches.get(ref, ZERO), self.resolve(ref))

    def _at(self, ref: str) -> str:
        """The SHA of a ref; ZERO when it does not exist."""
        try:
            return git(["rev-parse", "--verify", "--end-of-options", ref], self.bare).strip()
        except GitError:
            return ZERO

    def _move(self, ref: str, target: str) -> RefUpdate:
        """Create, move or delete a ref; GitError when there is nothing to delete."""
        before = self._at(ref)
        if target == ZERO and before == ZERO:
            raise GitError(f"there is no {ref} to delete")
        git(["update-ref", "-d", ref] if target == ZERO else ["update-ref", ref, target], self.bare)
        return RefUpdate(ref, before, target)
