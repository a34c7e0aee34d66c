"""Installs what a team's repository requires: roles and collections from Galaxy or Git, and Python packages.

Everything is installed into the build's own directories, beside the runner's Ansible. What is not installed is named.
"""

import hashlib
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .directories import BUILD_DIRECTORY, RUNNER

GALAXY_FILES = ("requirements.yml", "roles/requirements.yml", "collections/requirements.yml")
PYTHON_FILES = ("requirements.txt",)
UNUSED_SECONDS = 30 * 86400.0
# An exact version of Galaxy's, or a commit. A branch or a range may mean something else tomorrow.
_PINNED = re.compile(r"v?\d+(\.\d+)+([-+.][\w.-]+)?|[0-9a-f]{40}")
_OURS = re.compile(r"(ansible|ansible[-_.]core|ansible[-_.]base)\b(?![-_.\w])", re.IGNORECASE)

type Run = Callable[[Sequence[str], Mapping[str, str]], bool]
"""Runs a command in the project with more variables. False if it failed."""


@dataclass(frozen=True)
class Installed:
    """What was installed for a run: roles and collections, and Python packages."""

    galaxy: Path | None = None
    python: Path | None = None


def install(project: Path, named: Sequence[str] | None, environ: Mapping[str, str], run: Run) -> Installed | None:
    """Install the named files, or those in the usual places. None if a command failed."""
    files = (
        list(named)
        if named is not None
        else [each for each in (*GALAXY_FILES, *PYTHON_FILES) if (project / each).is_file()]
    )
    galaxy = [each for each in files if not (each.endswith(".txt") or _is_empty(project, each))]
    python = [each for each in files if each.endswith(".txt")]
    roles = _install_galaxy(project, galaxy, environ, run) if galaxy else None
    packages = _install_python(project, python, run) if python else None
    if (galaxy and roles is None) or (python and packages is None):
        return None
    return Installed(roles, packages)


def _install_galaxy(project: Path, files: Sequence[str], environ: Mapping[str, str], run: Run) -> Path | None:
    """Install roles and collections with ansible-galaxy, or take them from the cache."""
    cached = _cached_directory(project, files, environ)
    if cached and cached.is_dir():
        print(f"run-playbook: roles and collections are in the cache ({cached})", flush=True)
        cached.touch()
        return cached
    directory = BUILD_DIRECTORY / "galaxy"
    shutil.rmtree(directory, ignore_errors=True)
    for name in ("roles", "collections"):
        (directory / name).mkdir(parents=True)
    places = {
        "ANSIBLE_ROLES_PATH": str(directory / "roles"),
        "ANSIBLE_COLLECTIONS_PATH": str(directory / "collections"),
    }
    for file in files:
        if not run(["ansible-galaxy", "install", f"--role-file={file}"], places):
            return None
    if cached:
        _keep(directory, cached)
    return directory


def _cached_directory(project: Path, files: Sequence[str], environ: Mapping[str, str]) -> Path | None:
    """The cache's directory for files that always mean the same, or None."""
    cache = environ.get("POINTSMAN_CACHE")
    contents = [(project / file).read_bytes() for file in files]
    if not cache or not all(map(_is_pinned, contents)):
        return None
    return Path(cache) / "galaxy" / hashlib.sha256(b"\0".join(contents)).hexdigest()[:32]


def _keep(directory: Path, cached: Path) -> None:
    """Copy what was installed to the cache in one step, and remove what was not used for a month."""
    unfinished = cached.with_name(f"{cached.name}.{os.getpid()}")
    shutil.copytree(directory, unfinished, symlinks=True)
    try:
        unfinished.rename(cached)
    except OSError:  # Another build has put it there.
        shutil.rmtree(unfinished)
    for other in cached.parent.iterdir():
        if time.time() - other.stat().st_mtime > UNUSED_SECONDS:
            shutil.rmtree(other)


