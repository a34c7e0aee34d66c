"""Entries of the trail as rows: a task with the hosts on which it did the same, a host's result, or any event."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pointsman.core.identity import principal_name
from pointsman.core.index.entries import diff_digest
from pointsman.core.index.entry import IndexEntry, TaskEntry
from pointsman.core.index.event_names import SHORT, name_of_entry
from pointsman.core.index.outcomes import in_words, is_of_check, is_quiet_entry
from pointsman.core.text import pluralize
from pointsman.core.trail.host_values import TaskResult
from pointsmanctl.console.views.diff_view import DiffView, diff_view
from pointsmanctl.console.views.links import event_url
from pointsmanctl.console.views.tones import tone_of
from pointsmanctl.output.entry_lines import (
    HOST_RESULT,
    FoundTasks,
    changed_files,
    how_it_ran,
    omitted_tasks,
    result_of,
)
from pointsmanctl.output.task_groups import Group, by_host, by_task

type AnyTask = TaskEntry | TaskResult


@dataclass(frozen=True)
class TaskRow:
    """A task: its result, its place in the playbook, and what it changed."""

    outcome: str
    tone: str
    name: str
    role: str | None
    action: str
    place: str
    file: str | None  # of the host, the first that it changed
    more_files: int
    message: str
    diff: DiffView | None
    digest: str | None  # of a diff that was not read
    how: str = ""  # what is special about how it ran: where, for whom, how often


@dataclass(frozen=True)
class TrailRow:
    """A row of a list."""

    at: datetime
    name: str
    url: str
    type: str
    tone: str
    outcome: str
    text: str  # what happened, if it is not about tasks
    who: str | None
    person: str | None  # by whom the event is found: a login, or an ARN
    commit: str | None
    repository: str | None
    route: str | None
    rollout: str | None
    target: str | None
    hosts: tuple[tuple[str, str], ...]  # target and name
    tasks: tuple[TaskRow, ...] = ()
    omitted: int = 0
    places: tuple[str, ...] = ()  # the targets, if it stands for the same on several
    is_quiet: bool = False  # a run that succeeded, and of which no result is missing

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets of its hosts, or its own."""
        return tuple(dict.fromkeys(target for target, _ in self.hosts)) or ((self.target,) if self.target else ())


def rows_by_task(found: Iterable[FoundTasks], *, each_run: bool = False) -> list[TrailRow]:
    """Return a row for each task, with the hosts on which it did the same; with `each_run`, one for each run, too."""
    rows = (_row_of_group(each) for each in by_task(found))
    return [*rows] if each_run else folded(rows)


def folded(rows: Iterable[TrailRow]) -> list[TrailRow]:
    """Put the runs of a rollout that succeeded into one row: their hosts say what they did, and none is missing."""
    kept: list[TrailRow] = []
    places: dict[str | None, int] = {}
    for row in rows:
        if not row.is_quiet:
            kept.append(row)
        elif (first := places.get(row.rollout)) is None:
            places[row.rollout] = len(kept)
            kept.append(row)
        else:
            all_of_them = (*(kept[first].places or kept[first].targets), *row.targets)
            text = f"{len(all_of_them)} runs succeeded"
            kept[first] = replace(kept[first], places=all_of_them, text=text, target=None)
    return kept


def rows_by_host(found: Iterable[FoundTasks]) -> list[TrailRow]:
    """Return a row for each event, those of a host together, with its tasks."""
    return [row_of_entry(entry, tasks) for entry, tasks in by_host(found)]


def rows_by_time(found: Iterable[FoundTasks]) -> list[TrailRow]:
    """Return a row for each event, in order, with its tasks."""
    return [row_of_entry(entry, tasks) for entry, tasks in found]


def _row_of_group(group: Group) -> TrailRow:
    row = row_of_entry(group.newest, [group.task] if group.task else [])
    row = replace(row, hosts=tuple(group.hosts) or row.hosts, omitted=group.omitted)
    if group.omitted and not group.task:
        return replace(row, text=f"and {pluralize(group.omitted, 'more result')} of tasks", outcome="", tone="quiet")
    return row


def row_of_entry(entry: IndexEntry, tasks: Sequence[AnyTask]) -> TrailRow:
    """Return an entry with these tasks."""
    outcome = entry.outcomes[0] if entry.outcomes else ""
    is_result = entry.type == HOST_RESULT
    return TrailRow(
        at=entry.at,
        name=name_of_entry(entry)[:SHORT],
        url=event_url(entry),
        type=entry.type,
        tone=tone_of(outcome),
        outcome=in_words(outcome),
        text=entry.detail if entry.detail or is_result else entry.type,
        who=principal_name(entry.person) if entry.person else None,
        person=entry.person,
        commit=entry.commit,
        repository=entry.repository,
        route=entry.route,
        rollout=entry.rollout,
        target=entry.target,
        hosts=((entry.target or "", entry.host),) if entry.host else (),
        tasks=tuple(task_rows(tasks, is_check=is_of_check(entry))),
        omitted=omitted_tasks(entry, tasks),
        is_quiet=is_quiet_entry(entry),
    )


def task_rows(tasks: Iterable[AnyTask], *, is_check: bool = False) -> Iterator[TaskRow]:
    """Yield a row for each task."""
    for task in tasks:
        file, files = changed_files(task)
        outcome = result_of(task, is_check=is_check)
        whole = task if isinstance(task, TaskResult) else None
        yield TaskRow(
            outcome=in_words(outcome),
            tone="quiet" if outcome in ("rescued", "ignored") else tone_of(outcome),
            name=task.title,
            role=task.role,
            action=task.action,
            place=task.path,
            file=file,
            more_files=max(files - 1, 0),
            message=(whole.message or "") if whole and task.status != "changed" else "",
            diff=diff_view(whole.diff) if whole and whole.diff else None,
            digest=None if isinstance(task, TaskResult) else task.diff,
            how=how_it_ran(whole) if whole else "",
        )


def task_with_digest(tasks: Iterable[AnyTask], digest: str) -> TaskResult | None:
    """Return the task whose diff has this digest; None if there is none."""
    whole = (task for task in tasks if isinstance(task, TaskResult))
    return next((task for task in whole if diff_digest(task) == digest), None)
