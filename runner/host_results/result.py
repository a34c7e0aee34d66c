"""The result of a run on one host."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from .text import is_shortened, shorten

Status = Literal["ok", "changed", "failed", "unreachable"]
TaskStatus = Literal["changed", "failed", "unreachable"]

MAX_DIFF = 1_000_000  # characters; a longer one is shortened, and its hash is that of the whole
MAX_MESSAGE = 1_000
MAX_NAME = 500


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
    diff_sha256: str | None = None  # of the whole redacted diff, if `diff` is only a part of it
    diff_pieces: int = 1  # how many pieces the diff is in; `diff` is the first
    changed_paths: tuple[str, ...] = ()  # files of the host that it changed, as far as its module says; only the first
    changed_paths_omitted: int = 0  # how many more there are
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
        task = self._with_diff_of(diff_limit)
        is_cut = any(is_shortened(text) for text in (task.diff, message) if text)
        is_cut = is_cut or cut_name or cut_message or self.changed_paths_omitted > 0
        return replace(task, name=name, message=message), is_cut

    def _with_diff_of(self, limit: int) -> "TaskRecord":
        diff, was_cut = shorten(self.diff or "", limit)
        if not was_cut:
            return self
        return replace(self, diff=diff, diff_sha256=self.diff_sha256 or digest(self.diff or ""), diff_pieces=1)


_NO_DEFAULT = object()
_RARE = {
    "diff_sha256": None,
    "diff_pieces": 1,
    "changed_paths_omitted": 0,
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


def size(content: object) -> int:
    """The bytes of a value as JSON."""
    return len(to_json(content).encode())


def digest(diff: str) -> str:
    """The hash by which a diff is known whose event does not have all of it."""
    return hashlib.sha256(diff.encode()).hexdigest()


def to_json(content: object) -> str:
    """The JSON form of results, in the spool and on the bus."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
