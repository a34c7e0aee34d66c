"""Entries as a person thinks of them: a task with the hosts on which it did the same, or a host with its tasks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pointsman.core.index.entries import task_entry
from pointsman.core.index.entry import EventKey, IndexEntry, TaskEntry
from pointsman.core.index.outcomes import is_of_check
from pointsman.core.trail.host_values import TaskResult
from pointsmanctl.output.entry_lines import HOST_RESULT, FoundTasks, omitted_tasks


@dataclass
class Group:
    """What is one line: an event, or what several hosts have in common. `newest` is the newest of its entries."""

    newest: IndexEntry
    task: TaskEntry | TaskResult | None = None
    omitted: int = 0  # tasks of these hosts that the index has no room for, if the line is about them
    hosts: dict[tuple[str, str], None] = field(default_factory=dict)  # target and name, in order

    @property
    def is_check(self) -> bool:
        """Whether nothing was changed: a check found what would be."""
        return is_of_check(self.newest)


def by_task(found: Iterable[FoundTasks]) -> list[Group]:
    """Group results of hosts by rollout and task: tasks that did the same are one line. The order is kept."""
    groups: dict[object, Group] = {}
    for entry, tasks in found:
        for key, task, omitted in _parts(entry, tasks):
            group = groups.setdefault(key, Group(entry, task))
            group.omitted += omitted
            if isinstance(task, TaskResult) and not isinstance(group.task, TaskResult):
                group.task = task
            if entry.host:
                group.hosts[entry.target or "", entry.host] = None
    return list(groups.values())


def _parts(
    entry: IndexEntry, tasks: Sequence[TaskEntry | TaskResult]
) -> Iterator[tuple[object, TaskEntry | TaskResult | None, int]]:
    """Yield what of an entry is one line, by what it shares with others: that key, its task, and omitted tasks."""
    if entry.type != HOST_RESULT:
        yield entry.place, None, 0
        return
    rollout = entry.rollout or entry.event_partition
    is_check = is_of_check(entry)
    for task in tasks:
        yield (rollout, is_check, identity(task), _failure(task)), task, 0
    if not tasks:
        yield (rollout, entry.outcomes, entry.detail), None, 0
    elif omitted := omitted_tasks(entry, tasks):
        yield (rollout, is_check, "omitted"), None, omitted


def _failure(task: TaskEntry | TaskResult) -> str | None:
    """Why a task failed, if that was read: hosts on which it failed for different reasons are different lines."""
    return task.message if isinstance(task, TaskResult) and _failed_by_itself(task) else None


def _failed_by_itself(task: TaskEntry | TaskResult) -> bool:
    return task.status != "changed" and not (task.ignored or task.rescued)


def identity(task: TaskEntry | TaskResult) -> TaskEntry:
    """Return what is equal of tasks that did the same: name, place, result, changed file and the diff's digest."""
    return task_entry(task) if isinstance(task, TaskResult) else task


def by_host(found: Iterable[FoundTasks]) -> list[FoundTasks]:
    """Put the entries of a host together: hosts by their newest entry, and each event once with all its tasks."""
    hosts: dict[object, dict[EventKey, tuple[IndexEntry, list[TaskEntry | TaskResult]]]] = {}
    for entry, tasks in found:
        host = (entry.target, entry.host) if entry.host else entry.place
        _, known = hosts.setdefault(host, {}).setdefault(entry.place, (entry, []))
        known += tasks
    return [each for entries in hosts.values() for each in entries.values()]


def with_differences(entries: Iterable[IndexEntry]) -> list[IndexEntry]:
    """Return the entries whose events are needed: for each difference of a rollout once, each failure, every task."""
    needed, seen = [], set[tuple[str, TaskEntry]]()
    for entry in entries:
        rollout = entry.rollout or entry.event_partition
        new = {(rollout, task) for task in entry.tasks if task.diff or task.status != "changed"} - seen
        if new or entry.tasks_omitted or any(map(_failed_by_itself, entry.tasks)):
            needed.append(entry)
            seen |= new
    return needed
