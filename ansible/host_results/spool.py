"""The spool: a file of JSON lines that outlives Ansible, so that nothing known is lost when it is killed.

The callback writes what happens, and whoever sends results writes what became of them. Lines, each with the ``run`` it
belongs to (one per Ansible process):
    {"kind": "run", "context": {...}}                       Ansible started
    {"kind": "play", "play", "hosts": [...], "batch": [...]}  a batch of a play's hosts is next
    {"kind": "cut_off", "hosts": [...]}                     hosts that Ansible took out of a play, for another's fault
    {"kind": "host", "host", "instance_id", "started_at"}   a host was met
    {"kind": "task", "host", "count": [...], "at", "task": {...} | null, "shortened"}
    {"kind": "recap", "host", "counts": {...}}              Ansible's own counts of a host
    {"kind": "end"}                                         Ansible came to its recap
    {"kind": "part", "host", "part", "final", "tasks", "detail"}   a part of a result; `tasks`: how many are told by now
    {"kind": "sent", "host", "part"}                        its event was accepted
    {"kind": "ended", "detail": {...}}                      how Ansible ended, to be sent
    {"kind": "ended_sent"}                                  that event was accepted
"""

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

    def append(self, run: str, kind: str, **content: Any) -> None:
        """Write one line, whole, for the file's owner alone."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = (to_json({"run": run, "kind": kind, **content}) + "\n").encode()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)


@dataclass
class HostState:
    """What the spool holds of one host of a run."""

    record: HostRecord
    counted: Counter[str] = field(default_factory=Counter)
    recap: Counts | None = None
    told: int = 0  # tasks that a part has
    parts: dict[int, dict[str, Any]] = field(default_factory=dict)
    sent: set[int] = field(default_factory=set)
    final: bool = False  # its last part is written

    @property
    def counts(self) -> Counts:
        """Ansible's own counts where it came to them, else what was counted so far."""
        return self.recap or Counts(**self.counted)


@dataclass
class RunState:
    """What the spool holds of one Ansible process."""

    context: RunContext
    hosts: dict[str, HostState] = field(default_factory=dict)
    plays: dict[str, tuple[list[str], set[str]]] = field(default_factory=dict)  # every host, those of its batches
    cut_off: list[str] = field(default_factory=list)
    complete: bool = False
    ended: dict[str, Any] | None = None
    ended_sent: bool = False


def read(path: Path) -> dict[str, RunState]:
    """The runs that a spool holds. No file means none."""
    runs: dict[str, RunState] = {}
    for line in _lines(path):
        try:
            _apply(runs, line)
        except (KeyError, TypeError, ValueError):
            continue  # A line that the disk or a crash spoilt: the others still count.
    return runs


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    # Not splitlines(): it also splits at characters that JSON leaves as they are, such as U+2028.
    for text in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            yield line


def _apply(runs: dict[str, RunState], line: dict[str, Any]) -> None:
    kind = line["kind"]
    if kind == "run":
        runs[line["run"]] = RunState(RunContext(**line["context"]))
        return
    run = runs[line["run"]]
    if kind in ("play", "cut_off", "end", "ended", "ended_sent"):
        _apply_to_run(run, kind, line)
    elif kind == "host":
        host = str(line["host"])
        run.hosts[host] = HostState(HostRecord(host, line["instance_id"], line["started_at"], line["started_at"]))
    else:
        _apply_to_host(run.hosts[str(line["host"])], kind, line)


def _apply_to_run(run: RunState, kind: str, line: dict[str, Any]) -> None:
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


def _apply_to_host(host: HostState, kind: str, line: dict[str, Any]) -> None:
    if kind == "task":
        host.record.ended_at = line["at"]
        host.record.shortened |= bool(line["shortened"])
        host.counted.update(line["count"])
        if line["task"]:
            host.record.tasks.append(TaskRecord(**line["task"]))
    elif kind == "recap":
        host.recap = Counts(**line["counts"])
    elif kind == "part":
        host.parts[line["part"]] = line["detail"]
        host.told = line["tasks"]
        host.final |= bool(line["final"])
    elif kind == "sent":
        host.sent.add(line["part"])
