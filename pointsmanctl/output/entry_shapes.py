"""The JSON objects of entries of the index. docs/command-line.md describes them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pointsman.core.index.entries import diff_digest
from pointsman.core.index.entry import IndexEntry, TaskEntry
from pointsman.core.index.event_names import name_of_entry
from pointsman.core.trail.host_values import TaskResult
from pointsmanctl.output.entry_lines import changed_files as changed_files_of
from pointsmanctl.output.formats import Object
from pointsmanctl.output.times import as_json

if TYPE_CHECKING:
    from pointsmanctl.stack.blame import FileChange

FIELDS: Final = (
    "type", "actor", "login", "repository", "commit", "branch", "route", "rollout", "target", "host", "instance_id",
)  # fmt: skip
ENTRY_COLUMNS: Final = (
    "event", "at", *FIELDS, "outcomes", "detail", "task", "path", "status", "changed_path", "tasks_omitted",
)  # fmt: skip
BLAME_COLUMNS: Final = (
    "event", "at", "target", "host", "changed_path", "task", "role", "action", "path", "repository", "commit", "actor",
    "route", "rollout", "approvers",
)  # fmt: skip


def entry_object(entry: IndexEntry, tasks: Sequence[TaskEntry | TaskResult]) -> dict[str, Any]:
    """Return an event as lists show it. Its tasks have their diffs if these were read."""
    return {
        "event": name_of_entry(entry),
        "at": as_json(entry.at),
        **{name: getattr(entry, name) for name in FIELDS},
        "outcomes": list(entry.outcomes),
        "detail": entry.detail,
        "tasks": [task_object(each) for each in tasks],
        "tasks_omitted": entry.tasks_omitted if len(tasks) <= len(entry.tasks) else 0,
    }


def task_object(task: TaskEntry | TaskResult) -> dict[str, Any]:
    """Return a task. Tasks with the same `diff_id` changed the same in their files."""
    changed_path, changed_files = changed_files_of(task)
    return {
        "task": task.name,
        "item": task.item,
        "role": task.role,
        "action": task.action,
        "path": task.path,
        "status": task.status,
        "ignored": task.ignored,
        "rescued": task.rescued,
        "changed_path": changed_path,
        "changed_files": changed_files,
        "diff_id": diff_digest(task) if isinstance(task, TaskResult) else task.diff,
        **({"diff": task.diff} if isinstance(task, TaskResult) else {}),
    }


def entry_rows(objects: Iterable[Object]) -> Iterator[Object]:
    """Yield a CSV row for each task, or for an event without tasks."""
    for each in objects:
        tasks: Sequence[Mapping[str, Any]] = each["tasks"] or [{}]
        for task in tasks:
            yield {**each, **task}


def blame_object(change: "FileChange") -> dict[str, Any]:
    """Return a change of a file of a host."""
    entry = change.entry
    return {
        "event": name_of_entry(entry),
        "at": as_json(entry.at),
        **{name: getattr(entry, name) for name in FIELDS if name not in ("type", "login")},
        **task_object(change.task),
        "changed_path": change.path,
        "approvers": list(change.approvers),
    }
