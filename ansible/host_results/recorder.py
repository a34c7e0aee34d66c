"""Gathers what happens on each host as a run goes on. Knows nothing of Ansible's classes: the callback translates."""

import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from redaction import Redactor, Strictness

from . import messages
from .result import Counts, HostRecord, RunContext, TaskRecord, TaskStatus
from .spool import Spool
from .text import clean, now

type Kind = Literal["ok", "failed", "skipped", "unreachable"]


@dataclass(frozen=True)
class Item:
    """What a task did at one place: the whole task, or one item of its loop."""

    kind: Kind
    result: Mapping[str, Any]
    # Set by no_log: nothing of the result may be told.
    secret: bool = False
    # The host on which it ran, where that is not the inventory host.
    delegated_to: str | None = None

    @property
    def changed(self) -> bool:
        """Whether it changed the host on which it ran."""
        return self.kind == "ok" and bool(self.result.get("changed"))


@dataclass(frozen=True)
class TaskOutcome:
    """How one task ended for one inventory host, as Ansible tells it. A task without a loop has one item."""

    kind: Kind
    name: str
    role: str | None
    path: str
    action: str
    items: Sequence[Item]
    message: str | None = None  # of the loop as a whole
    ignored: bool = False
    rescued: bool = False
    changed: bool = False  # by Ansible's own count

    def hidden(self) -> "TaskOutcome":
        """The same, with nothing of its results to be told."""
        return replace(self, items=[replace(item, secret=True) for item in self.items])


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
        # Ansible counts a delegated task for the inventory host alone: changes elsewhere, and those of others here.
        self._elsewhere: Counter[str] = Counter()
        self._of_others: dict[str, Counter[str]] = {}
        self._append("run", context=asdict(context))

    def knows(self, host: str) -> bool:
        """Whether this host was met."""
        return host in self._hosts

    def meet(self, host: str, instance_id: object = None) -> None:
        """Note a host, once."""
        if not self.knows(host):
            record = HostRecord(host, clean(instance_id) if instance_id else None, now(), now())
            self._hosts[host] = record
            self._append("host", host=host, instance_id=record.instance_id, started_at=record.started_at)

    def play(self, play: str, hosts: Iterable[str], batch: Iterable[str]) -> None:
        """Note that a play (by an id) goes on with a batch of its hosts."""
        self._append("play", play=play, hosts=list(hosts), batch=list(batch))

    def cut_off(self, hosts: Iterable[str]) -> None:
        """Note hosts that Ansible took out of a play though nothing failed on them."""
        if found := list(hosts):
            self._append("cut_off", hosts=found)

    def start(self, host: str, task: str) -> None:
        """Note that a task (by an id of any kind) starts on a host."""
        self._started[host, task] = time.monotonic()

    def end(self, host: str, task: str, outcome: TaskOutcome) -> None:
        """Note how a task ended for a host: there, and on each host to which it was delegated."""
        started = self._started.pop((host, task), None)
        seconds = round(time.monotonic() - started, 3) if started is not None else 0.0
        self._end_here(host, outcome, seconds)
        for place in dict.fromkeys(item.delegated_to for item in outcome.items if item.delegated_to):
            changed = [item for item in outcome.items if item.delegated_to == place and item.changed]
            if changed:
                self._of_others.setdefault(place, Counter()).update(ok=1, changed=1)
                told = self._told(outcome, changed, "changed", seconds, on_behalf_of=host)
                self._note(place, told, {"ok": 1, "changed": 1})

    def finish(self, recap: Mapping[str, Counts]) -> None:
        """Take Ansible's own recap: every host's counts, with each change where it happened."""
        for host, counts in recap.items():
            self.meet(host)
            others = self._of_others.get(host, Counter())
            here = asdict(counts) | {
                "ok": counts.ok + others["ok"],
                "changed": max(counts.changed - self._elsewhere[host], 0) + others["changed"],
            }
            self._append("recap", host=host, counts=here)
        self._append("end")

    def _end_here(self, host: str, outcome: TaskOutcome, seconds: float) -> None:
        here = [item for item in outcome.items if item.delegated_to is None]
        status: TaskStatus | None = None
        told: TaskRecord | None = None
        if outcome.kind in ("failed", "unreachable"):
            status = outcome.kind
            failed = [item for item in outcome.items if item.kind in ("failed", "unreachable")]
            elsewhere = next((item.delegated_to for item in failed if item.delegated_to), None)
            changed = [item for item in here if item.changed]
            told = self._told(outcome, [*failed, *changed], status, seconds, delegated_to=elsewhere)
        elif any(item.changed for item in here):
            told = self._told(outcome, here, "changed", seconds)
        counted = _count(outcome)
        if outcome.changed and not any(item.result.get("changed") for item in here) and outcome.items:
            self._elsewhere[host] += counted.pop("changed", 0)
        self._note(host, told, counted)

    def _told(
        self, outcome: TaskOutcome, items: Sequence[Item], status: TaskStatus, seconds: float, **where: str | None
    ) -> TaskRecord:
        open_items = [item for item in items if not item.secret]
        result = _as_result(outcome, open_items)
        return TaskRecord(
            name=self._redactor.redact(clean(outcome.name), Strictness.TITLE),
            role=outcome.role,
            path=self._relative(outcome.path),
            action=clean(outcome.action),
            status=status,
            message=messages.render(result, status, self._redactor) if open_items else None,
            diff=messages.render_diffs(result, self._redactor) if open_items else None,
            duration_seconds=seconds,
            ignored=outcome.ignored,
            rescued=outcome.rescued,
            **where,
        )

    def _note(self, host: str, told: TaskRecord | None, count: Mapping[str, int]) -> None:
        self.meet(host)
        shortened = False
        if told:
            told, shortened = told.fitted()
        self._append("task", host=host, count=count, at=now(), task=asdict(told) if told else None, shortened=shortened)

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


def _as_result(outcome: TaskOutcome, items: Sequence[Item]) -> Mapping[str, Any]:
    """What `messages` reads: a task's result, or the results of a loop's items with Ansible's word on each."""
    if outcome.message is None and len(items) == 1:
        return {**items[0].result, "failed": items[0].kind in ("failed", "unreachable")}
    results = [{**item.result, "failed": item.kind in ("failed", "unreachable")} for item in items]
    return {"msg": outcome.message, "results": results}


def _count(outcome: TaskOutcome) -> dict[str, int]:
    """What Ansible adds to its recap for such a result (StrategyBase._process_pending_results)."""
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
