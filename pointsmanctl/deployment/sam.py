"""Runs SAM CLI."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pointsmanctl.errors import DeploymentFailed

LINES_SHOWN = 25  # of the output of a failure
_FOREIGN = ("AWS_", "SAM_", "PYTHON")


def run_sam(arguments: Sequence[str], directory: Path, variables: Mapping[str, str]) -> None:
    """Run SAM CLI in a directory. Raises DeploymentFailed with the end of its output.

    It sees the user's environment, which may say where packages come from, without AWS, SAM and Python settings other
    than `variables`. The whole output stays in `<command>.log` of the directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / f"{arguments[0]}.log"
    with log.open("wb") as output:
        done = subprocess.run(  # noqa: S603 - no shell, and our own arguments
            [_sam(), *arguments],
            cwd=directory,
            env=_environment(directory, variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        tail = log.read_text(errors="replace").strip().splitlines()[-LINES_SHOWN:]
        raise DeploymentFailed(f"sam {arguments[0]} failed:\n" + "\n".join(tail))


def _sam() -> str:
    own = Path(sys.prefix) / "bin" / "sam"
    found = str(own) if own.exists() else shutil.which("sam")
    if not found:
        raise DeploymentFailed("SAM CLI is not installed: `uv tool install aws-sam-cli`")
    return found


def _environment(directory: Path, variables: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    places = [Path(sys.prefix) / "bin", Path(__file__).parents[2] / ".tools" / "bin"]
    return {
        **inherited,
        "PATH": os.pathsep.join([*map(str, places), os.environ.get("PATH", os.defpath)]),
        "VIRTUAL_ENV": sys.prefix,
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(directory / "sam-app"),
        **variables,
    }
