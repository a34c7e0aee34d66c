"""Records the results on each host during a run. It does not use Ansible's classes: the callback translates them."""

import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from redaction import Redactor, Strictness

from . import messages
from .changed_paths import changed_paths
from .result import Counts, HostRecord, RunContext, TaskRecord, TaskStatus
from .spool import Spool
from .text import clean, now

type ResultKind = Literal["ok", "failed", "skipped", "unreachable"]


@dataclass(frozen=True)
class ItemResult:
    """The result of a whole task, or of one item of its loop."""

    kind: ResultKind
    result: Mapping[str, Any]
    # Set by no_log: nothing of the result may be recorded.
    secret: bool = False
    # The host on which it ran, if that is not the inventory host.
    delegated_to: str | None = None

    @property
    def changed(self) -> bool:
        """Whether it changed the host on which it ran."""
        return self.kind == "ok" and bool(self.result.get("changed"))


@dataclass(frozen=True)
class TaskOutcome:
    """The outcome of a task for one inventory host, as Ansible reports it. A task without a loop has one item."""

    kind: ResultKind
    name: str
    role: str | None
    path: str
    action: str
    items: Sequence[ItemResult]
    message: str | None = None  # of the loop as a whole
    ignored: bool = False
    rescued: bool = False
    changed: bool = False  # as Ansible counts it

    def hidden(self) -> "TaskOutcome":
        """The same outcome with all of its results secret."""
        return replace(self, items=[replace(item, secret=True) for item in self.items])