def _is_empty(project: Path, file: str) -> bool:
    """Whether a requirements file has no content yet, such as comments alone: ansible-galaxy would fail."""
    try:
        is_empty = yaml.safe_load((project / file).read_bytes()) is None
    except yaml.YAMLError:
        return False
    if is_empty:
        print(f"run-playbook: {file} is empty: nothing of it is installed", flush=True)
    return is_empty


def _is_pinned(content: bytes) -> bool:
    """Whether every role and collection of a requirements file has an exact version, and none is a local file."""
    try:
        parsed = yaml.safe_load(content)
    except yaml.YAMLError:
        return False
    entries: list[Any] = parsed if isinstance(parsed, list) else []
    if isinstance(parsed, dict):
        entries = [each for key in ("roles", "collections") for each in parsed.get(key) or []]
    return all(isinstance(each, dict) and _has_version(each) for each in entries)


def _has_version(entry: Mapping[str, Any]) -> bool:
    source = str(entry.get("src") or entry.get("source") or entry.get("name") or "")
    is_local = source.startswith((".", "/", "file:")) or "include" in entry
    return not is_local and bool(_PINNED.fullmatch(str(entry.get("version") or "")))


def _install_python(project: Path, files: Sequence[str], run: Run) -> Path | None:
    """Install Python packages beside the runner's, whose versions stay as they are."""
    directory = BUILD_DIRECTORY / "python"
    shutil.rmtree(directory, ignore_errors=True)
    for file in files:
        # pip decodes it. Here, a comment in another encoding must stay as it is.
        text, ours = without_ansible((project / file).read_text(encoding="utf-8-sig", errors="surrogateescape"))
        for line in ours:
            print(f"run-playbook: {file}: {line!r} is not installed, since Ansible comes with Pointsman", flush=True)
        if not run(_pip(directory, file, text, project), {}):
            return None
    return directory


def without_ansible(text: str) -> tuple[str, list[str]]:
    """A requirements file without its lines for Ansible itself, and these lines."""
    lines = re.sub(r"\\\n", " ", text).splitlines()
    ours = [line.strip() for line in lines if _OURS.match(line.strip())]
    return "\n".join(line for line in lines if not _OURS.match(line.strip())) + "\n", ours


def _pip(directory: Path, file: str, text: str, project: Path) -> list[str]:
    # pip resolves `-r other.txt` relative to the file, so the changed file stands beside the original's others.
    changed = BUILD_DIRECTORY / "requirements.txt"
    changed.write_text(
        re.sub(r"(?m)^(-[rc]|--requirement|--constraint)[ =]+(?=[^/\s])", rf"\1 {(project / file).parent}/", text),
        encoding="utf-8",
        errors="surrogateescape",
    )
    command = [sys._base_executable, "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]  # type: ignore[attr-defined]  # noqa: SLF001
    command += ["--root-user-action=ignore", f"--target={directory}", f"--requirement={changed}"]
    # pip refuses constraints without hashes beside requirements that have them.
    return command if "--hash" in text else [*command, f"--constraint={_constraints()}"]


def _constraints() -> Path:
    """The versions of the runner's own packages."""
    pins = re.findall(r"(?m)^([\w.-]+==[\w.+!-]+)", (RUNNER / "requirements.txt").read_text(encoding="utf-8"))
    file = BUILD_DIRECTORY / "constraints.txt"
    file.write_text("".join(f"{pin}\n" for pin in pins), encoding="utf-8")
    return file


def environment_for(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the commands that install."""
    cache = environ.get("POINTSMAN_CACHE")
    path = f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', os.defpath)}"
    home = {"ANSIBLE_HOME": str(BUILD_DIRECTORY / "home"), "PATH": path, "LANG": "C.UTF-8"}
    caches = {"PIP_CACHE_DIR": f"{cache}/pip", "ANSIBLE_GALAXY_CACHE_DIR": f"{cache}/galaxy-answers"} if cache else {}
    return {**environ, **home, **caches}
