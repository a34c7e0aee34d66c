"""Gathers what happens on each host as a run goes on. Knows nothing of Ansible's classes: the callback translates."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from . import messages
from .redact import Redactor, Strictness
from .result import Counts, HostRecord, RunContext, TaskRecord, TaskStatus, detail
from .spool import Spool, Unsent
from .text import clean


@dataclass(frozen=True)
class Outcome:
    """One task's result on one host, as Ansible tells it."""

    kind: Literal["ok", "failed", "skipped", "unreachable"]
    name: str
    role: str | None
    path: str
    action: str
    result: Mapping[str, Any]
    ignored: bool = False
    # Set by no_log: nothing of the result may be told.
    secret: bool = False


class Recorder:
    """One Ansible process's record. A spool that cannot be written costs the spool alone: ``spool_fault`` says why."""

    def __init__(self, spool: Spool, context: RunContext, root: Path, redactor: Redactor) -> None:
        self.run = uuid.uuid4().hex
        self.context = context
        self.spool_fault: str | None = None
        self._spool = spool
        self._root = root
        self._redactor = redactor
        self._hosts: dict[str, HostRecord] = {}
        self._started: dict[tuple[str, str], float] = {}
        self._append("run", context=asdict(context))

    def knows(self, host: str) -> bool:
        """Whether this host was met."""
        return host in self._hosts

    def meet(self, host: str, instance_id: object = None) -> None:
        """Note a host, once."""
        if not self.knows(host):
            record = HostRecord(host, clean(instance_id) if instance_id else None, _now(), _now())
            self._hosts[host] = record
            self._append("host", host=host, instance_id=record.instance_id, started_at=record.started_at)

    def start(self, host: str, task: str) -> None:
        """Note that a task (by an id of any kind) starts on a host."""
        self._started[host, task] = time.monotonic()

    def end(self, host: str, task: str, outcome: Outcome) -> None:
        """Note how a task ended on a host."""
        self.meet(host)
        record = self._hosts[host]
        started = self._started.pop((host, task), None)
        seconds = round(time.monotonic() - started, 3) if started is not None else 0.0
        told = self._told(outcome, seconds)
        record.ended_at = _now()
        shortened = False
        if told:
            told, shortened = told.fitted()
            record.tasks.append(told)
            record.shortened |= shortened
        self._append(
            "task",
            host=host,
            count=_count(outcome),
            at=record.ended_at,
            task=asdict(told) if told else None,
            shortened=shortened,
        )

    def finish(self, recap: Mapping[str, Counts]) -> list[Unsent]:
        """The results of all hosts, by Ansible's own recap: to be sent, and in the spool until they are."""
        results = []
        for host, counts in recap.items():
            self.meet(host)
            content = detail(self.context, self._hosts[host], counts)
            self._append("result", host=host, detail=content)
            results.append(Unsent(self.run, host, content))
        return results

    def _told(self, outcome: Outcome, seconds: float) -> TaskRecord | None:
        status = _status(outcome)
        if status is None:
            return None
        return TaskRecord(
            name=self._redactor.redact(clean(outcome.name), Strictness.TITLE),
            role=outcome.role,
            path=self._relative(outcome.path),
            action=clean(outcome.action),
            status=status,
            message=None if outcome.secret else messages.render(outcome.result, status, self._redactor),
            diff=None if outcome.secret else messages.render_diffs(outcome.result, self._redactor),
            duration_seconds=seconds,
            ignored=outcome.ignored,
        )

    def _relative(self, path: str) -> str:
        """A task's ``file:line`` below the playbook's directory; of a file elsewhere, its last three parts."""
        if not path:
            return ""
        try:
            return Path(path).relative_to(self._root).as_posix()
        except ValueError:
            return "/".join(Path(path).parts[-3:])

    def _append(self, kind: str, **content: Any) -> None:
        try:
            self._spool.append(self.run, kind, **content)
        except OSError as error:
            self.spool_fault = f"{self._spool.path}: {error.strerror}"


def _status(outcome: Outcome) -> TaskStatus | None:
    if outcome.kind in ("failed", "unreachable"):
        return outcome.kind
    return "changed" if outcome.kind == "ok" and outcome.result.get("changed") else None


def _count(outcome: Outcome) -> dict[str, int]:
    """What Ansible adds to its recap for such a result."""
    changed = {"changed": 1} if outcome.result.get("changed") and outcome.kind in ("ok", "failed") else {}
    match outcome.kind, outcome.ignored:
        case "failed", True:
            return {"ok": 1, "ignored": 1, **changed}
        case "unreachable", True:
            return {"skipped": 1, "ignored": 1}
        case "ok", _:
            return {"ok": 1, **changed}
        case kind, _:
            return {kind: 1}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
