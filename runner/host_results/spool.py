"""The spool: a file of JSON lines, so that no result is lost when Ansible is killed.

The callback writes the results, and the sender writes which of them the bus accepted. Each line has its ``run`` (one
per Ansible process). Those of the callback have a ``line`` number, so that a line that could not be written is missed:
    {"kind": "run", "context": {...}}                       Ansible started
    {"kind": "play", "play", "hosts": [...], "batch": [...]}  a batch of a play's hosts starts
    {"kind": "cut_off", "hosts": [...]}                     hosts that Ansible removed from a play without a failure
    {"kind": "host", "host", "instance_id", "started_at"}   a host has started its first task
    {"kind": "task", "host", "count": [...], "at", "task": {...} | null, "shortened"}
    {"kind": "recap", "host", "counts": {...}}              Ansible's counts of a host
    {"kind": "end"}                                         Ansible finished its recap
    {"kind": "part", "host", "part", "final", "chunks", "detail"}  a part of a result; `chunks`: number in all parts
    {"kind": "sent", "host", "part"}                        the bus accepted its event
    {"kind": "ended", "detail": {...}}                      how Ansible ended
    {"kind": "ended_sent"}                                  the bus accepted that event
"""

import errno
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .result import Counts, HostRecord, RunContext, TaskRecord, to_json


class Spool:
    """Appends lines. Raises OSError when the file cannot be written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._is_torn = False  # the last line was written in part: the next one must not join it

    def append(self, run: str, kind: str, **content: Any) -> None:
        """Append one line. Only the owner can read the file."""
        data = (to_json({"run": run, "kind": kind, **content}) + "\n").encode()
        if self._descriptor is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if self._is_torn:
            data = b"\n" + data
        try:
            written = os.write(self._descriptor, data)
        except OSError:
            self._is_torn = True
            raise
        self._is_torn = written < len(data)
        if self._is_torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@dataclass
class SpooledHost:
    """The spool's content for one host of a run."""

    record: HostRecord
    counted: Counter[str] = field(default_factory=Counter)
    recap: Counts | None = None
    chunks_in_parts: int = 0
    parts: dict[int, dict[str, Any]] = field(default_factory=dict)
    sent: set[int] = field(default_factory=set)
    final: bool = False  # the last part is written

    @property
    def counts(self) -> Counts:
        """Ansible's counts if it finished its recap, else the counts until now."""
        return self.recap or Counts(**self.counted)


@dataclass
class SpooledRun:
    """The spool's content for one Ansible process."""

    context: RunContext
    hosts: dict[str, SpooledHost] = field(default_factory=dict)
    plays: dict[str, tuple[list[str], set[str]]] = field(default_factory=dict)  # all hosts, and those of its batches
    cut_off: list[str] = field(default_factory=list)
    complete: bool = False
    lines: set[int] = field(default_factory=set)  # numbers of the callback's lines
    ended: dict[str, Any] | None = None
    ended_sent: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether Ansible finished its recap, and every line of the callback is there."""
        return self.complete and len(self.lines) == max(self.lines, default=0)

    def host(self, name: str, at: str, instance_id: str | None = None) -> SpooledHost:
        """What is known of a host, even if the line with which it began is missing."""
        if name not in self.hosts:
            self.hosts[name] = SpooledHost(HostRecord(name, instance_id, at, at))
        return self.hosts[name]


def read(path: Path) -> dict[str, SpooledRun]:
    """The runs of a spool. Without a file, or if it cannot be read, there are none."""
    runs: dict[str, SpooledRun] = {}
    for line in _lines(path):
        try:
            _apply(runs, line)
        except (KeyError, TypeError, ValueError):
            continue  # A line that is damaged by a crash or the disk. The others are valid.
    return runs


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        content = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    # Not splitlines(): it also splits at characters that JSON does not escape, such as U+2028.
    for text in content.split("\n"):
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            yield line


def _apply(runs: dict[str, SpooledRun], line: dict[str, Any]) -> None:
    kind = line["kind"]
    if kind == "run":
        runs[line["run"]] = SpooledRun(RunContext(**line["context"]), lines={line.get("line", 1)})
        return
    run = runs[line["run"]]
    if kind in ("play", "cut_off", "end", "ended", "ended_sent"):
        _apply_to_run(run, kind, line)
    elif kind == "host":
        run.host(str(line["host"]), line["started_at"], line["instance_id"])
    else:
        _apply_to_host(run.host(str(line["host"]), str(line.get("at", ""))), kind, line)
    if "line" in line:
        run.lines.add(line["line"])


def _apply_to_run(run: SpooledRun, kind: str, line: dict[str, Any]) -> None:
    if kind == "play":
        _, batches = run.plays.setdefault(line["play"], (list(line["hosts"]), set()))
        batches.update(line["batch"])
    elif kind == "cut_off":
        run.cut_off += line["hosts"]
    elif kind == "end":
        run.complete = True
    elif kind == "ended":
        run.ended = line["detail"]
    else:
        run.ended_sent = True


def _apply_to_host(host: SpooledHost, kind: str, line: dict[str, Any]) -> None:
    if kind == "task":
        host.record.ended_at = line["at"]
        host.record.started_at = host.record.started_at or line["at"]
        host.record.shortened |= bool(line["shortened"])
        host.counted.update(line["count"])
        if line["task"]:
            host.record.tasks.append(TaskRecord(**line["task"]))
    elif kind == "recap":
        host.recap = Counts(**line["counts"])
    elif kind == "part":
        host.parts[line["part"]] = line["detail"]
        host.chunks_in_parts = line["chunks"]
        host.final |= bool(line["final"])
    elif kind == "sent":
        host.sent.add(line["part"])
