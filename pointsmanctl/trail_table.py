"""The trail as a table for people: one line an event, and the tasks of each host below it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from pointsman.core.model import Mode, Outcome
from pointsman.events import (
    BuildReported,
    DeliveryDecided,
    ErratumRecorded,
    EventRejected,
    HostResultRecorded,
    PlaybookEnded,
    RecordingCapped,
    RolloutEnded,
    RolloutRepeated,
    RolloutStarted,
    RunEnded,
    RunStarted,
    RunWaited,
    TaskResult,
)
from pointsman.trail_item import NewerEvent, ReadEvent
from pointsmanctl.harmless import harmless
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
    "rescued": "dim",
    "ignored": "dim",
    "matched": "green",
    "undetermined": "yellow",
}


COLUMNS = ("TIME (UTC)", "WHO", "COMMIT", "TARGET", "HOST", "WHAT")
INDENT = 4
GAP = 2
READABLE = 40  # columns of a terminal: with fewer, a sentence stands below its line, not beside it


@dataclass(frozen=True)
class Line:
    """A line of a table: short cells, then a sentence, and what belongs below both."""

    cells: tuple[Text, ...]
    sentence: RenderableType
    details: Sequence[RenderableType] = ()
    style: str = ""

    def beside(self, widths: list[int]) -> Iterator[RenderableType]:
        """The sentence at the end of the line."""
        row = _row(widths)
        row.add_column(ratio=1, overflow="fold")
        row.add_row(*self.cells, self.sentence, style=self.style)
        yield row
        yield from (Padding(detail, (0, 0, 0, INDENT)) for detail in self.details)

    def stacked(self, widths: list[int] | None) -> Iterator[RenderableType]:
        """The sentence below the line; without widths, the cells follow each other as words do."""
        if widths is None:
            yield Text(" " * GAP, style=self.style).join(cell for cell in self.cells if cell)
        else:
            row = _row(widths)
            row.add_row(*self.cells, style=self.style)
            yield row
        yield Padding(self.sentence, (0, 0, 0, INDENT), style=self.style)
        yield from (Padding(detail, (0, 0, 0, 2 * INDENT)) for detail in self.details)


@dataclass(frozen=True)
class Lines:
    """A table whose sentences stand beside the cells, or below when less than `room` is left for them."""

    lines: list[Line]
    room: int = READABLE

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = zip(*(line.cells for line in self.lines), strict=True)
        widths = [max(cell.cell_len for cell in column) for column in columns]
        left = options.max_width - sum(width + GAP for width in widths)
        for line in self.lines:
            if left >= self.room:
                yield from line.beside(widths)
            else:
                yield from line.stacked(widths if left >= -GAP else None)


def header(*names: str) -> Line:
    """The first line of a table."""
    *cells, last = (Text(name) for name in names)
    return Line(tuple(cells), last, style="bold")


def trail_table(events: Sequence[ReadEvent], *, diffs: bool = False) -> Lines:
    """Events as lines: when, who, which commit, where, what; the tasks of a host below its line.

    With `diffs`, each task has a line of its own, and what it changed in its file.
    """
    return Lines([header(*COLUMNS), *(_event_line(harmless(event), diffs=diffs) for event in events)])


def _event_line(event: ReadEvent, *, diffs: bool) -> Line:
    commit = (event.commit or "")[:7]
    cells = (f"{event.at:%m-%d %H:%M:%S}", event.actor or "", commit, event.target or "", event.host or "")
    head, *details = what(event, diffs=diffs)
    return Line(tuple(Text(cell) for cell in cells), head, details)


def _row(widths: list[int]) -> Table:
    row = Table.grid(padding=(0, GAP))
    for width in widths:
        row.add_column(width=width, no_wrap=True)
    return row


def what(event: ReadEvent, *, diffs: bool = False) -> list[Text | Syntax]:
    """An event in one line, and the lines below it."""
    match event:
        case HostResultRecorded():
            return _host(event, diffs=diffs)
        case DeliveryDecided():
            return list(_delivery(event))
        case RunEnded() | RolloutEnded():
            return [_ended(event)]
        case PlaybookEnded():
            return [_playbook(event)]
        case _:
            return [_line(event)]


def _line(event: ReadEvent) -> Text:
    match event:
        case RolloutStarted():
            check = " to check only" if event.mode is Mode.CHECK else ""
            return Text(f"rollout {event.rollout} on route {event.route} started{check}: {len(event.targets)} targets")
        case RolloutRepeated():
            return Text(f"asked for again by delivery {event.delivery}: {event.reason}")
        case RunWaited():
            return Text(f"waits behind {event.behind}")
        case RunStarted():
            return Text(f"build started {event.build_arn.rpartition('/')[2]}")
        case BuildReported():
            said = f"CodeBuild: {event.status}" + (f", {event.phase}" if event.phase else "")
            return Text(said + _outside(event), style="dim" if event.started_by is None else "yellow")
        case EventRejected():
            return Text(
                f"rejected {event.detail_type} from account {event.sender_account}: {event.reason}", style="red"
            )
        case _:
            return _note(event)


def _note(event: ReadEvent) -> Text:
    """What the trail says of itself."""
    match event:
        case RecordingCapped():
            return Text(f"not all is recorded: {event.reason}", STYLES["failed"])
        case ErratumRecorded():
            fields = ", ".join(event.fields)
            return Text(f"erratum {event.erratum}: {fields} of {event.item_key} was removed: {event.reason}", "yellow")
        case NewerEvent():
            return Text(f"{event.type}: a newer version of Pointsman wrote it; --json shows it whole", "dim")
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


def _playbook(event: PlaybookEnded) -> Text:
    """How Ansible ended, and what the hosts' results do not tell."""
    if event.exit_status == 0:
        text = Text(f"Ansible succeeded: {event.hosts} host{'' if event.hosts == 1 else 's'}", "green")
    else:
        how = "was ended" if event.exit_status is None else f"failed (exit status {event.exit_status})"
        text = Text(f"Ansible {how}", STYLES["failed"])
        text.append(f": {event.reason}" if event.reason else "", "default")
    if event.hosts_cut_off:
        text.append(f"\ncut off before: {_first(event.hosts_cut_off, event.hosts_cut_off_total)}", "default")
    if event.results_missing:
        text.append(f"\nresults are missing of: {', '.join(event.results_missing)}", STYLES["failed"])
    text.append(_outside(event), "yellow")
    return text


