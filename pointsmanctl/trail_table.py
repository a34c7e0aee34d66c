"""The trail as a table for people: one line an event, and the tasks of each host below it."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from pointsman.core.model import Outcome
from pointsman.events import (
    BuildReported,
    DeliveryDecided,
    EventRejected,
    HostResultRecorded,
    RolloutEnded,
    RolloutRepeated,
    RolloutStarted,
    RunEnded,
    RunStarted,
    RunWaited,
    TaskResult,
    TrailEvent,
)
from pointsmanctl.times import duration

STYLES = {
    "changed": "yellow",
    "failed": "bold red",
    "unreachable": "bold red",
    "ok": "green",
    "succeeded": "green",
    "refused": "bold red",
    "stopped": "red",
    "timed_out": "bold red",
    "faulted": "bold red",
    "superseded": "dim",
    "ignored": "dim",
    "matched": "green",
    "undetermined": "yellow",
}


COLUMNS = ("TIME (UTC)", "WHO", "COMMIT", "TARGET", "HOST", "WHAT")
INDENT = 4


def trail_table(events: list[TrailEvent], *, diffs: bool = False) -> Group:
    """Events as lines: when, who, which commit, where, what; the tasks of a host below its line.

    With `diffs`, each task has a line of its own, and what it changed in its file.
    """
    rows = [_cells(event) for event in events]
    widths = [max(map(len, column)) for column in zip(COLUMNS[:-1], *(row for row in rows), strict=True)]
    lines: list[RenderableType] = [_row(COLUMNS[:-1], widths, Text(COLUMNS[-1]), style="bold")]
    for event, cells in zip(events, rows, strict=True):
        head, *details = what(event, diffs=diffs)
        lines.append(_row(cells, widths, head))
        lines += [Padding(detail, (0, 0, 0, INDENT)) for detail in details]
    return Group(*lines)


def _cells(event: TrailEvent) -> tuple[str, ...]:
    commit = (event.commit or "")[:7]
    return (f"{event.at:%m-%d %H:%M:%S}", event.actor or "", commit, event.target or "", event.host or "")


def _row(cells: tuple[str, ...], widths: list[int], what_happened: RenderableType, style: str = "") -> Table:
    row = Table.grid(padding=(0, 2))
    for width in widths:
        row.add_column(width=width, no_wrap=True)
    row.add_column(ratio=1, overflow="fold")
    row.add_row(*(Text(cell) for cell in cells), what_happened, style=style)
    return row


def what(event: TrailEvent, *, diffs: bool = False) -> list[Text | Syntax]:
    """An event in one line, and the lines below it."""
    match event:
        case HostResultRecorded():
            return _host(event, diffs=diffs)
        case DeliveryDecided():
            return list(_delivery(event))
        case _:
            return [_line(event)]


def _line(event: TrailEvent) -> Text:
    match event:
        case RolloutStarted():
            return Text(f"rollout {event.rollout} on route {event.route} started: {len(event.targets)} targets")
        case RolloutRepeated():
            return Text(f"asked for again by delivery {event.delivery}: {event.reason}")
        case RunWaited():
            return Text(f"waits behind {event.behind}")
        case RunStarted():
            return Text(f"build started {event.build_arn.rpartition('/')[2]}")
        case BuildReported():
            return Text(f"CodeBuild: {event.status}" + (f", {event.phase}" if event.phase else ""), style="dim")
        case RunEnded() | RolloutEnded():
            return _ended(event)
        case EventRejected():
            return Text(
                f"rejected {event.detail_type} from account {event.sender_account}: {event.reason}", style="red"
            )
        case _:
            return Text(event.type)


def _ended(event: RunEnded | RolloutEnded) -> Text:
    text = Text("run " if isinstance(event, RunEnded) else f"rollout {event.rollout} ")
    text.append(event.state.value.replace("_", " "), STYLES.get(event.state.value, ""))
    if isinstance(event, RunEnded) and event.duration_seconds is not None:
        text.append(f" after {duration(event.duration_seconds)}")
    if event.reason and event.state.value != "succeeded":
        text.append(f": {event.reason}")
    return text


def _delivery(event: DeliveryDecided) -> Iterator[Text]:
    yield Text(f"delivery {event.delivery}: {event.change.title}")
    for decision in event.decisions:
        outcome = decision.outcome.value
        if decision.outcome is Outcome.UNDETERMINED:
            outcome += ", runs" if decision.runs else ", does not run"
        line = Text(f"{decision.route}: ")
        line.append(outcome, STYLES.get(decision.outcome.value, ""))
        line.append(f" ({decision.reason})")
        yield line
    if not event.decisions:
        yield Text(event.reason, style="dim")


def _host(event: HostResultRecorded, *, diffs: bool) -> list[Text | Syntax]:
    counts = event.counts
    head = Text(event.status, STYLES.get(event.status, ""))
    head.append(f"  {counts.ok} ok, {counts.changed} changed, {counts.failed + counts.unreachable} failed", "default")
    lines: list[Text | Syntax] = [head]
    if diffs:
        for task in event.tasks:
            lines.append(_task(task))
            lines += [Syntax(task.diff, "diff", background_color="default")] if task.diff else []
    else:
        lines += _tasks_in_short(event)
    if event.tasks_omitted:
        lines.append(Text(f"and {event.tasks_omitted} more tasks", style="dim"))
    return lines


def _tasks_in_short(event: HostResultRecorded) -> Iterator[Text]:
    changed = [task.name for task in event.tasks if task.status == "changed"]
    if changed:
        yield Text(" · ".join(changed), style="dim")
    for task in event.tasks:
        if task.status != "changed":
            yield _task(task)


def _task(task: TaskResult) -> Text:
    text = Text(task.status, STYLES[task.status])
    text.append(f" {task.name}", "default")
    text.append(f"  {task.path}", "dim")
    if task.status != "changed" and task.message:
        text.append(f"\n{task.message}", "default")
    return text
