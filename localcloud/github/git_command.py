"""Runs git without the configuration of the machine and its user; errors are exceptions."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path


class GitError(Exception):
    """git failed; the message is its output."""


class NoRepository(GitError):
    """There is no local repository of this name."""


def git_environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for git, without the configuration of the machine and its user."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
        **(variables or {}),
    }


def git(
    arguments: list[str],
    directory: Path,
    variables: Mapping[str, str] | None = None,
    stdin: str | bytes | None = None,
) -> str:
    """The output of git; bytes that are not UTF-8 become U+FFFD. GitError with its error output when it fails."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=directory,
        env=git_environment(variables),
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        complaint = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise GitError(f"git {arguments[0]}: {'; '.join(complaint.splitlines()) or 'failed'}")
    return done.stdout.decode("utf-8", "replace")
