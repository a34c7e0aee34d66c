"""The tasks of entries: the first of them as the index has them, or all as their events have them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pointsman.core.index.entry import IndexEntry, TaskEntry
from pointsman.core.trail.host_values import TaskResult

if TYPE_CHECKING:
    from pointsmanctl.stack.trail_query import TrailReader


def with_tasks(
    reader: "TrailReader", entries: Sequence[IndexEntry], *, whole: bool
) -> list[tuple[IndexEntry, Sequence[TaskEntry | TaskResult]]]:
    """Return entries with their tasks. `whole`: read their events, which have every task and its diff."""
    if not whole:
        return [(entry, entry.tasks) for entry in entries]
    tasks = {
        (event.partition, event.key): getattr(event, "tasks", ())
        for event in reader.load(entry for entry in entries if entry.tasks)
    }
    return [(each, _results(tasks.get((each.event_partition, each.event_key)), each)) for each in entries]


def _results(found: Sequence[object] | None, entry: IndexEntry) -> Sequence[TaskEntry | TaskResult]:
    """The tasks of an event; those of its entry if the event is gone. Tasks that drift are no results."""
    results = [task for task in found or () if isinstance(task, TaskResult)]
    return results or entry.tasks