def _first(names: Sequence[str], total: int) -> str:
    more = total - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def _outside(event: BuildReported | HostResultRecorded | PlaybookEnded) -> str:
    return f" (build started outside Pointsman's queue by {event.started_by})" if event.started_by else ""


def _delivery(event: DeliveryDecided) -> Iterator[Text]:
    head = Text(f"delivery {event.delivery}: {event.change.title}")
    if event.shortened:
        head.append(" (shortened)", "dim")
    yield head
    for decision in event.decisions:
        outcome = decision.outcome.value
        if decision.outcome is Outcome.UNDETERMINED:
            outcome += ", runs" if decision.runs else ", does not run"
        line = Text(f"{decision.route}: ")
        line.append(outcome, STYLES.get(decision.outcome.value, ""))
        line.append(f" ({decision.reason})")
        yield line
    if event.decisions_omitted:
        yield Text(f"and {event.decisions_omitted} more decisions", style="dim")
    if not event.decisions:
        yield Text(event.reason, style="dim")


def _host(event: HostResultRecorded, *, diffs: bool) -> list[Text | Syntax]:
    counts = event.counts
    told = "would change" if event.mode is Mode.CHECK and event.status == "changed" else event.status
    head = Text(told, STYLES.get(event.status, ""))
    head.append(f"  {counts.ok} ok, {counts.changed} changed, {counts.failed + counts.unreachable} failed", "default")
    if event.part > 1 or not event.final:
        head.append(f"  (part {event.part}{'' if event.final else ', still running'})", "dim")
    head.append(_outside(event), "yellow")
    lines: list[Text | Syntax] = [head]
    if diffs:
        for task in event.tasks:
            lines.append(_task(task))
            lines += [Syntax(task.diff, "diff", background_color="default", word_wrap=True)] if task.diff else []
    else:
        lines += _tasks_in_short(event)
    if event.tasks_omitted:
        lines.append(Text(f"and {event.tasks_omitted} more tasks", style="dim"))
    return lines


def _tasks_in_short(event: HostResultRecorded) -> Iterator[Text]:
    changed = [task.name + _for(task) for task in event.tasks if task.status == "changed"]
    if changed:
        yield Text(" · ".join(changed), style="dim")
    for task in event.tasks:
        if task.status != "changed":
            yield _task(task)


def outcome(task: TaskResult) -> str:
    """What a task was in the end: a failure that was made good is none of its host's."""
    if task.rescued:
        return "rescued"
    return "ignored" if task.ignored else task.status


def _for(task: TaskResult) -> str:
    """Where a delegated task ran, or for whom."""
    if task.delegated_to:
        return f" (on {task.delegated_to})"
    return f" (for {task.on_behalf_of})" if task.on_behalf_of else ""


def _task(task: TaskResult) -> Text:
    word = outcome(task)
    text = Text(word, STYLES[word])
    text.append(f" {task.name}{_for(task)}", "default")
    text.append(f"  {task.path}", "dim")
    if task.status != "changed" and task.message:
        text.append(f"\n{task.message}", "default")
    return text
