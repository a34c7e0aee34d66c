"""The JSON objects and CSV rows of a search by task or by host. docs/command-line.md describes them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pointsman.core.index.entry import IndexEntry, TaskEntry
from pointsman.core.index.event_names import name_of_entry
from pointsman.core.trail.host_values import TaskResult
from pointsmanctl.output.entry_lines import FoundTasks, omitted_tasks
from pointsmanctl.output.formats import Object
from pointsmanctl.output.task_groups import by_host, by_task

_OF_AN_ENTRY: Final = ("at", "event", "type", "actor", "repository", "commit", "route", "rollout", "outcomes", "detail")
_OF_A_TASK: Final = ("task", "item", "role", "action", "path", "status", "changed_path", "message", "diff")
TASK_COLUMNS: Final = (*_OF_AN_ENTRY, *_OF_A_TASK, "tasks_omitted", "hosts_total", "hosts")
HOST_COLUMNS: Final = (*_OF_AN_ENTRY, "target", "host", "instance_id", *_OF_A_TASK, "tasks_omitted")


def task_objects(found: Iterable[FoundTasks]) -> list[Object]:
    """An object for each task of a rollout, with the hosts on which it did the same; and for each other event."""
    return [
        {
            **_entry(group.newest),
            "task": _task(group.task) if group.task else None,
            "tasks_omitted": group.omitted,
            "hosts": [{"target": target, "host": host} for target, host in group.hosts],
        }
        for group in by_task(found)
    ]


def host_objects(found: Iterable[FoundTasks]) -> list[Object]:
    """An object for each event, those of a host together, with its tasks."""
    return [
        {
            **_entry(entry),
            "target": entry.target,
            "host": entry.host,
            "instance_id": entry.instance_id,
            "tasks": [_task(task) for task in tasks],
            "tasks_omitted": omitted_tasks(entry, tasks),
        }
        for entry, tasks in by_host(found)
    ]


def task_rows(objects: Iterable[Object]) -> Iterator[Object]:
    """A row for each task of a rollout. Hosts are `<account>/<region>/<name>`."""
    for each in objects:
        hosts = [f"{one['target']}/{one['host']}" for one in each["hosts"]]
        yield {**each, **_flat(each["task"]), "hosts": hosts, "hosts_total": len(hosts)}


def host_rows(objects: Iterable[Object]) -> Iterator[Object]:
    """A row for each task of each event, or one for an event without tasks."""
    for each in objects:
        for task in each["tasks"] or [None]:
            yield {**each, **_flat(task)}


def _entry(entry: IndexEntry) -> dict[str, Any]:
    texts = entry.to_dict()
    found = {name: texts.get(name) for name in _OF_AN_ENTRY}
    return found | {"event": name_of_entry(entry), "actor": entry.person, "outcomes": [*entry.outcomes]}


def _task(task: TaskEntry | TaskResult) -> dict[str, Any]:
    """A task. Of one that was not read with --diff, the message and the diff are null."""
    found = {name: getattr(task, name) for name in ("name", "item", "role", "action", "path", "status")}
    if isinstance(task, TaskResult):
        first = next(iter(task.changed_paths), None)
        return {**found, "changed_path": first, "message": task.message, "diff": task.diff}
    return {**found, "changed_path": task.changed_path, "message": None, "diff": None}


def _flat(task: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: (task or {}).get("name" if name == "task" else name) for name in _OF_A_TASK}
