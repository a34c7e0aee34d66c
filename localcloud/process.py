"""Starts, finds and stops the server process of a local cloud."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import httpx

from localcloud.clients import write_profiles
from localcloud.errors import LocalCloudError, NotRunning
from localcloud.layout import CHECKOUT, Layout
from localcloud.record import CloudRecord
from localcloud.server import STAY
from localcloud.waiting import TIMEOUT_SECONDS, eventually, wait_until

_STOP_SECONDS: Final = 30.0


class ServerProcess:
    """The server process of one state directory."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._process: subprocess.Popen[bytes] | None = None
        self._record: CloudRecord | None = None

    @property
    def record(self) -> CloudRecord:
        """What `cloud.json` says; NotRunning before `start` or `attach`."""
        if self._record is None:
            raise NotRunning("this local cloud is not running: start it first")
        return self._record

    def update_record(self, **changes: Any) -> None:
        """Change fields of the record, in memory and in the file."""
        self._record = dataclasses.replace(self.record, **changes)
        self._record.save(self._layout.record)

    def attach(self) -> None:
        """Find the process that runs in the state directory; NotRunning when none does."""
        try:
            self._record = CloudRecord.load(self._layout.record)
        except FileNotFoundError:
            raise NotRunning(
                f"no local cloud is running in {self._layout.state}: start one with `pointsman local up`"
            ) from None
        if not self.alive():
            raise NotRunning(
                f"the local cloud in {self._layout.state} has stopped: start one with `pointsman local up`"
            )

    def clear_state(self) -> None:
        """Empty the state directory; LocalCloudError when a local cloud runs there."""
        other = ServerProcess(self._layout)
        with contextlib.suppress(NotRunning):
            other.attach()
            raise LocalCloudError(
                f"a local cloud is already running in {self._layout.state} (Slack: {other.record.slack_url}): "
                "stop it with `make down`"
            )
        self._layout.renew()

    def start(self, builds: int, minute: float) -> None:
        """Start the server and wait until it answers; LocalCloudError with the end of its log when it does not."""
        with self._layout.server_log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "localcloud.server", "--state", str(self._layout.state),
                 "--builds", str(builds), "--minute", str(minute)],
                cwd=CHECKOUT,
                stdin=subprocess.PIPE,  # closes when this process ends, even if it is killed
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        complaint = f"the local cloud did not start: see {self._layout.server_log}"
        try:
            wait_until(self._has_answered, TIMEOUT_SECONDS, complaint)
            write_profiles(self._layout.aws_config, self.record)
        except BaseException:
            self._process.kill()
            self._process.wait()
            self._close_pipe()
            raise

    def leave_running(self) -> None:
        """Keep the server running after this process ends."""
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.write(STAY)
        self._close_pipe()

    def stop(self) -> None:
        """Stop the server, its functions and builds, and wait until they have ended. Does nothing when none runs."""
        record = self._record
        if record is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(record.pid, signal.SIGTERM)
        if not eventually(lambda: not self.alive(), _STOP_SECONDS):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(record.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._close_pipe()
        self._layout.record.unlink(missing_ok=True)
        self._record = self._process = None

    def alive(self) -> bool:
        """Whether the process is running."""
        if self._process is not None:
            return self._process.poll() is None
        if self._record is None:
            return False
        try:
            os.kill(self._record.pid, 0)
        except ProcessLookupError:
            return False
        # Another process may have this number by now.
        return b"localcloud.server" in _command_line(self._record.pid)

    def _close_pipe(self) -> None:
        """Close the pipe by which the server notices that this process has ended."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

    def _has_answered(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            tail = "\n".join(self._layout.server_log.read_text(errors="replace").splitlines()[-15:])
            raise LocalCloudError(f"the local cloud did not start:\n{tail}")
        if not self._layout.record.exists():
            return False
        record = CloudRecord.load(self._layout.record)
        try:
            answered = httpx.get(f"{record.endpoint}/_ministack/health", timeout=2).is_success
        except httpx.TransportError:
            return False
        if answered:
            self._record = record
        return answered


def _command_line(pid: int) -> bytes:
    """The command line of a process; where the system has no /proc, one that is taken for the server."""
    path = Path(f"/proc/{pid}/cmdline")
    return path.read_bytes() if path.exists() else b"localcloud.server"
