"""Where secrets are while a run lasts: in memory, and for Ansible's start in a file that the callback removes.

Vault passwords are in a file that exists only while the runner's process lives. Ansible does not read variables from
such a file, so they are in a file of /dev/shm, which is memory, too.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import yaml

from .directories import BUILD_DIRECTORY, RUNNER
from .secrets import Secrets

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - its directory has an owner and a mode


def keep(secrets: Secrets) -> dict[str, str]:
    """Keep the values for Ansible. Returns the environment that says where they are."""
    places = {}
    if secrets.passwords:
        places["POINTSMAN_VAULT"] = in_memory("vault", json.dumps(secrets.passwords))
    if secrets.variables:
        forget()
        directory().mkdir(mode=0o700)
        file = directory() / "variables.yml"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(as_variables(secrets.variables))
        places["POINTSMAN_SECRETS"] = str(file)
    return places


def forget() -> None:
    """Remove what is left, also of a runner that was killed."""
    shutil.rmtree(directory(), ignore_errors=True)


def directory() -> Path:
    """The directory of this build's secret variables."""
    if not os.access(_SHARED_MEMORY, os.W_OK):
        return BUILD_DIRECTORY / "secrets"
    return _SHARED_MEMORY / f"pointsman-{hashlib.sha256(str(RUNNER).encode()).hexdigest()[:16]}"


def in_memory(name: str, text: str) -> str:
    """The path of a file that exists only while this process lives, also if it is killed."""
    descriptor = os.memfd_create(f"pointsman-{name}")
    content = text.encode()
    while content:
        content = content[os.write(descriptor, content) :]
    return f"/proc/{os.getpid()}/fd/{descriptor}"


def as_variables(variables: Mapping[str, str]) -> str:
    """A variables file of Ansible. `!unsafe`: a value that contains braces is no template."""
    return "".join(f"{name}: !unsafe {_quoted(value)}\n" for name, value in variables.items())


def _quoted(value: str) -> str:
    # No folding: a line break in the text is written as \\n.
    return str(yaml.safe_dump(value, default_style='"', width=float("inf"))).strip()
