"""Runs Ansible as a child process: forwards its output, sends its results during the run, and stops it in time."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import IO

from .failure_reason import Tail

TICK = 0.2
# Ansible stops its workers on SIGTERM. What has not ended by then is killed.
SECONDS_TO_END = 20.0


@dataclass(frozen=True)
class Exit:
    """How a child ended: its exit status, or None and why it was stopped, and its last output."""

    status: int | None
    stop_reason: str
    errors: Tail
    output: Tail


@dataclass(frozen=True)
class Limits:
    """`until` is a time of ``time.time()``, or None for no limit. `minutes` is the build's time-out."""

    until: float | None = None
    minutes: int = 0


class Supervisor:
    """Runs one command in its own process group, calls `tick` every `every` seconds, and masks each line."""

    def __init__(
        self, tick: Callable[[], None], every: float = 15.0, mask: Callable[[str], str] = lambda line: line
    ) -> None:
        self._tick = tick
        self._mask = mask
        self._every = every
        self._signal: int | None = None

    def run(self, command: Sequence[str], environ: Mapping[str, str], cwd: str, limits: Limits) -> Exit:
        """Run until the command ends. SIGTERM, SIGINT and SIGHUP stop the command first, then this process."""
        before = {
            each: signal.signal(each, self._keep_signal) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        }
        try:
            child = subprocess.Popen(  # noqa: S603 - checked arguments, no shell
                command,
                env=dict(environ),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            return self._watch(child, limits)
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _keep_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signal = number

    def _watch(self, child: subprocess.Popen[bytes], limits: Limits) -> Exit:
        output, errors = Tail(), Tail()
        streams = ((child.stdout, sys.stdout, output), (child.stderr, sys.stderr, errors))
        pumps = [threading.Thread(target=_pump, args=(*stream, self._mask), daemon=True) for stream in streams]
        for pump in pumps:
            pump.start()
        stop_reason = self._wait(child, limits)
        # A process that Ansible left running would keep the pipes open, and the build running.
        _signal_group(child, signal.SIGKILL)
        for pump in pumps:
            pump.join(SECONDS_TO_END)
        return Exit(None if stop_reason else child.returncode, stop_reason, errors, output)

    def _wait(self, child: subprocess.Popen[bytes], limits: Limits) -> str:
        """Wait for the child's end. Returns why it was stopped; empty when it ended by itself."""
        next_tick = time.monotonic() + self._every
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = child.wait(TICK)
                return "" if code >= 0 else f"Ansible was killed by signal {signal.Signals(-code).name}"
            if reason := self._reason_to_stop(limits):
                _stop(child)
                return reason
            if time.monotonic() >= next_tick:
                self._tick()
                next_tick = time.monotonic() + self._every

    def _reason_to_stop(self, limits: Limits) -> str:
        if self._signal is not None:
            return f"the build was stopped ({signal.Signals(self._signal).name})"
        if limits.until is not None and time.time() >= limits.until:
            advice = "Fix the task that hangs, or raise BuildTimeoutMinutes"
            return f"Ansible was stopped before the build's time-out of {limits.minutes} minutes. {advice}"
        return ""


def _stop(child: subprocess.Popen[bytes]) -> None:
    _signal_group(child, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(SECONDS_TO_END)
        return
    _signal_group(child, signal.SIGKILL)
    child.wait()


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def _pump(source: IO[bytes] | None, destination: IO[str], tail: Tail, mask: Callable[[str], str]) -> None:
    """Forward Ansible's output line by line, without known secrets, and keep its end."""
    if source is None:
        return
    with source:
        for raw in source:
            line = mask(raw.decode("utf-8", "replace"))
            tail.add(line)
            # The reader of the log may be gone. Ansible must not stop for that.
            with contextlib.suppress(OSError, ValueError):
                destination.write(line)
                destination.flush()
