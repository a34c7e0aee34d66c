"""Runs Ansible as a child: its output goes on, its results are sent as they come, and it ends in time."""

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

from .words import Tail

TICK = 0.2
# Ansible ends its workers on SIGTERM; what does not end is killed.
SECONDS_TO_END = 20.0


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit status, or None and why it was ended, and the last it printed."""

    exit_status: int | None
    why: str
    errors: Tail
    output: Tail


@dataclass(frozen=True)
class Limits:
    """`until` is a time of ``time.time()``, `minutes` what it is in the build's own words; None for no limit."""

    until: float | None = None
    minutes: int = 0


class Supervisor:
    """Runs one command in a process group of its own, and calls `tick` every now and then."""

    def __init__(self, tick: Callable[[], None], every: float = 15.0) -> None:
        self._tick = tick
        self._every = every
        self._signal: int | None = None

    def run(self, command: Sequence[str], environ: Mapping[str, str], cwd: str, limits: Limits) -> Ended:
        """Run to the end. SIGTERM and SIGINT end the command first, and then this."""
        before = {each: signal.signal(each, self._note) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        try:
            child = subprocess.Popen(  # noqa: S603 - a list of checked arguments, and no shell
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

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signal = number

    def _watch(self, child: subprocess.Popen[bytes], limits: Limits) -> Ended:
        output, errors = Tail(), Tail()
        streams = ((child.stdout, sys.stdout, output), (child.stderr, sys.stderr, errors))
        pumps = [threading.Thread(target=_pump, args=stream, daemon=True) for stream in streams]
        for pump in pumps:
            pump.start()
        why = self._until_it_ends(child, limits)
        # Whatever Ansible left running in its group would hold the pipes open, and the build.
        _signal_group(child, signal.SIGKILL)
        for pump in pumps:
            pump.join(SECONDS_TO_END)
        return Ended(None if why else child.returncode, why, errors, output)

    def _until_it_ends(self, child: subprocess.Popen[bytes], limits: Limits) -> str:
        """Why the child was ended; empty when it ended by itself."""
        next_tick = time.monotonic() + self._every
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = child.wait(TICK)
                return "" if code >= 0 else f"Ansible was killed by signal {signal.Signals(-code).name}"
            if why := self._reason_to_end(limits):
                _end(child)
                return why
            if time.monotonic() >= next_tick:
                self._tick()
                next_tick = time.monotonic() + self._every

    def _reason_to_end(self, limits: Limits) -> str:
        if self._signal is not None:
            return f"the build was stopped ({signal.Signals(self._signal).name})"
        if limits.until is not None and time.time() >= limits.until:
            why = "a task hangs, or the run needs a longer BuildTimeoutMinutes"
            return f"Ansible was ended before the build's {limits.minutes} minutes were over: {why}"
        return ""


def _end(child: subprocess.Popen[bytes]) -> None:
    _signal_group(child, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(SECONDS_TO_END)
        return
    _signal_group(child, signal.SIGKILL)
    child.wait()


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def _pump(source: IO[bytes] | None, shown: IO[str], tail: Tail) -> None:
    """Pass on what Ansible prints, line by line, and keep the end of it."""
    if source is None:
        return
    with source:
        for raw in source:
            line = raw.decode("utf-8", "replace")
            tail.add(line)
            # Nobody may read the log any more: Ansible must not stop for that.
            with contextlib.suppress(OSError, ValueError):
                shown.write(line)
                shown.flush()
