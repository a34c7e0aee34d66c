"""Rollouts as tables for people: one line each, or one rollout with all its runs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from pointsman.core.git_ref import read_ref
from pointsman.core.identity import principal_name
from pointsman.core.model import Mode, Rollout, Run, RunState
from pointsman.core.text import format_duration
from pointsmanctl.output.lines import READABLE, Line, LineTable, header
from pointsmanctl.output.rollout_words import decisions_of, people_of, took, why_of
from pointsmanctl.output.run_ends import Ends
from pointsmanctl.output.sanitize import sanitized
from pointsmanctl.output.styles import STYLES
from pointsmanctl.output.tally import tally
from pointsmanctl.output.waits import next_commands, waits_of
from pointsmanctl.output.wave_table import wave_table
from pointsmanctl.output.wave_views import waves_of
from pointsmanctl.stack.rollouts import LoadedRollout


def safe(loaded: LoadedRollout) -> LoadedRollout:
    """Return the rollout with text that is safe to print on a terminal."""
    ends = {arn: sanitized(end) for arn, end in loaded.ends.items()}
    return replace(
        loaded, rollout=sanitized(loaded.rollout), runs=tuple(sanitized(run) for run in loaded.runs), ends=ends
    )


def rollouts_table(rollouts: Sequence[LoadedRollout], now: datetime) -> LineTable:
    """Return one line per rollout, in the given order; its runs stand below it if they don't fit beside it.

    Below its line is what it waits for.
    """
    tallies = [tally(each.newest.values(), len(each.rollout.spec.targets)) for each in rollouts]
    pairs = zip(map(safe, rollouts), tallies, strict=True)
    lines = [Line(_cells(each.rollout, now), Text(counts), list(_waits(each))) for each, counts in pairs]
    room = min(READABLE, max(map(len, tallies), default=0))
    return LineTable([header("ROLLOUT", "ROUTE", "COMMIT", "WHO", "STATE", "AGE", "RUNS"), *lines], room)


def _cells(rollout: Rollout, now: datetime) -> tuple[Text, ...]:
    age = format_duration((now - rollout.created_at).total_seconds())
    change = rollout.change
    who = principal_name(rollout.actor)
    texts = (Text(each) for each in (rollout.id, rollout.spec.route, change.after[:7], who))
    return (*texts, state(rollout.state.value), Text(age))


def _waits(loaded: LoadedRollout, *, commands: bool = False) -> Iterator[Text]:
    """Yield what a rollout waits for, and with `commands` what ends each wait."""
    for waiting in waits_of(loaded.rollout, loaded.newest):
        yield Text(str(waiting), "yellow")
        if commands:
            yield from (Text(f"  {command}", "dim") for command in waiting.commands)


def rollout_report(loaded: LoadedRollout, *, links: bool = False) -> RenderableType:
    """Return one rollout with its commit, its people, its waves, what it waits for, and each of its runs.

    With `links`, logs are links as terminals show them; without, their addresses are in full.
    """
    loaded = safe(loaded)
    rollout, runs = loaded.rollout, loaded.newest
    parts: list[RenderableType] = [_head(rollout)]
    if waves := list(waves_of(rollout, runs)):
        table = wave_table(waves)
        parts += [table if links else table.plain(), Text()]
    if waits := list(_waits(loaded, commands=True)):
        parts += [*waits, Text()]
    parts.append(_runs(loaded, links=links))
    parts += (Text(line, "dim") for line in _hints(loaded))
    return Group(*parts)


def _runs(loaded: LoadedRollout, *, links: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("TARGET", "ATTEMPT", "STATE", "TOOK", "LOG"):
        table.add_column(name, no_wrap=True)
    table.add_column("WHY", overflow="fold")
    for name, run in loaded.newest.items():
        cells = (Text(name), Text(str(run.attempt)), state(run.state.value), Text(took(run)), _log(run, links=links))
        table.add_row(*cells, _why(run, loaded.ends, one_line=not links))
    return table


def _hints(loaded: LoadedRollout) -> Iterator[str]:
    rollout, runs = loaded.rollout, loaded.newest
    if any(run.state is RunState.FAILED for run in runs.values()):
        audit = f"pointsman audit --rollout {rollout.id} --type HostResultRecorded"
        yield f"Which task failed on which host: {audit}"
    yield from (f"Next: {command}" for command in next_commands(rollout, runs))


def _head(rollout: Rollout) -> Text:
    change, spec = rollout.change, rollout.spec
    mode = ", check only" if spec.mode is Mode.CHECK else ""
    return Text.assemble(
        (f"{rollout.id}  ", "bold"),
        state(rollout.state.value),
        f"\n{change.repository} {read_ref(change.ref).shown} {change.after[:7]}  {change.title}",
        f"\n{people_of(rollout)}; route {spec.route}, {spec.playbook}{mode}\n",
        ("".join(f"{line}\n" for line in decisions_of(rollout)), STYLES["cancelled"]),
    )


def state(name: str) -> Text:
    """Return a state in its colour."""
    return Text(name.replace("_", " "), STYLES.get(name, ""))


def _log(run: Run, *, links: bool) -> Text:
    if not run.log_url:
        return Text("")
    return Text("log", Style(link=run.log_url, underline=True)) if links else Text(run.log_url)


def _why(run: Run, ends: Ends, *, one_line: bool) -> Text:
    reason = why_of(run, ends)
    return Text(" ".join(reason.split("\n")) if one_line else reason)
