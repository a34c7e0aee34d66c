"""`pointsman status`: rollouts and their runs, as they are now."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.errors import ExitCode, NotFound
from pointsmanctl.options import (
    TIMES,
    OutputOption,
    PagerOption,
    RegionOption,
    StackOption,
    WhereOption,
    connected,
    rollout_id,
)
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.output.messages import note
from pointsmanctl.output.times import EPOCH
from pointsmanctl.stack.connection import Connection, Where

if TYPE_CHECKING:
    from pointsmanctl.stack.rollouts import LoadedRollout, RolloutReader
    from pointsmanctl.stack.trail_query import TrailQuery

    type Load = Callable[[], list[LoadedRollout]]

SINCE = "24h"


def status(
    rollout: Annotated[
        str | None, typer.Argument(help="Show this rollout with each of its runs.", callback=rollout_id)
    ] = None,
    since: Annotated[str, typer.Option(help=f"{TIMES}. At most 366 days ago.")] = SINCE,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Follow the rollouts until none of them is open.")
    ] = False,
    interval: Annotated[float, typer.Option(min=1, help="Seconds between two looks, with --watch.")] = 3,
    exit_status: Annotated[
        bool, typer.Option("--exit-status", help="Exit with 1 if any rollout in the list has failed.")
    ] = False,
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Show rollouts: all that are open, and those started since a time; or one, with each of its runs.

    `status ROLLOUT` exits with 1 if that rollout has failed, and with 3 if it does not exist.
    """
    from pointsmanctl.stack.rollouts import RolloutReader
    from pointsmanctl.stack.time_span import CLOCK_SKEW, bounded
    from pointsmanctl.stack.trail_query import TrailQuery

    now = datetime.now(UTC)
    started = TrailQuery(EPOCH, now + CLOCK_SKEW, types=("RolloutStarted",), limit=1000)
    started = bounded(started, since, None, now, SINCE)
    there = connected(cloud, stack, region)
    reader = RolloutReader(there)
    if rollout:
        load = _load_one(reader, rollout)
    else:
        names = _listed(there, reader, started)
        load = lambda: reader.load_each(names)  # noqa: E731 - beside the other way to load
    shown = _watched(load, interval, detailed=bool(rollout), output=output) if watch else load()
    _print(shown, output, detailed=bool(rollout), since=since, pager=pager, watched=watch)
    if (rollout or exit_status) and any(each.failed for each in shown):
        raise typer.Exit(ExitCode.FAILED)


def _load_one(reader: "RolloutReader", rollout: str) -> "Load":
    def load() -> list["LoadedRollout"]:
        loaded = reader.load(rollout)
        if loaded is None:
            raise NotFound(f"rollout {rollout} does not exist: `pointsman status` lists the rollouts of this stack")
        return [loaded]

    return load


def _listed(there: Connection, reader: "RolloutReader", started: "TrailQuery") -> list[str]:
    from pointsmanctl.stack.trail_query import run_query

    events = run_query(there.dynamodb, there.audit_table, started)
    return [*reader.open_rollouts(), *(event.rollout for event in events if event.rollout)]


def _watched(load: "Load", interval: float, *, detailed: bool, output: Format) -> list["LoadedRollout"]:
    from pointsmanctl.output.watch import quiet_view, view
    from pointsmanctl.stack.follow import follow

    with view(detailed=detailed) if output is Format.TABLE else quiet_view() as look:
        return follow(load, look, interval)


def _in_words(since: str) -> str:
    return f"{since} ago" if since[-1:] in "smhdw" else since


def _print(
    shown: list["LoadedRollout"], output: Format, *, detailed: bool, since: str, pager: bool, watched: bool
) -> None:
    from pointsmanctl.output.console import on_terminal, show
    from pointsmanctl.output.rollout_table import rollout_report, rollouts_table
    from pointsmanctl.output.shapes import ROLLOUT_COLUMNS, rollout_object, rollout_rows

    if output is not Format.TABLE:
        objects = [rollout_object(each) for each in shown]
        print_objects(objects, output, ROLLOUT_COLUMNS, rollout_rows(objects))
    elif not shown:
        note(f"No rollout is open, and none has started since {_in_words(since)}.")
    elif watched and on_terminal():
        return  # the last look stands on the screen
    elif detailed:
        show(rollout_report(shown[0], links=on_terminal()), pager=pager)
    else:
        show(rollouts_table(shown, datetime.now(UTC)), pager=pager)
