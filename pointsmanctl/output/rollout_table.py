"""Rollouts as tables for people: one line each, or one rollout with all its runs."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from pointsman.core.git_ref import read_ref
from pointsman.core.model import Mode, Rollout, Run, RunState
from pointsman.core.rollouts.ending import ending_of
from pointsman.core.text import format_duration
from pointsmanctl.output.lines import READABLE, Line, LineTable, header
from pointsmanctl.output.run_ends import Ends, why_run_ended
from pointsmanctl.output.sanitize import sanitized
from pointsmanctl.output.styles import STYLES
from pointsmanctl.stack.rollouts import LoadedRollout


def safe(loaded: LoadedRollout) -> LoadedRollout:
    """Return the rollout with text that is safe to print on a terminal."""
    ends = {arn: sanitized(end) for arn, end in loaded.ends.items()}
    return replace(
        loaded, rollout=sanitized(loaded.rollout), runs=tuple(sanitized(run) for run in loaded.runs), ends=ends
    )


def rollouts_table(rollouts: Sequence[LoadedRollout], now: datetime) -> LineTable:
    """Return one line per rollout, in the given order; its runs stand below it if they don't fit beside it."""
    tallies = [tally(each.newest.values(), len(each.rollout.spec.targets)) for each in rollouts]
    pairs = zip((sanitized(each.rollout) for each in rollouts), tallies, strict=True)
    lines = [Line(_cells(rollout, now), Text(counts)) for rollout, counts in pairs]
    room = min(READABLE, max(map(len, tallies), default=0))
    return LineTable([header("ROLLOUT", "ROUTE", "COMMIT", "WHO", "STATE", "AGE", "RUNS"), *lines], room)


def _cells(rollout: Rollout, now: datetime) -> tuple[Text, ...]:
    age = format_duration((now - rollout.created_at).total_seconds())
    change = rollout.change
    texts = (Text(each) for each in (rollout.id, rollout.spec.route, change.after[:7], rollout.actor))
    return (*texts, state(rollout.state.value), Text(age))


def tally(runs: Iterable[Run], targets: int) -> str:
    """Return the number of runs in each state: `8 succeeded, 2 running of 10`."""
    counts = Counter(run.state for run in runs)
    parts = ", ".join(f"{counts[each]} {each.value.replace('_', ' ')}" for each in RunState if counts[each])
    return f"{parts or 'none'} of {targets}"


def rollout_report(loaded: LoadedRollout, *, links: bool = False) -> RenderableType:
    """Return one rollout with its commit, its people and each of its runs.

    With `links`, logs are links as terminals show them; without, their addresses are in full.
    """
    loaded = safe(loaded)
    runs = loaded.newest
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("TARGET", "ATTEMPT", "STATE", "TOOK", "LOG"):
        table.add_column(name, no_wrap=True)
    table.add_column("WHY", overflow="fold")
    for name, run in runs.items():
        cells = (Text(name), Text(str(run.attempt)), state(run.state.value), Text(_took(run)), _log(run, links=links))
        table.add_row(*cells, _why(run, loaded.ends, one_line=not links))
    hint = f"Which task failed on which host: pointsman audit --rollout {loaded.rollout.id} --type HostResultRecorded"
    failed = any(run.state is RunState.FAILED for run in runs.values())
    return Group(_head(loaded.rollout), table, *([Text(hint, style="dim")] if failed else []))


def _head(rollout: Rollout) -> Text:
    change, spec = rollout.change, rollout.spec
    mode = ", check only" if spec.mode is Mode.CHECK else ""
    return Text.assemble(
        (f"{rollout.id}  ", "bold"),
        state(rollout.state.value),
        f"\n{change.repository} {read_ref(change.ref).shown} {change.after[:7]}  {change.title}",
        f"\nby {change.author}, {_requested(rollout)}; route {spec.route}, {spec.playbook}{mode}\n",
        (_cancelled(rollout), STYLES["cancelled"]),
    )


def _cancelled(rollout: Rollout) -> str:
    ending = ending_of(rollout)
    if ending is None:
        return ""
    if rollout.halt:
        return f"{ending.reason}\n"
    done = "was" if rollout.state.ended else "is being"
    return f"{done} {ending.reason}\n"


def _requested(rollout: Rollout) -> str:
    if rollout.request:
        return f"requested by {rollout.request.actor} because {rollout.request.reason}"
    return f"{'requested' if rollout.change.pull_request else 'pushed'} by {rollout.change.actor}"


def state(name: str) -> Text:
    """Return a state in its colour."""
    return Text(name.replace("_", " "), STYLES.get(name, ""))


def _log(run: Run, *, links: bool) -> Text:
    if not run.log_url:
        return Text("")
    return Text("log", Style(link=run.log_url, underline=True)) if links else Text(run.log_url)


def _took(run: Run) -> str:
    if run.started_at is None or run.ended_at is None:
        return ""
    return format_duration((run.ended_at - run.started_at).total_seconds())


def _why(run: Run, ends: Ends, *, one_line: bool) -> Text:
    waits = run.state is RunState.WAITING and run.blocked_by
    reason = f"waits behind {run.blocked_by}" if waits else why_run_ended(run, ends)
    return Text(" ".join(reason.split("\n")) if one_line else reason)
