"""Who changed a file of a host: the task, its commit, and who approved the rollout before."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Final

from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.index.entries import task_entry
from pointsman.core.index.entry import IndexEntry, TaskEntry
from pointsman.core.index.query import IndexQuery
from pointsman.core.trail.command_events import COMMAND, RolloutApproved
from pointsman.core.trail.host_values import TaskResult
from pointsman.core.trail.keys import rollout_partition

if TYPE_CHECKING:
    from pointsmanctl.stack.trail_query import TrailReader

_ENTRIES: Final = 500  # of a host, among which similar paths are looked for
_EVENTS: Final = 20  # of them, which are read if their entries have not all tasks
_SUGGESTED: Final = 3


@dataclass(frozen=True)
class FileChange:
    """A task that changed a file of a host."""

    path: str
    entry: IndexEntry
    task: TaskEntry | TaskResult
    approvers: tuple[str, ...]  # of its rollout, before it


def changes_of(reader: "TrailReader", query: IndexQuery, limit: int) -> list[FileChange]:
    """Return the changes of a file of a host, newest first. `query` has both."""
    approvals: dict[str, list[RolloutApproved]] = {}
    changes = []
    for entry in islice(_applied(reader, query), limit):
        rollout = entry.rollout or ""
        if rollout and rollout not in approvals:
            approvals[rollout] = _approvals(reader, rollout)
        before = [each.login or each.actor or "" for each in approvals.get(rollout, ()) if each.at <= entry.at]
        changes.append(FileChange(query.path or "", entry, entry.tasks[0], tuple(dict.fromkeys(before))))
    return changes


def _applied(reader: "TrailReader", query: IndexQuery) -> Iterator[IndexEntry]:
    """Yield the entries of tasks that changed the file, without those that would change it in a check."""
    for each in reader.find(query):
        if "changed" in each.entry.outcomes:
            yield each.entry


def _approvals(reader: "TrailReader", rollout: str) -> list[RolloutApproved]:
    events = DynamoTrail(reader.client, reader.audit_table).with_key(rollout_partition(rollout), COMMAND)
    return [event for event in events if isinstance(event, RolloutApproved)]


def with_diffs(reader: "TrailReader", changes: list[FileChange]) -> list[FileChange]:
    """Return the changes with the tasks as their events have them: with their diffs."""
    events = reader.load_whole(each.entry for each in changes)
    return [replace(each, task=_task(events.get(each.entry.place), each)) for each in changes]


def _task(event: object, change: FileChange) -> TaskEntry | TaskResult:
    for task in getattr(event, "tasks", ()):
        if isinstance(task, TaskResult) and task_entry(task) == change.task:
            return task
    return change.task  # the event is gone


def similar_paths(reader: "TrailReader", query: IndexQuery) -> list[str]:
    """Return paths that tasks of late changed on the host, similar to that of `query`."""
    entries = [each.entry for each in islice(reader.find(query.replace(path=None)), _ENTRIES)]
    events = reader.load([each for each in entries if each.tasks_omitted][:_EVENTS])
    paths = {task.changed_path for each in entries for task in each.tasks if task.changed_path}
    paths |= {path for event in events.values() for task in getattr(event, "tasks", ()) for path in task.changed_paths}
    wanted = query.path or ""
    ending = sorted(path for path in paths if path.endswith(f"/{wanted.strip('/')}"))
    return ending[:_SUGGESTED] or get_close_matches(wanted, paths, _SUGGESTED)
