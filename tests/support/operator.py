"""Somebody who uses the command in a directory of their own, with AWS profiles of the local cloud."""

import os
import subprocess
import sys
from pathlib import Path

from localcloud.cloud import LocalCloud

POINTSMAN = Path(sys.executable).with_name("pointsman")


SETTINGS = """
region = "us-east-1"
profile = "control"
[accounts.dev]
profile = "dev"
[accounts.prod]
profile = "prod"
"""


class Operator:
    """A directory with the operator's files, and nothing of this process's AWS environment."""

    def __init__(self, cloud: LocalCloud, directory: Path) -> None:
        self.directory = directory
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        config = str(cloud.layout.aws_config)
        self.environ = {**own, "AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}

    def run(self, *words: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run `pointsman`, with `text` as its standard input."""
        return subprocess.run(
            [str(POINTSMAN), *words],
            cwd=self.directory,
            env=self.environ,
            capture_output=True,
            text=True,
            input=text or "",
            timeout=600,
            check=False,
        )


def actions(output: str) -> dict[str, str]:
    """The action of each stack in a summary of `deploy`, which the answer of the checks follows."""
    summary = output.partition("WHERE ")[0]
    return {words[0]: words[2] for line in summary.splitlines()[1:] if len(words := line.split()) > 2}


class Settled(Operator):
    """Somebody with three AWS profiles, a routes file and a settings file."""

    def settings(self, more: str, first: str = "") -> None:
        (self.directory / "pointsman.toml").write_text(first + SETTINGS + more)
