"""One shell that runs a build's commands in order and keeps their state, as buildspec 0.2 requires.

A command that ends the shell (`exit 3`) fails like any other. The next one gets a new shell, with the exported
variables and the directory of the last command that ended normally.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

# After this time a stopped build is killed.
_GRACE_SECONDS: Final = 2.0

# Read by the shell from its standard input, one line for each command. The command's own standard input is empty;
# descriptor 9 reaches the runner even if a command redirects the shell's output. POSIX only: sh may be dash.
_RUN: Final = (
    "{{ . {script}; }} </dev/null; __status=$?; "
    "{{ export -p; printf \"cd -- %s\\n\" \"'$(pwd | sed \"s/'/'\\\\\\\\''/g\")'\"; }} >{state} 2>/dev/null; "
    'printf "%s %s\\n" "{marker}" "$__status" >&9\n'
)


class ShellInterrupted(Exception):
    """`interrupt` has killed the shell during a command."""


class Shell:
    """Runs commands in `directory`; `write` receives each line of their output as it appears."""

    def __init__(
        self, program: str, environment: Mapping[str, str], directory: Path, scratch: Path, write: Callable[[str], None]
    ) -> None:
        self._program, self._environment, self._directory = program, dict(environment), directory
        self._scratch, self._write = scratch, write
        self._state = scratch / "state.sh"
        self._process: subprocess.Popen[bytes] | None = None
        self._interrupted = threading.Event()
        self._lock = threading.Lock()

    def run(self, command: str, variables: Mapping[str, str] | None = None) -> int:
        """Run one command, with `variables` exported first; its exit status. ShellInterrupted when it was killed."""
        process = self._ensure()
        marker = f"--{secrets.token_hex(16)}--"
        script = self._scratch / "command.sh"
        exports = "".join(f"export {name}={quote(value)}\n" for name, value in (variables or {}).items())
        script.write_text(f"{exports}{command}\n")
        status = None
        try:
            line = _RUN.format(script=quote(str(script)), state=quote(str(self._state)), marker=marker)
            _send(process, line)
            status = self._read_until(process, marker)
        except BrokenPipeError:
            pass
        if self._interrupted.is_set():
            raise ShellInterrupted
        return status if status is not None else self._reap(process)

    def variable(self, name: str) -> str | None:
        """The value of an exported variable after the last finished command."""
        if not self._state.exists() or not name.isidentifier():
            return None
        script = f'. {quote(str(self._state))} 2>/dev/null; printf "%s" "${{{name}-}}"'
        output = subprocess.run([self._program, "-c", script], env={}, capture_output=True, check=False)
        return output.stdout.decode("utf-8", "replace")

    def interrupt(self) -> None:
        """Kill the running command and all its processes; callable from any thread, also before the first command."""
        with self._lock:
            self._interrupted.set()
            process = self._process
        if process is not None:
            _kill_group(process)

    def close(self) -> None:
        """End the shell and all background processes."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            _dispose(process)

    def _ensure(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._interrupted.is_set():
                raise ShellInterrupted
            if self._process is not None and self._process.poll() is not None:
                _dispose(self._process)
                self._process = None
            if self._process is None:
                self._process = self._start()
            return self._process

    def _start(self) -> subprocess.Popen[bytes]:
        resume = f". {quote(str(self._state))} 2>/dev/null; " if self._state.exists() else ""
        # The shell reads its commands from a pipe; descriptor 9 is for their exit status.
        process = subprocess.Popen(
            [self._program, "-s"],
            cwd=self._directory,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _send(process, f"exec 9>&1; {resume}\n")
        return process

    def _read_until(self, process: subprocess.Popen[bytes], marker: str) -> int | None:
        """Pass the output on until the command ends; None when the shell ended."""
        for raw in process.stdout or ():
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            before, is_end, status = line.partition(marker)
            if not is_end:
                self._write(line)
                continue
            if before:
                self._write(before)
            return int(status)
        return None

    def _reap(self, process: subprocess.Popen[bytes]) -> int:
        status = process.wait()
        # Killed by a signal: shells report 128 + its number.
        return status if status >= 0 else 128 - status


def quote(value: str) -> str:
    """Quote a value as one word of a POSIX shell."""
    return "'" + value.replace("'", "'\\''") + "'"


def _send(process: subprocess.Popen[bytes], line: str) -> None:
    if process.stdin is None:
        raise RuntimeError("the shell has no standard input")
    process.stdin.write(line.encode())
    process.stdin.flush()


def _dispose(process: subprocess.Popen[bytes]) -> None:
    """Kill the shell's process group and close its pipes."""
    _signal_group(process, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            # Nobody reads the remaining input any more.
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    _signal_group(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_SECONDS)
    _signal_group(process, signal.SIGKILL)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
