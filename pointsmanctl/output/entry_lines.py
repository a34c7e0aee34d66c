"""Entries of the index in lines for people: a host's timeline, and the tasks of an entry."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.syntax import Syntax
from rich.text import Text

from pointsman.core.index.entry import IndexEntry, TaskEntry
from pointsman.core.index.event_names import SHORT, name_of_entry
from pointsman.core.index.outcomes import WOULD_CHANGE, in_words, is_of_check, outcome_of_task
from pointsman.core.model import Mode
from pointsman.core.text import join_first, pluralize
from pointsman.core.trail.host_values import TaskResult
from pointsmanctl.output.lines import Line, LineTable, header
from pointsmanctl.output.sanitize import sanitized
from pointsmanctl.output.styles import STYLES
from pointsmanctl.output.times import local_text, zone_name

HOST_RESULT = "HostResultRecorded"
type FoundTasks = tuple[IndexEntry, Sequence[TaskEntry | TaskResult]]
"""An entry, and its tasks as far as they are to be shown."""


def timeline(found: Iterable[FoundTasks], *, with_targets: bool) -> LineTable:
    """Return what happened to a host, one line for each event and its tasks below it."""
    columns = ["EVENT", "COMMIT", "WHO", "ROUTE", *(["TARGET"] if with_targets else []), "WHAT"]
    lines = [_line(sanitized(entry), tasks, with_targets=with_targets) for entry, tasks in found]
    return LineTable([header(f"TIME ({zone_name()})", *columns), *lines])


def _line(entry: IndexEntry, tasks: Sequence[TaskEntry | TaskResult], *, with_targets: bool) -> Line:
    cells = [
        time_of(entry),
        name_of_entry(entry)[:SHORT],
        (entry.commit or "")[:7],
        entry.person or "",
        entry.route or "",
        *([entry.target or ""] if with_targets else []),
    ]
    return Line(tuple(map(Text, cells)), what(entry), [*task_lines(entry, tasks)])


def time_of(entry: IndexEntry) -> str:
    """Return the time of an entry, as tables show it."""
    return local_text(entry.at)


def what(entry: IndexEntry) -> Text:
    """Return an entry in one line: the outcome of a host, and the details of every event."""
    if entry.type != HOST_RESULT or not entry.outcomes:
        return Text(entry.detail or entry.type)
    text = outcome_text(entry.outcomes[0])
    return text.append(f"  {entry.detail}" if entry.detail else "", "default")


def outcome_text(outcome: str) -> Text:
    """Return an outcome in words and in its colour."""
    style = STYLES.get("changed" if outcome == WOULD_CHANGE else outcome, "")
    return Text(in_words(outcome), style)


def task_lines(entry: IndexEntry, tasks: Sequence[TaskEntry | TaskResult]) -> Iterator[RenderableType]:
    """Yield each task, and what it changed in its file if that was read."""
    is_check = is_of_check(entry)
    for each in tasks:
        task = sanitized(each)
        yield task_text(task, is_check=is_check)
        if isinstance(task, TaskResult) and task.diff:
            yield diff_of(task.diff)
    if omitted := omitted_tasks(entry, tasks):
        yield Text(f"and {pluralize(omitted, 'more task')}", "dim")


def omitted_tasks(entry: IndexEntry, tasks: Sequence[TaskEntry | TaskResult]) -> int:
    """Return how many tasks are not known: none, if they were read from the event."""
    return 0 if any(isinstance(task, TaskResult) for task in tasks) else entry.tasks_omitted


def task_text(task: TaskEntry | TaskResult, *, is_check: bool = False) -> Text:
    """Return a task in one line: its result, its name, its place in the playbook and the file that it changed."""
    text = outcome_text(result_of(task, is_check=is_check))
    text.append(f" {task.title}", "default")
    text.append(f"  {task.path}", "dim")
    text.append(f" → {files}" if (files := _files(task)) else "", "default")
    text.append(f"  {how}" if isinstance(task, TaskResult) and (how := how_it_ran(task)) else "", "dim")
    if isinstance(task, TaskResult) and task.status != "changed" and task.message:
        text.append(f"\n{task.message}", "default")
    return text


def how_it_ran(task: TaskResult) -> str:
    """Return in words what is special about how a task ran: where, for whom, how often, and when."""
    job = f"job {task.async_job} {'ended' if task.async_finished else 'still ran'}" if task.async_job else ""
    words = (
        "handler" if task.handler else "",
        "once for all hosts" if task.run_once else "",
        f"for {task.on_behalf_of}" if task.on_behalf_of else "",
        f"on {task.delegated_to}" if task.delegated_to else "",
        f"{task.attempts} attempts" if task.attempts > 1 else "",
        job,
    )
    return f"({', '.join(filter(None, words))})" if any(words) else ""


def _files(task: TaskEntry | TaskResult) -> str:
    """Return the files that a task changed: the first, and how many more."""
    first, total = changed_files(task)
    return join_first([first] if first else [], total=total)


def changed_files(task: TaskEntry | TaskResult) -> tuple[str | None, int]:
    """Return the first file that a task changed, and the number of all."""
    if isinstance(task, TaskEntry):
        return task.changed_path, task.changed_files
    return (task.changed_paths[0] if task.changed_paths else None), task.changed_files


def result_of(task: TaskEntry | TaskResult, *, is_check: bool = False) -> str:
    """Return the result of a task: a rescued or ignored failure does not fail the host, and a check changes nothing."""
    if task.rescued:
        return "rescued"
    return "ignored" if task.ignored else outcome_of_task(Mode.CHECK if is_check else Mode.APPLY, task)


def diff_of(diff: str) -> Syntax:
    """Return a diff in colours."""
    return Syntax(diff.rstrip("\n"), "diff", background_color="default", word_wrap=True)
