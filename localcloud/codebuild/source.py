"""Fetches a build's source: the pinned commit, from the local repository that stands for the one on GitHub."""

from __future__ import annotations

import subprocess
from pathlib import Path

from localcloud.git import NoRepository, git_environment, repository_for


class SourceError(Exception):
    """The source or the version cannot be had; the message is CodeBuild's."""


def fetch(repositories: Path, location: str, version: str, directory: Path) -> str:
    """Check `version` (a commit, branch or tag; empty for the default branch) out into `directory`; its full SHA."""
    try:
        bare = repository_for(repositories, location)
    except NoRepository as error:
        raise SourceError(f"repository not found for primary source and source version {version}") from error
    sha = _resolve(bare, version)
    _git(["clone", "--quiet", "--no-checkout", str(bare), str(directory)], directory.parent)
    _git(["remote", "set-url", "origin", location], directory)
    _git(["checkout", "--quiet", "--detach", sha], directory)
    return sha


def _resolve(bare: Path, version: str) -> str:
    for candidate in [version, f"refs/heads/{version}", f"refs/tags/{version}"] if version else ["HEAD"]:
        found = _run(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{candidate}^{{commit}}"], bare)
        if found.returncode == 0:
            return found.stdout.strip()
    raise SourceError(f"reference not found for primary source and source version {version}")


def _git(arguments: list[str], directory: Path) -> None:
    done = _run(arguments, directory)
    if done.returncode != 0:
        raise SourceError(f"git {arguments[0]}: {done.stderr.strip()}")


def _run(arguments: list[str], directory: Path) -> subprocess.CompletedProcess[str]:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=directory, env=git_environment(), capture_output=True, text=True, check=False)
