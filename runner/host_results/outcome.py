"""The outcome of a task for one host, as Ansible reports it, in plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

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
    attempts: int = 1  # more with `until`
    is_of_loop: bool = False

    @property
    def changed(self) -> bool:
        """Whether it changed the host on which it ran."""
        return self.kind == "ok" and bool(self.result.get("changed"))

    @property
    def failed(self) -> bool:
        """Whether it failed, or did not reach the host."""
        return self.kind in ("failed", "unreachable")


@dataclass(frozen=True)
class TaskKind:
    """What kind of task it is, where that is not the usual one."""

    handler: bool = False
    run_once: bool = False
    check_mode: bool | None = None  # its own, where the run's is another
    is_async: bool = False  # its results name the job that runs in the background


@dataclass(frozen=True)
class TaskOutcome:
    """The outcome of a task for one inventory host. A task without a loop has one item."""

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
    task_kind: TaskKind = field(default_factory=TaskKind)

    @property
    def changed_elsewhere(self) -> list[str]:
        """The hosts to which it was delegated and that it changed."""
        names = (item.delegated_to for item in self.items if item.delegated_to and item.changed)
        return list(dict.fromkeys(names))

    def hidden(self) -> "TaskOutcome":
        """The same outcome with all of its results secret."""
        return replace(self, items=[replace(item, secret=True) for item in self.items])


def counted(outcome: TaskOutcome) -> dict[str, int]:
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
            count = count_of_unchanged("ok", outcome.action)
            return count | changed if count else {}
        case kind:
            return {kind: 1}


def count_of_unchanged(kind: ResultKind, action: str) -> dict[str, int]:
    """The same for a task that changed nothing. Ansible does not count includes."""
    return {} if kind == "ok" and action.rpartition(".")[2].startswith("include_") else {kind: 1}
