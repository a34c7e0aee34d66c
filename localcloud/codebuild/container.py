"""The end of a build's container: every process of the build ends with it, in whatever session it is."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import Final

_ROUNDS: Final = 10  # a process may start another while it is being looked for


def kill_processes(build_id: str) -> None:
    """Kill every process with the build's id in its environment: Ansible's workers have sessions of their own."""
    for _ in range(_ROUNDS):
        processes = processes_of(build_id)
        for process in processes:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        if not processes:
            return


def processes_of(build_id: str) -> list[int]:
    """The ids of a build's processes. One that has ended has no environment, even before its parent notices."""
    variable = f"CODEBUILD_BUILD_ID={build_id}".encode()
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if variable in (directory / "environ").read_bytes().split(b"\0"):
                found.append(int(directory.name))
    return found
