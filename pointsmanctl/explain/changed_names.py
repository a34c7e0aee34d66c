"""Reads changed files: from a list, one name per line or NUL-separated, or from a commit range of git."""

import codecs
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pointsmanctl.errors import InvalidInput

# The difference of two trees, independent of the diff settings of the user and the clone.
_DIFF = [
    *("-c", "diff.relative=false", "-c", "core.quotePath=false"),
    *(
        "diff-tree",
        "-r",
        "-z",
        "--name-only",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "--ignore-submodules=none",
    ),
]
_QUOTED = re.compile(rb'\\(?:([0-7]{3})|([abfnrtv"\\]))')
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_GITHUB = re.compile(
    r"(?:https://(?:[^@/]+@)?github\.com/|git@github\.com:|ssh://git@(?:ssh\.)?github\.com(?::\d+)?/)"
    r"([\w.-]+/[\w.-]+?)(?:\.git)?/?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class CommitRange:
    """A commit range: the names of the files that differ, and its end."""

    names: tuple[str, ...]
    branch: str | None  # at the end of the range: named in it, or checked out
    repository: str | None  # owner/name of `origin`, if it is on GitHub
    message: str  # of the newest commit


def names_in(content: bytes) -> tuple[str, ...]:
    """Return the names in `content`: NUL-separated if it has a NUL, else one per line, quoted as git does.

    Raises InvalidInput when it is not UTF-8.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\n\0" in content:
        raise InvalidInput("the file names are UTF-16: save them as UTF-8")
    content = content.removeprefix(codecs.BOM_UTF8)
    if b"\0" in content:
        parts = content.split(b"\0")
    else:
        parts = [_unquoted(line) for line in content.replace(b"\r\n", b"\n").split(b"\n")]
    try:
        return tuple(part.decode() for part in parts if part)
    except UnicodeDecodeError as error:
        raise InvalidInput("the file names are not UTF-8") from error


def _unquoted(line: bytes) -> bytes:
    """Return the name without the quotes of git: https://git-scm.com/docs/git-config (core.quotePath)."""
    if len(line) < 2 or not (line.startswith(b'"') and line.endswith(b'"')):
        return line
    return _QUOTED.sub(lambda match: _char(match[1], match[2]), line[1:-1])


def _char(octal: bytes | None, escape: bytes | None) -> bytes:
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    return _ESCAPES.get(escape or b"", escape or b"")


def read_range(text: str, directory: Path) -> CommitRange:
    """Return what differs in `A..B` (two trees), in `A...B` (B since it left A), or in one commit.

    Raises InvalidInput with git's message.
    """
    if text.startswith("-") or not text:
        raise InvalidInput(f"{text!r} is not a commit range: use A..B, A...B or one commit, such as HEAD~3..HEAD")
    old, dots, new = _ends(text, directory)
    base = _git(["merge-base", old, new], directory).strip() if dots == "..." else old
    return CommitRange(
        names=tuple(name for name in _git([*_DIFF, base, new], directory).split("\0") if name),
        branch=_branch(text.rpartition("..")[2].removeprefix("."), new, directory),
        repository=_repository(directory),
        message=_message(new, directory),
    )


def _ends(text: str, directory: Path) -> tuple[str, str, str]:
    old, dots, new = text.partition("..." if "..." in text else "..")
    if dots:
        return _commit(old or "HEAD", directory), dots, _commit(new or "HEAD", directory)
    commit = _commit(text, directory)
    parents = _git(["rev-list", "--parents", "--max-count=1", commit], directory).split()[1:]
    if not parents and _git(["rev-parse", "--is-shallow-repository"], directory).strip() == "true":
        raise InvalidInput(f"the history ends at {text!r}, because the clone is shallow: run `git fetch --unshallow`")
    return parents[0] if parents else _empty_tree(directory), "", commit


def _commit(revision: str, directory: Path) -> str:
    try:
        return _git(["rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}"], directory).strip()
    except InvalidInput as error:
        raise InvalidInput(f"{revision!r} is not a commit in this repository: {error}") from error


def _branch(end: str, commit: str, directory: Path) -> str | None:
    """Return the branch named `end`, or the current branch if `commit` is its newest commit."""
    if end and end != "HEAD" and _is_branch(end, directory):
        return end
    if _maybe(["rev-parse", "HEAD"], directory) != commit:
        return None
    ref = _maybe(["symbolic-ref", "--quiet", "HEAD"], directory)
    return ref.removeprefix("refs/heads/") if ref else None


def _is_branch(name: str, directory: Path) -> bool:
    try:
        _git(["show-ref", "--verify", "--quiet", f"refs/heads/{name}"], directory)
    except InvalidInput:
        return False
    return True


def _empty_tree(directory: Path) -> str:
    return _git(["hash-object", "-t", "tree", "--stdin"], directory).strip()


def _repository(directory: Path) -> str | None:
    """Return owner/name of `origin`: as configured, or as git rewrites it (url.<base>.insteadOf)."""
    for command in (["config", "--get", "remote.origin.url"], ["remote", "get-url", "origin"]):
        if match := _GITHUB.fullmatch(_maybe(command, directory) or ""):
            return match[1]
    return None


def _message(commit: str, directory: Path) -> str:
    """Return a commit's message as stored: `git log` could add signatures, notes and colours.

    It follows an empty line, and is UTF-8 unless a header says otherwise: https://git-scm.com/docs/git-commit-tree.
    """
    head, _, message = _git_bytes(["cat-file", "commit", commit], directory).partition(b"\n\n")
    encoding = next((line[9:] for line in head.split(b"\n") if line.startswith(b"encoding ")), b"utf-8")
    try:
        return message.decode(encoding.decode("ascii"), "replace").strip()
    except (LookupError, UnicodeDecodeError):
        return message.decode("utf-8", "replace").strip()


def _maybe(command: list[str], directory: Path) -> str | None:
    try:
        return _git(command, directory).strip() or None
    except InvalidInput:
        return None


def _git(command: list[str], directory: Path) -> str:
    return _git_bytes(command, directory).decode("utf-8", "replace")


def _git_bytes(command: list[str], directory: Path) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - arguments, never a shell
            ["git", *command],  # noqa: S607
            cwd=directory,
            env=os.environ | {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_OPTIONAL_LOCKS": "0"},  # GitHub ignores replace refs
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise InvalidInput("git is not installed") from error
    if done.returncode:
        messages = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise InvalidInput(f"git {command[0]}: {messages[0] if messages else 'failed'}")
    return done.stdout