class Recorder:
    """Records one Ansible process. If the spool cannot be written, ``spool_error`` says why, and the play continues."""

    def __init__(self, spool: Spool, context: RunContext, root: Path, redactor: Redactor) -> None:
        self.run = uuid.uuid4().hex
        self.context = context
        self.spool_error: str | None = None
        self._spool = spool
        self._root = root
        self._redactor = redactor
        self._hosts: dict[str, HostRecord] = {}
        self._started: dict[tuple[str, str], float] = {}
        # Ansible counts a delegated task for the inventory host. These move each count to the host that was changed.
        self._delegated_changes: Counter[str] = Counter()  # by inventory host
        self._changes_for_others: dict[str, Counter[str]] = {}  # by the host that was changed
        self._append("run", context=asdict(context))

    def has_host(self, host: str) -> bool:
        """Whether this host is recorded."""
        return host in self._hosts

    def add_host(self, host: str, instance_id: object = None) -> None:
        """Record a host, once."""
        if not self.has_host(host):
            record = HostRecord(host, clean(instance_id) if instance_id else None, now(), now())
            self._hosts[host] = record
            self._append("host", host=host, instance_id=record.instance_id, started_at=record.started_at)

    def play(self, play: str, hosts: Iterable[str], batch: Iterable[str]) -> None:
        """Record that a play (by an id) starts a batch of its hosts."""
        self._append("play", play=play, hosts=list(hosts), batch=list(batch))

    def cut_off(self, hosts: Iterable[str]) -> None:
        """Record hosts that Ansible removed from a play though nothing failed on them."""
        if names := list(hosts):
            self._append("cut_off", hosts=names)

    def start(self, host: str, task: str) -> None:
        """Record that a task (by any id) starts on a host."""
        self._started[host, task] = time.monotonic()

    def end(self, host: str, task: str, outcome: TaskOutcome) -> None:
        """Record the outcome of a task on its host, and on each host to which it was delegated."""
        started = self._started.pop((host, task), None)
        seconds = round(time.monotonic() - started, 3) if started is not None else 0.0
        self._end_on_host(host, outcome, seconds)
        for delegate in dict.fromkeys(item.delegated_to for item in outcome.items if item.delegated_to):
            changed = [item for item in outcome.items if item.delegated_to == delegate and item.changed]
            if changed:
                self._changes_for_others.setdefault(delegate, Counter()).update(ok=1, changed=1)
                record = self._task_record(outcome, changed, "changed", seconds, on_behalf_of=host)
                self._append_task(delegate, record, {"ok": 1, "changed": 1})

    def finish(self, recap: Mapping[str, Counts]) -> None:
        """Record Ansible's recap: the counts of each host, with each change on the host that was changed."""
        for host, counts in recap.items():
            self.add_host(host)
            others = self._changes_for_others.get(host, Counter())
            corrected = asdict(counts) | {
                "ok": counts.ok + others["ok"],
                "changed": max(counts.changed - self._delegated_changes[host], 0) + others["changed"],
            }
            self._append("recap", host=host, counts=corrected)
        self._append("end")

    def _end_on_host(self, host: str, outcome: TaskOutcome, seconds: float) -> None:
        own_items = [item for item in outcome.items if item.delegated_to is None]
        status: TaskStatus | None = None
        task: TaskRecord | None = None
        if outcome.kind in ("failed", "unreachable"):
            status = outcome.kind
            failed = [item for item in outcome.items if item.kind in ("failed", "unreachable")]
            delegate = next((item.delegated_to for item in failed if item.delegated_to), None)
            changed = [item for item in own_items if item.changed]
            task = self._task_record(outcome, [*failed, *changed], status, seconds, delegated_to=delegate)
        elif any(item.changed for item in own_items):
            task = self._task_record(outcome, own_items, "changed", seconds)
        counted = _count(outcome)
        if outcome.changed and not any(item.result.get("changed") for item in own_items) and outcome.items:
            self._delegated_changes[host] += counted.pop("changed", 0)
        self._append_task(host, task, counted)

    def _task_record(
        self, outcome: TaskOutcome, items: Sequence[ItemResult], status: TaskStatus, seconds: float, **where: str | None
    ) -> TaskRecord:
        public_items = [item for item in items if not item.secret]
        result = _as_result(outcome, public_items)
        return TaskRecord(
            name=self._redactor.redact(clean(outcome.name), Strictness.TITLE),
            role=outcome.role,
            path=self._relative(outcome.path),
            action=clean(outcome.action),
            status=status,
            message=messages.render(result, status, self._redactor) if public_items else None,
            diff=messages.render_diffs(result, self._redactor) if public_items else None,
            changed_paths=changed_paths(result, self._redactor) if public_items else (),
            duration_seconds=seconds,
            ignored=outcome.ignored,
            rescued=outcome.rescued,
            **where,
        )

    def _append_task(self, host: str, task: TaskRecord | None, count: Mapping[str, int]) -> None:
        self.add_host(host)
        shortened = False
        if task:
            task, shortened = task.shrink_to_fit()
        self._append("task", host=host, count=count, at=now(), task=asdict(task) if task else None, shortened=shortened)

    def _relative(self, path: str) -> str:
        """A task's ``file:line``, relative to the playbook's directory. For a file elsewhere, its last three parts."""
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
            self.spool_error = f"{self._spool.path}: {error.strerror}"


def _as_result(outcome: TaskOutcome, items: Sequence[ItemResult]) -> Mapping[str, Any]:
    """A task's result for `messages`, or the results of its loop with `failed` set for each item."""
    if outcome.message is None and len(items) == 1:
        return {**items[0].result, "failed": items[0].kind in ("failed", "unreachable")}
    results = [{**item.result, "failed": item.kind in ("failed", "unreachable")} for item in items]
    return {"msg": outcome.message, "results": results}


def _count(outcome: TaskOutcome) -> dict[str, int]:
    """The numbers that Ansible adds to its recap for the outcome (StrategyBase._process_pending_results)."""
    changed = {"changed": 1} if outcome.changed else {}
    match outcome.kind:
        case "failed" if outcome.rescued:
            return {"rescued": 1}
        case "failed" if outcome.ignored:
            return {"ok": 1, "ignored": 1, **changed}
        case "unreachable" if outcome.ignored:
            return {"ok": 1, "ignored": 1}
        case "ok":
            return {} if outcome.action.rpartition(".")[2].startswith("include_") else {"ok": 1, **changed}
        case kind:
            return {kind: 1}
