"""Who changed a file of a host, in lines for people."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text

from pointsman.core.index.event_names import SHORT, name_of_entry
from pointsman.core.trail.host_values import TaskResult
from pointsmanctl.output.entry_lines import diff_of, time_of
from pointsmanctl.output.lines import Line, LineTable, header
from pointsmanctl.output.sanitize import sanitized
from pointsmanctl.output.times import zone_name

if TYPE_CHECKING:
    from pointsmanctl.stack.blame import FileChange

COLUMNS = ("EVENT", "COMMIT", "WHO", "APPROVED BY", "ROLLOUT")


def blame_table(changes: Iterable["FileChange"], *, with_targets: bool) -> LineTable:
    """Return a line for each change of the file, newest first, with its diff below it if that was read."""
    targets = ["TARGET"] if with_targets else []
    lines = [_line(each, with_targets=with_targets) for each in changes]
    return LineTable([header(f"TIME ({zone_name()})", *COLUMNS, *targets, "TASK"), *lines])


def _line(change: "FileChange", *, with_targets: bool) -> Line:
    entry, task = sanitized(change.entry), sanitized(change.task)
    cells = [
        time_of(entry),
        name_of_entry(entry)[:SHORT],
        (entry.commit or "")[:7],
        entry.person or "",
        ", ".join(change.approvers),
        entry.rollout or "",
        *([entry.target or ""] if with_targets else []),
    ]
    sentence = Text(task.title).append(f"  {task.path}", "dim")
    diff = [diff_of(task.diff)] if isinstance(task, TaskResult) and task.diff else []
    return Line(tuple(map(Text, cells)), sentence, diff)
