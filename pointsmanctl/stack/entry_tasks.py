"""The tasks of entries: the first of them as the index has them, or all as their events have them."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from pointsman.core.index.entries import LONGEST_NAME, task_entry, task_meets
from pointsman.core.index.entry import IndexEntry, TaskEntry
from pointsman.core.index.outcomes import is_of_check
from pointsman.core.index.query import IndexQuery
from pointsman.core.model import Mode
from pointsman.core.text import one_line
from pointsman.core.trail.host_values import TaskResult
from pointsman.core.trail.loops import joined_loops

if TYPE_CHECKING:
    from pointsmanctl.stack.trail_query import TrailReader

type Tasks = Sequence[TaskEntry | TaskResult]


def with_tasks(
    reader: "TrailReader", entries: Sequence[IndexEntry], read: Collection[IndexEntry]
) -> list[tuple[IndexEntry, Tasks]]:
    """Return entries with their tasks. Events of the entries in `read` are read: they have every task and its diff."""
    wanted = [entry for entry in read if entry.tasks]
    events = reader.load_whole(wanted) if wanted else {}
    return [(each, _results(events.get(each.place), each)) for each in entries]


def _results(event: object, entry: IndexEntry) -> Tasks:
    """The tasks of an event: all, or that of the entry if it is of one task. Without the event, those of the entry."""
    items = [task for task in getattr(event, "tasks", ()) if isinstance(task, TaskResult)]
    results = joined_loops(items)
    if not entry.tasks_omitted:
        found = [[task for task in each if task_entry(task) in entry.tasks] for each in (results, items)]
        results = found[0] or found[1]
    return results or entry.tasks


def tasks_asked_for(
    reader: "TrailReader", query: IndexQuery, limit: int, *, diffs: bool
) -> Iterator[tuple[IndexEntry, Tasks]]:
    """Yield the newest entries that match, with the tasks that the question is about: see `tasks_in_question`."""
    entries = [each.entry for each in islice(reader.find(query), limit)]
    yield from tasks_in_question(reader, query, entries, diffs=diffs)


def tasks_in_question(
    reader: "TrailReader", query: IndexQuery, entries: Sequence[IndexEntry], *, diffs: bool
) -> Iterator[tuple[IndexEntry, Tasks]]:
    """Yield entries that match with the tasks that the question is about.

    With `diffs`, one event is read for each diff. Without, only events whose entries may lack the task in question.
    """
    from pointsmanctl.output.task_groups import identity, with_differences

    read = with_differences(entries) if diffs else [each for each in entries if _may_lack(each, query)]
    known = {each.place for each in read}
    for entry, tasks in with_tasks(reader, entries, read):
        asked = _asked_for(entry, tasks, query)
        # Of an entry that was found by a task, the others are not in question.
        about = entry.replace(tasks_omitted=0) if query.task or entry.place in known else entry
        yield about, asked if diffs else [identity(task) for task in asked]


def _may_lack(entry: IndexEntry, query: IndexQuery) -> bool:
    """Whether the index may not have the task in question: one of a name, or of an outcome that the first lack."""
    if not entry.tasks_omitted:
        return False
    return query.task is not None or not any(task_meets(_mode(entry), task, query.outcomes) for task in entry.tasks)


def _asked_for(entry: IndexEntry, tasks: Tasks, query: IndexQuery) -> Tasks:
    if query.task:
        name = one_line(query.task, LONGEST_NAME)
        tasks = [task for task in tasks if one_line(task.name, LONGEST_NAME) == name] or tasks
    return [task for task in tasks if task_meets(_mode(entry), task, query.outcomes)] or tasks


def _mode(entry: IndexEntry) -> Mode:
    return Mode.CHECK if is_of_check(entry) else Mode.APPLY
