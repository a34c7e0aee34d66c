"""Diffs that are too long for one event: the task has the first piece, later parts of the result have the rest."""

import hashlib
from collections.abc import Iterable
from typing import Final

from pointsman.core.trail.events import HostResultRecorded
from pointsman.core.trail.host_values import TaskResult

REST_IS_MISSING: Final = "\n[shortened: the trail does not have the rest of this diff]"


def parts_with_rest(event: HostResultRecorded) -> list[HostResultRecorded]:
    """Return which parts of the result have the rest of the diffs of `event`, for their keys. Most have none.

    A piece follows the one before it in the same part or in the next one.
    """
    pieces = max((task.diff_pieces or 1 for task in event.tasks), default=1)
    return [event.replace(part=event.part + number) for number in range(1, pieces)]


def with_whole_diffs(event: HostResultRecorded, parts: Iterable[HostResultRecorded]) -> HostResultRecorded:
    """Return `event` with the diffs of its tasks put together from its pieces and those of `parts`."""
    if not any(task.diff_pieces for task in event.tasks):
        return event
    pieces = {(each.diff, each.number): each.text for part in (event, *parts) for each in part.diff_pieces or ()}
    return event.replace(tasks=tuple(_whole(task, pieces) for task in event.tasks), diff_pieces=None)


def is_whole(task: TaskResult) -> bool:
    """Whether the task has its diff as the build had it: neither shortened nor redacted again, with every piece."""
    return task.diff_sha256 is None or sha256(task.diff or "") == task.diff_sha256


def sha256(diff: str) -> str:
    """Return the hash that stands for a diff."""
    return hashlib.sha256(diff.encode()).hexdigest()


def _whole(task: TaskResult, pieces: dict[tuple[str, int], str]) -> TaskResult:
    if not task.diff_pieces or task.diff_sha256 is None:
        return task
    texts = [task.diff or ""]
    for number in range(2, task.diff_pieces + 1):
        text = pieces.get((task.diff_sha256, number))
        if text is None:
            texts.append(REST_IS_MISSING)
            break
        texts.append(text)
    return task.replace(diff="".join(texts), diff_pieces=None)
