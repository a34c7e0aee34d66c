"""The result of a run on one host: the detail of a HostResultRecorded event."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from .text import shorten

Status = Literal["ok", "changed", "failed", "unreachable"]
TaskStatus = Literal["changed", "failed", "unreachable"]

MAX_DIFF = 30_000
MAX_MESSAGE = 1_000
MAX_NAME = 500
MAX_DETAIL_BYTES = 200_000
PART_BYTES = MAX_DETAIL_BYTES - 10_000  # of its tasks; the rest is for the other fields, and a task that says CUT_SHORT
# The limits of texts when the whole result is too large.
SHORT_DIFF = 400
SHORT_MESSAGE = 200

CUT_SHORT = "(the run was cut short)"


@dataclass(frozen=True)
class Counts:
    """The number of task results of each kind, as in Ansible's recap."""

    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0
    skipped: int = 0
    rescued: int = 0
    ignored: int = 0

    @property
    def status(self) -> Status:
        """The most severe result: unreachable > failed > changed > ok."""
        if self.unreachable:
            return "unreachable"
        if self.failed:
            return "failed"
        return "changed" if self.changed else "ok"


@dataclass(frozen=True)
class TaskRecord:
    """A task that changed something or failed. Its texts are redacted."""

    name: str
    role: str | None
    path: str
    action: str
    status: TaskStatus
    message: str | None = None
    diff: str | None = None
    changed_paths: tuple[str, ...] = ()  # files of the host that it changed, as far as its module says; only the first
    duration_seconds: float = 0.0
    ignored: bool = False
    rescued: bool = False
    on_behalf_of: str | None = None  # the inventory host for which a delegated task ran on this host
    delegated_to: str | None = None  # the host on which this host's delegated task failed
    item: str | None = None  # the item of the task's loop
    attempts: int = 1
    handler: bool = False
    run_once: bool = False  # for all hosts of the play, on this one
    check_mode: bool | None = None  # the task's own, where the run's is another
    async_job: str | None = None  # the job that runs in the background
    async_finished: bool | None = None  # whether that job had ended

    def to_detail(self) -> dict[str, Any]:
        """The task in an event. What few tasks have is left out of the others."""
        return {name: value for name, value in asdict(self).items() if value != _RARE.get(name, _NO_DEFAULT)}

    def shrink_to_fit(self, diff_limit: int = MAX_DIFF, message_limit: int = MAX_MESSAGE) -> tuple["TaskRecord", bool]:
        """The same task with its texts within limits (in characters), and whether any text was shortened."""
        name, cut_name = shorten(self.name, MAX_NAME)
        message, cut_message = shorten(self.message, message_limit) if self.message else (self.message, False)
        diff, cut_diff = shorten(self.diff, diff_limit) if self.diff else (self.diff, False)
        return replace(self, name=name, message=message, diff=diff), cut_name or cut_message or cut_diff


_NO_DEFAULT = object()
_RARE = {
    "item": None,
    "attempts": 1,
    "handler": False,
    "run_once": False,
    "check_mode": None,
    "async_job": None,
    "async_finished": None,
}


@dataclass(frozen=True)
class RunContext:
    """The run, its build and its commit."""

    rollout: str
    target: str
    attempt: int
    mode: Literal["apply", "check"]
    build_arn: str
    commit: str


@dataclass
class HostRecord:
    """The record of a host during a run. Times are ISO-8601 in UTC."""

    host: str
    instance_id: str | None = None
    started_at: str = ""
    ended_at: str = ""
    tasks: list[TaskRecord] = field(default_factory=list)
    shortened: bool = False


@dataclass(frozen=True)
class ResultPart:
    """A part of a host's result: the tasks from index `first` on. `cut_short`: Ansible printed no recap."""

    number: int = 1
    final: bool = True
    first: int = 0
    last: int | None = None  # the index after that of its last task; None: all
    cut_short: bool = False


def detail(context: RunContext, record: HostRecord, counts: Counts, part: ResultPart | None = None) -> dict[str, Any]:
    """The event's detail, at most ``MAX_DETAIL_BYTES`` as JSON.

    If the run ended before Ansible's recap, the host counts as failed, and an added task says so.
    """
    part = part or ResultPart()
    tasks = record.tasks[part.first : part.last]
    if part.cut_short:
        message = "Ansible ended before its recap. Later results are missing."
        tasks = [*tasks, TaskRecord(CUT_SHORT, None, "", "", "failed", message)]
        counts = replace(counts, failed=max(counts.failed, 1))
    content = {
        "version": 1,
        **asdict(context),
        "host": record.host,
        "instance_id": record.instance_id,
        "status": counts.status,
        "counts": asdict(counts),
        "tasks": [task.to_detail() for task in tasks],
        "tasks_omitted": 0,
        "shortened": record.shortened,
        "part": part.number,
        "final": part.final,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
    }
    return content if size(content) <= MAX_DETAIL_BYTES else _shrink_to_fit(content, tasks)


def ends_of_parts(tasks: Sequence[TaskRecord], first: int) -> list[int]:
    """Where the parts of the tasks from index `first` on end, so that each fits an event and nothing is left out."""
    ends, room = [], PART_BYTES
    for index in range(first, len(tasks)):
        room -= size(tasks[index].to_detail()) + 1
        if room < 0 and index > first:
            ends.append(index)
            first, room = index, PART_BYTES - size(tasks[index].to_detail())
    return [*ends, len(tasks)]


def size(content: object) -> int:
    """The bytes of a value as JSON."""
    return len(to_json(content).encode())


def to_json(content: object) -> str:
    """The JSON form of results, in the spool and on the bus."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _shrink_to_fit(content: dict[str, Any], tasks: Sequence[TaskRecord]) -> dict[str, Any]:
    """Shorten the texts, then drop tasks that did not fail, last ones first, then failed tasks."""
    short = [task.shrink_to_fit(SHORT_DIFF, SHORT_MESSAGE)[0].to_detail() for task in tasks]
    room = MAX_DETAIL_BYTES - size({**content, "tasks": [], "shortened": True, "tasks_omitted": len(tasks)})
    kept: set[int] = set()
    for index in sorted(range(len(short)), key=lambda index: (short[index]["status"] == "changed", index)):
        room -= size(short[index]) + 1
        if room < 0:
            break
        kept.add(index)
    omitted = len(short) - len(kept)
    return {**content, "tasks": [short[index] for index in sorted(kept)], "tasks_omitted": omitted, "shortened": True}
