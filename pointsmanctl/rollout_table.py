"""Rollouts as tables for people: one line each, or one with all its runs."""

from collections import Counter
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pointsman.core.git_ref import read_ref
from pointsman.core.model import Mode, Rollout, Run, RunState
from pointsman.core.rollouts.reconcile import latest
from pointsmanctl.harmless import harmless
from pointsmanctl.run_ends import Ends, why_run_ended
from pointsmanctl.styles import STYLES
from pointsmanctl.times import duration
from pointsmanctl.trail_table import READABLE, Line, Lines, header

type Loaded = tuple[Rollout, tuple[Run, ...]]


def rollouts_table(rollouts: list[Loaded], now: datetime) -> Lines:
    """One line a rollout, in the order given; its runs below it where they don't fit beside."""
    tallies = [tally(list(latest(runs).values()), len(rollout.spec.targets)) for rollout, runs in rollouts]
    told = zip((harmless(rollout) for rollout, _ in rollouts), tallies, strict=True)
    lines = [Line(_cells(rollout, now), Text(counts)) for rollout, counts in told]
    room = min(READABLE, max(map(len, tallies), default=0))
    return Lines([header("ROLLOUT", "ROUTE", "COMMIT", "WHO", "STATE", "AGE", "RUNS"), *lines], room)


def _cells(rollout: Rollout, now: datetime) -> tuple[Text, ...]:
    age = duration((now - rollout.created_at).total_seconds())
    change = rollout.change
    told = (Text(each) for each in (rollout.id, rollout.spec.route, change.after[:7], change.actor))
    return (*told, state(rollout.state.value), Text(age))


def tally(runs: list[Run], targets: int) -> str:
    """`8 succeeded, 2 running of 10`."""
    counts = Counter(run.state for run in runs)
    told = ", ".join(f"{counts[each]} {each.value.replace('_', ' ')}" for each in RunState if counts[each])
    return f"{told or 'none'} of {targets}"


def rollout_report(loaded: Loaded, ends: Ends) -> RenderableType:
    """One rollout with what it goes back to and each of its runs."""
    ends = {arn: harmless(end) for arn, end in ends.items()}
    rollout, runs = harmless(loaded[0]), [harmless(run) for run in loaded[1]]
    change = rollout.change
    head = Text.assemble(
        (f"{rollout.id}  ", "bold"),
        state(rollout.state.value),
        f"\n{change.repository} {read_ref(change.ref).shown} {change.after[:7]}  {change.title}",
        f"\nby {change.author}, {'asked for' if change.pull_request else 'pushed'} by {change.actor}; "
        f"route {rollout.spec.route}, {rollout.spec.playbook}{_mode(rollout)}\n",
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("TARGET", "ATTEMPT", "STATE", "TOOK"):
        table.add_column(name, no_wrap=True)
    table.add_column("WHY", overflow="fold")
    for name, run in sorted(latest(runs).items()):
        table.add_row(escape(name), str(run.attempt), state(run.state.value), _took(run), escape(_why(run, ends)))
    failed = any(run.state is RunState.FAILED for run in latest(runs).values())
    hint = f"which task failed on which host: pointsman audit --rollout {rollout.id} --type HostResultRecorded"
    return Group(head, table, *([Text(hint, style="dim")] if failed else []))


def _mode(rollout: Rollout) -> str:
    return ", check only" if rollout.spec.mode is Mode.CHECK else ""


def state(name: str) -> Text:
    """A state in its colour."""
    return Text(name.replace("_", " "), STYLES.get(name, ""))


def _took(run: Run) -> str:
    if run.started_at is None or run.ended_at is None:
        return ""
    return duration((run.ended_at - run.started_at).total_seconds())


def _why(run: Run, ends: Ends) -> str:
    if run.state is RunState.WAITING and run.blocked_by:
        return f"waits behind {run.blocked_by}"
    return why_run_ended(run, ends)


def loaded_as_json(loaded: Loaded, ends: Ends | None = None) -> dict[str, Any]:
    """A rollout and its runs, for programs; with `ends`, also how Ansible ended in each run's build."""
    rollout, runs = loaded
    return {"rollout": rollout.model_dump(mode="json"), "runs": [_run_as_json(run, ends) for run in runs]}


def _run_as_json(run: Run, ends: Ends | None) -> dict[str, Any]:
    told = run.model_dump(mode="json")
    if ends is None:
        return told
    end = ends.get(run.build_arn or "")
    return told | {"why": why_run_ended(run, ends), "playbook_ended": end.model_dump(mode="json") if end else None}
