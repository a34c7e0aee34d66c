"""The end of a build's container: every process of the build ends with it, in whatever session it is."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Final

_ROUNDS: Final = 10  # a process may start another while it is being looked for
_QUIET_ROUNDS: Final = 2  # one that is starting a program has no environment for a moment
_PAUSE_SECONDS: Final = 0.02


def kill_processes(build_id: str) -> None:
    """Kill every process with the build's id in its environment: Ansible's workers have sessions of their own."""
    quiet = 0
    for _ in range(_ROUNDS):
        processes = processes_of(build_id)
        for process in processes:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        quiet = 0 if processes else quiet + 1
        if quiet == _QUIET_ROUNDS:
            return
        time.sleep(_PAUSE_SECONDS)


def processes_of(build_id: str) -> list[int]:
    """The ids of a build's processes. One that has ended has no environment, even before its parent notices."""
    variable = f"CODEBUILD_BUILD_ID={build_id}".encode()
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if variable in (directory / "environ").read_bytes().split(b"\0"):
                found.append(int(directory.name))
    return found
