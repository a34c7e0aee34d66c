"""The results of one host, in lines for people."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.syntax import Syntax
from rich.text import Text

from pointsman.core.index.outcomes import in_words, outcome_of_result
from pointsman.core.model import Mode
from pointsman.core.text import pluralize
from pointsman.core.trail.events import BuildReported, HostResultRecorded, PlaybookEnded, RawReportRecorded
from pointsman.core.trail.host_values import TaskResult
from pointsman.core.trail.item import ReadEvent
from pointsman.core.trail.long_diffs import is_whole, with_whole_diffs
from pointsman.core.trail.loops import joined_loops
from pointsmanctl.output.entry_lines import how_it_ran, outcome_text, result_of


def joined_parts(events: Iterable[ReadEvent], *, complete: bool = True) -> list[ReadEvent]:
    """Return `events` with the parts of one host's result joined, at the position of the last part.

    `complete`: these are all events of their rollouts, so that a part that is not among them is missing. Of an answer
    to a question, the other parts may be elsewhere.
    """
    events = list(events)
    results = [event for event in events if isinstance(event, HostResultRecorded)]
    by_host = groupby(sorted(results, key=_build_and_host), key=_build_and_host)
    results_by_host = {
        key: _joined(sorted(parts, key=lambda each: each.part), complete=complete) for key, parts in by_host
    }
    last = {_build_and_host(event): event for event in results}
    return [
        results_by_host[_build_and_host(event)] if isinstance(event, HostResultRecorded) else event
        for event in events
        if not isinstance(event, HostResultRecorded) or event is last[_build_and_host(event)]
    ]


def _build_and_host(event: HostResultRecorded) -> tuple[str, str]:
    return (event.build_arn, event.host)


def _joined(parts: list[HostResultRecorded], *, complete: bool) -> HostResultRecorded:
    """Return one result made of all parts, with the counts and status of the last. Final: no part is missing."""
    last = parts[-1]
    joined = last.replace(
        part=1,
        final=not complete or (last.final and len(parts) == last.part),
        tasks=tuple(task for part in parts for task in part.tasks),
        tasks_omitted=sum(part.tasks_omitted for part in parts),
        shortened=any(part.shortened for part in parts),
        started_at=parts[0].started_at,
    )
    return with_whole_diffs(joined, parts)


def host_lines(event: HostResultRecorded, *, diffs: bool) -> list[Text | Syntax]:
    """Return the result in one line, and its tasks below it; with `diffs`, each with what it changed."""
    lines: list[Text | Syntax] = [_head(event)]
    if diffs:
        for task in event.tasks:
            lines.append(_task(task, event.mode))
            lines += _diff_lines(task)
    else:
        lines += _short_tasks(event)
    if event.tasks_omitted:
        lines.append(Text(f"and {pluralize(event.tasks_omitted, 'more task')}", style="dim"))
    return lines


def _diff_lines(task: TaskResult) -> Iterator[Text | Syntax]:
    if task.diff:
        yield Syntax(task.diff, "diff", background_color="default", word_wrap=True)
        if not is_whole(task):
            note = f"(not the whole diff of the build, which has the SHA-256 {task.diff_sha256})"
            yield Text(note, style="dim")


def _head(event: HostResultRecorded) -> Text:
    counts = event.counts
    changed = in_words(outcome_of_result(event.mode, "changed"))
    head = outcome_text(outcome_of_result(event.mode, event.status))
    head.append(f"  {counts.ok} ok, {counts.changed} {changed}, {counts.failed + counts.unreachable} failed", "default")
    for word, number in (("rescued", counts.rescued), ("ignored", counts.ignored)):
        head.append(f", {number} {word}" if number else "", "default")
    head.append("" if event.final else "  (part of this host's result is missing)", "yellow")
    if event.unknown_fields:
        head.append(f"  (with {pluralize(len(event.unknown_fields), 'field')} of another version: -o json)", "dim")
    head.append(outside(event), "yellow")
    return head


def outside(event: BuildReported | HostResultRecorded | PlaybookEnded | RawReportRecorded) -> str:
    """Return who started the build of `event`, if it was not Pointsman."""
    return f" (build outside Pointsman, started by {event.started_by})" if event.started_by else ""


def _short_tasks(event: HostResultRecorded) -> Iterator[Text]:
    tasks = joined_loops(event.tasks)
    changed = [_titled(task) for task in tasks if task.status == "changed"]
    if changed:
        yield Text(" · ".join(changed), style="dim")
    for task in tasks:
        if task.status != "changed":
            yield _task(task, event.mode)


def _titled(task: TaskResult) -> str:
    how = how_it_ran(task)
    return f"{task.title} {how}" if how else task.title


def _task(task: TaskResult, mode: Mode) -> Text:
    word = result_of(task, is_check=mode is Mode.CHECK)
    text = outcome_text(word)
    text.append(f"{':' if word in ('rescued', 'ignored') else ''} {_titled(task)}", "default")
    text.append(f"  {task.path}", "dim")
    if task.status != "changed" and task.message:
        text.append(f"\n{task.message}", "default")
    return text
