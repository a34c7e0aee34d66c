"""The definition of the run image, with the team's own packages, as one zip file and its hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pointsmanctl.deployment.archive import zip_of
from pointsmanctl.deployment.settings import ImageSettings
from pointsmanctl.errors import InvalidInput

DEFINITION = "execution-environment.yml"
PROGRAM_FILES = ("build_image.py", "requirements.txt")  # what builds the image, beside its definition
TEAM_FILES = ("galaxy", "python", "system")  # as ansible-builder calls them
_TAG_LENGTH = 32


@dataclass(frozen=True)
class Definition:
    """Everything that the build of an image reads. The same tag is the same definition."""

    tag: str
    archive: bytes

    @property
    def key(self) -> str:
        """The name of its file in the artifacts bucket, without a prefix."""
        return f"run-image-{self.tag}.zip"


def read_definition(image: Path, settings: ImageSettings, beside: Path) -> Definition:
    """Read the definition in the directory `image`, with the team's files, whose paths are relative to `beside`.

    Raises InvalidInput with every file of the team's that cannot be used.
    """
    definition = yaml.safe_load((image / DEFINITION).read_text(encoding="utf-8"))
    own = [DEFINITION, *PROGRAM_FILES, *(each["src"] for each in definition["additional_build_files"])]
    files = {name: (image / name).read_bytes() for name in own}
    files |= _team_files(image, definition["dependencies"], settings, beside)
    paths = {str((image / name).resolve().relative_to(image.parent.resolve())): body for name, body in files.items()}
    return Definition(_tag(paths, settings), zip_of(sorted(paths.items())))


def _team_files(
    image: Path, dependencies: Mapping[str, str], settings: ImageSettings, beside: Path
) -> dict[str, bytes]:
    """Return the team's lists by the names that the definition has for them. Where the team has none, ours is empty."""
    files, problems = {}, []
    for kind in TEAM_FILES:
        named = getattr(settings, kind)
        try:
            body = (beside / named if named else image / dependencies[kind]).read_bytes()
            problem = _problem(kind, body)
        except OSError as error:
            body, problem = b"", f"{beside / named} cannot be read: {error.strerror}"
        files[dependencies[kind]] = body
        problems += [f"image.{kind}: {problem}"] if problem else []
    if problems:
        raise InvalidInput("pointsman.toml: " + "; ".join(problems))
    return files


def _problem(kind: str, body: bytes) -> str:
    """Return what is wrong with a list, as far as it shows before the image is built; empty if nothing is."""
    try:
        text = body.decode("utf-8")
        listed = yaml.safe_load(text) if kind == "galaxy" else {}
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        return f"the file cannot be read: {error}"
    if not isinstance(listed, dict | list):
        return "the file must have `roles` and `collections`, as requirements.yml of ansible-galaxy"
    lines = [line.strip() for line in text.splitlines()] if kind == "python" else []
    if any("--hash" in line or line.startswith(("-r", "-c", "--requirement", "--constraint")) for line in lines):
        return "ansible-builder reads neither hashes nor other files: list the packages with their versions alone"
    return ""


def _tag(files: Mapping[str, bytes], settings: ImageSettings) -> str:
    digests = {path: hashlib.sha256(body).hexdigest() for path, body in files.items()}
    what: list[Any] = [digests, settings.architecture, settings.revision]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:_TAG_LENGTH]
