"""Fetches a build's source: the pinned commit from the local repository, or a zip file from S3."""

from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from localcloud.github.git_command import GitError, NoRepository, git
from localcloud.github.repository import repository_for


class SourceError(Exception):
    """The source or its version does not exist; the message is CodeBuild's."""


def require_kind(kind: str, location: str) -> None:
    """Refuse a location that is not of this kind of source. `kind`: GITHUB or GITHUB_ENTERPRISE."""
    host = urlsplit(location).hostname
    if kind != ("GITHUB" if host == "github.com" else "GITHUB_ENTERPRISE"):
        raise SourceError(f"a source of type {kind} cannot be at {host}")


def fetch(repositories: Path, location: str, version: str, directory: Path, *, submodules: bool = False) -> str:
    """Check `version` (a commit, branch or tag; empty for the default branch) out into `directory`; its full SHA."""
    try:
        bare = repository_for(repositories, location)
    except NoRepository as error:
        raise SourceError(f"repository not found for primary source and source version {version}") from error
    sha = _resolve(bare, version)
    try:
        git(["clone", "--quiet", "--no-checkout", str(bare), str(directory)], directory.parent)
        git(["remote", "set-url", "origin", location], directory)
        git(["checkout", "--quiet", "--detach", sha], directory)
        if submodules:
            _fetch_submodules(repositories, directory, urlsplit(location).netloc)
    except GitError as error:
        raise SourceError(str(error)) from error
    return sha


def fetch_archive(s3: Any, location: str, directory: Path) -> None:
    """Unpack the zip file at `bucket/key` into `directory`. Raises SourceError, as for a role that may not read it."""
    bucket, _, key = location.partition("/")
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            archive.extractall(directory)
    except (ClientError, zipfile.BadZipFile) as error:
        raise SourceError(f"error while downloading {location}: {error}") from error


def _fetch_submodules(repositories: Path, directory: Path, host: str) -> None:
    """Check the submodules out, from the local repositories instead of the GitHub at `host`."""
    settings = [f"url.{repositories}/.insteadOf={prefix}" for prefix in (f"https://{host}/", f"git@{host}:")]
    options = [word for each in [*settings, "protocol.file.allow=always"] for word in ("-c", each)]
    git([*options, "submodule", "--quiet", "update", "--init", "--recursive"], directory)


def _resolve(bare: Path, version: str) -> str:
    for candidate in [version, f"refs/heads/{version}", f"refs/tags/{version}"] if version else ["HEAD"]:
        with contextlib.suppress(GitError):
            command = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{candidate}^{{commit}}"]
            return git(command, bare).strip()
    raise SourceError(f"reference not found for primary source and source version {version}")
