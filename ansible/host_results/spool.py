"""The spool: a file of JSON lines that outlives Ansible, so that nothing known is lost when it is killed.

Lines, each with the ``run`` it belongs to (one per Ansible process):
    {"kind": "run", "context": {...}}                       Ansible started
    {"kind": "host", "host", "instance_id", "started_at"}   a host was met
    {"kind": "task", "host", "count": [...], "at", "task": {...} | null, "shortened"}
    {"kind": "result", "host", "detail": {...}}             the recap: all that is to be told of a host
    {"kind": "sent", "host"}                                its event was accepted
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .result import Counts, HostRecord, RunContext, TaskRecord, detail, to_json


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
class _Run:
    context: RunContext
    hosts: dict[str, HostRecord] = field(default_factory=dict)
    counted: dict[str, Counter[str]] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Unsent:
    """A host's result that no event has told yet."""

    run: str
    host: str
    detail: dict[str, Any]


def unsent(path: Path) -> list[Unsent]:
    """What the spool holds and nobody was told, results of runs that were cut short among it. No file means none."""
    return [
        Unsent(name, host, content)
        for name, run in _runs(path).items()
        for host, content in _details(run)
        if host not in run.sent
    ]


def _details(run: _Run) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from run.results.items()
    for host in run.hosts.keys() - run.results.keys():
        counts = Counts(**run.counted.get(host, Counter()))
        yield host, detail(run.context, run.hosts[host], counts, cut_short=True)


def _runs(path: Path) -> dict[str, _Run]:
    runs: dict[str, _Run] = {}
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


def _apply(runs: dict[str, _Run], line: dict[str, Any]) -> None:
    kind = line["kind"]
    if kind == "run":
        runs[line["run"]] = _Run(RunContext(**line["context"]))
        return
    run, host = runs[line["run"]], str(line["host"])
    if kind == "host":
        run.hosts[host] = HostRecord(host, line["instance_id"], line["started_at"], line["started_at"])
    elif kind == "task":
        record = run.hosts[host]
        record.ended_at = line["at"]
        record.shortened |= bool(line["shortened"])
        run.counted.setdefault(host, Counter()).update(line["count"])
        if line["task"]:
            record.tasks.append(TaskRecord(**line["task"]))
    elif kind == "result":
        run.results[host] = line["detail"]
    elif kind == "sent":
        run.sent.add(host)
