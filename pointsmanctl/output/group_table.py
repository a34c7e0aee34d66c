"""The answer of a search as a table: by task or by host."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from pointsman.core.index.event_names import SHORT, name_of_entry
from pointsman.core.text import escape_invisible, join_first, pluralize
from pointsman.core.trail.host_values import TaskResult
from pointsmanctl.output.entry_lines import FoundTasks, diff_of, task_lines, task_text, time_of, what
from pointsmanctl.output.lines import Line, LineTable, header
from pointsmanctl.output.sanitize import sanitized
from pointsmanctl.output.task_groups import Group, by_host, by_task
from pointsmanctl.output.times import zone_name

HOSTS_LISTED = 8
COLUMNS = ("EVENT", "WHO", "COMMIT", "TARGET", "HOST", "WHAT")


def task_table(found: Iterable[FoundTasks]) -> LineTable:
    """Return a line for each task, with the hosts on which it did the same and one diff for all of them."""
    return LineTable([table_header(), *(_group_line(each) for each in by_task(found))])


def host_table(found: Iterable[FoundTasks]) -> LineTable:
    """Return a line for each event, those of a host together, with the tasks below it."""
    return LineTable([table_header(), *event_lines(by_host(found))])


def event_lines(found: Iterable[FoundTasks]) -> list[Line]:
    """Return a line for each event, with the tasks below it."""
    lines = []
    for each, tasks in found:
        entry = sanitized(each)
        cells = (entry.target or "", entry.host or "")
        lines.append(Line(_cells(Group(entry), *cells), what(entry), [*task_lines(entry, tasks)]))
    return lines


def table_header() -> Line:
    """Return the first line of these tables."""
    return header(f"TIME ({zone_name()})", *COLUMNS)


def _cells(group: Group, target: str, host: str) -> tuple[Text, ...]:
    entry = group.newest
    name = name_of_entry(entry)[:SHORT]
    return tuple(map(Text, (time_of(entry), name, entry.person or "", (entry.commit or "")[:7], target, host)))


def _group_line(group: Group) -> Line:
    group.newest = sanitized(group.newest)
    group.hosts = {(target, escape_invisible(host)): None for target, host in group.hosts}
    targets = list(dict.fromkeys(target for target, _ in group.hosts)) or [group.newest.target or ""]
    names = [host for _, host in group.hosts] or [group.newest.host or ""]
    cells = (
        targets[0] if len(targets) == 1 else pluralize(len(targets), "target"),
        names[0] if len(names) == 1 else pluralize(len(names), "host"),
    )
    return Line(_cells(group, *cells), _sentence(group), _details(group, targets))


def _sentence(group: Group) -> Text:
    if group.task:
        return task_text(sanitized(group.task), is_check=group.is_check)
    if group.omitted:
        return Text(f"and {pluralize(group.omitted, 'more result')} of tasks: --diff shows them", "dim")
    return what(group.newest)


def _details(group: Group, targets: list[str]) -> list[RenderableType]:
    details: list[RenderableType] = []
    if len(group.hosts) > 1:
        names = [host if len(targets) == 1 else f"{target}/{host}" for target, host in group.hosts]
        details.append(Text(f"on {join_first(names, HOSTS_LISTED)}", "dim"))
    if isinstance(group.task, TaskResult) and group.task.diff:
        details.append(diff_of(sanitized(group.task).diff or ""))
    return details
