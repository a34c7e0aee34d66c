"""Runs SAM CLI without access to a real AWS account."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from localcloud.errors import DeploymentError
from localcloud.layout import CHECKOUT, Layout


def sam(arguments: list[str], layout: Layout, variables: Mapping[str, str], directory: Path) -> None:
    """Run SAM CLI; DeploymentError with the end of its output."""
    directory.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [str(Path(sys.prefix) / "bin" / "sam"), *arguments],
        cwd=directory,
        env=_environment(layout, variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    log = layout.sam / f"{arguments[0]}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"{done.stdout}\n{done.stderr}")
    if done.returncode != 0:
        tail = "\n".join(f"{done.stdout}\n{done.stderr}".strip().splitlines()[-25:])
        raise DeploymentError(f"sam {arguments[0]} failed (full log: {log}):\n{tail}")


def _environment(layout: Layout, variables: Mapping[str, str]) -> dict[str, str]:
    """The user's environment, which may say where packages come from, without its AWS, SAM and Python settings."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_", "PYTHON"))}
    return {
        **own,
        "PATH": os.pathsep.join(
            [str(Path(sys.prefix) / "bin"), str(CHECKOUT / ".tools" / "bin"), os.environ.get("PATH", os.defpath)]
        ),
        "TMPDIR": str(layout.tmp),
        "VIRTUAL_ENV": sys.prefix,
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(layout.sam / "app"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **variables,
    }
