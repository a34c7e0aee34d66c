"""The Python of Lambda: installs packages for it, and compiles for it, on any machine with any supported Python."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pointsmanctl.errors import DeploymentFailed

# Lambda's Python runs on Amazon Linux 2023 (glibc 2.34), so packages for glibc 2.28 are taken.
_PLATFORMS = {
    "arm64": "aarch64-manylinux_2_28",
    "aarch64": "aarch64-manylinux_2_28",  # as `uname -m` calls it
    "x86_64": "x86_64-manylinux_2_28",
}
_LINES_SHOWN = 25  # of the output of a failure
_LEFT_BY_INSTALLERS = ("bin", ".lock", "*.dist-info/INSTALLER", "*.dist-info/RECORD")


@dataclass(frozen=True)
class PythonRuntime:
    """One version of Python, such as "3.13". Bytecode is valid for this one only."""

    version: str

    def install(self, requirements: Path, packages: Path, architecture: str) -> None:
        """Install pinned packages for Lambda into a directory: only files whose hash is pinned, nothing is compiled.

        Raises DeploymentFailed.
        """
        if architecture not in _PLATFORMS:
            raise DeploymentFailed(f"POINTSMAN_ARCHITECTURE is {architecture}; it must be arm64 or x86_64")
        command = [
            *(_uv(), "pip", "install", "--quiet", "--no-config", "--python", self._interpreter),
            *("--python-version", self.version, "--python-platform", _PLATFORMS[architecture]),
            *("--only-binary", ":all:", "--no-deps", "--require-hashes"),
            *("--target", str(packages), "--requirement", str(requirements)),
        ]
        _run(command, f"the packages of {requirements} cannot be installed")
        for pattern in _LEFT_BY_INSTALLERS:  # nothing imports them
            for path in packages.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def compile(self, directory: Path, artifact: Path, in_lambda: str) -> None:
        """Add bytecode to every module of `directory`; its code names the paths that it has in Lambda.

        A function without bytecode takes more than twice as long to start. The hash makes it independent of time
        stamps, which zip files do not keep. Raises DeploymentFailed.
        """
        command = [
            *(self._interpreter, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"),
            *("-s", str(artifact), "-p", in_lambda, str(directory)),
        ]
        _run(command, f"{directory} cannot be compiled")

    @cached_property
    def _interpreter(self) -> str:
        if self.version == f"{sys.version_info.major}.{sys.version_info.minor}":
            return sys.executable
        find = [_uv(), "python", "find", "--no-project", "--no-config", self.version]
        try:
            return _run(find, "").strip()
        except DeploymentFailed:  # none, or one that does not start, such as that of a pyenv that does not select it
            reason = (
                f"functions are compiled for Python {self.version}, which is not on PATH and cannot be downloaded; "
                "install it, and put it on PATH"
            )
            _run([_uv(), "python", "install", self.version], reason)
            return _run([*find, "--managed-python"], reason).strip()


def _uv() -> str:
    from uv import find_uv_bin

    return find_uv_bin()


def _run(command: Sequence[str], problem: str) -> str:
    """Run a program with the user's environment, which may say where packages come from. Returns its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if done.returncode != 0:
        tail = (done.stdout + done.stderr).strip().splitlines()[-_LINES_SHOWN:]
        raise DeploymentFailed(f"{problem}:\n" + "\n".join(tail))
    return done.stdout
