"""How git is run: with no configuration of the machine or its user, and its complaint as an exception."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path


class GitError(Exception):
    """git refused; the message is what it said."""


class NoRepository(GitError):
    """No local repository stands for this one."""


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


def git(
    arguments: list[str],
    directory: Path,
    variables: Mapping[str, str] | None = None,
    stdin: str | bytes | None = None,
) -> str:
    """What git printed; bytes that are no UTF-8 become U+FFFD. GitError with what it said when it failed."""
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
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise GitError(f"git {arguments[0]}: {'; '.join(said.splitlines()) or 'failed'}")
    return done.stdout.decode("utf-8", "replace")
