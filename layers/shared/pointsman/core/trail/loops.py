"""The items of a loop as one task, for lists: an event has each item that changed the host or failed on it."""

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from pointsman.core.text import join_first
from pointsman.core.trail.host_values import TaskResult
from pointsman.core.trail.long_diffs import sha256

ITEMS_NAMED: Final = 3


def joined_loops(tasks: Iterable[TaskResult]) -> list[TaskResult]:
    """`tasks` with the items of a loop that had the same result as one, with all their diffs, files and messages."""
    return [_joined(list(items)) for _, items in groupby(tasks, key=_task)]


def _task(task: TaskResult) -> object:
    """What the items of a loop have in common, and nothing else has."""
    if task.item is None:
        return id(task)
    return task.replace(
        item="",
        message=None,
        diff=None,
        diff_sha256=None,
        diff_pieces=None,
        changed_paths=(),
        changed_paths_omitted=None,
        attempts=1,
        async_job=None,
        delegated_to=None,
    )


def _joined(items: list[TaskResult]) -> TaskResult:
    if len(items) == 1:
        return items[0]
    return items[0].replace(
        item=join_first([item.item or "" for item in items], ITEMS_NAMED),
        message="\n".join(f"(item={item.item}) {item.message}" for item in items if item.message) or None,
        diff="\n".join(item.diff for item in items if item.diff) or None,
        diff_sha256=_hash_of(items),
        diff_pieces=None,
        changed_paths=tuple(dict.fromkeys(path for item in items for path in item.changed_paths)),
        changed_paths_omitted=sum(item.changed_paths_omitted or 0 for item in items) or None,
        attempts=max(item.attempts for item in items),
    )


def _hash_of(items: list[TaskResult]) -> str | None:
    """What stands for the diffs of items, with or without all pieces. None: each is in one piece."""
    if all(item.diff_sha256 is None for item in items):
        return None
    return sha256("\n".join(item.diff_sha256 or sha256(item.diff or "") for item in items))
