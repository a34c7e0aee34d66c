"""`pointsman status`: the current state of rollouts and their runs."""

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
    connect_stack,
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
    interval: Annotated[float, typer.Option(min=1, help="With --watch: seconds between two updates.")] = 3,
    exit_status: Annotated[
        bool, typer.Option("--exit-status", help="Exit with 1 if any rollout in the list has failed or was cancelled.")
    ] = False,
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Show rollouts: all that are open, and those started since a time; or one, with each of its runs.

    `status ROLLOUT` exits with 1 if that rollout has failed or was cancelled, and with 3 if it does not exist.
    """
    from pointsmanctl.stack.rollouts import RolloutReader
    from pointsmanctl.stack.time_span import CLOCK_SKEW, bounded
    from pointsmanctl.stack.trail_query import TrailQuery

    now = datetime.now(UTC)
    started = TrailQuery(EPOCH, now + CLOCK_SKEW, types=("RolloutStarted",), limit=1000)
    started = bounded(started, since, None, now, SINCE)
    connection = connect_stack(cloud, stack, region)
    reader = RolloutReader(connection)
    if rollout:
        load = _load_one(reader, rollout)
    else:
        names = _rollouts_to_list(connection, reader, started)
        load = lambda: reader.load_each(names)  # noqa: E731 - an alternative to _load_one
    rollouts = _watch(load, interval, detailed=bool(rollout), output=output) if watch else load()
    _print(rollouts, output, detailed=bool(rollout), since=since, pager=pager, watched=watch)
    if (rollout or exit_status) and any(each.failed for each in rollouts):
        raise typer.Exit(ExitCode.FAILED)


def _load_one(reader: "RolloutReader", rollout: str) -> "Load":
    def load() -> list["LoadedRollout"]:
        loaded = reader.load(rollout)
        if loaded is None:
            raise NotFound(f"rollout {rollout} does not exist: `pointsman status` lists the rollouts of this stack")
        return [loaded]

    return load


def _rollouts_to_list(connection: Connection, reader: "RolloutReader", started: "TrailQuery") -> list[str]:
    from pointsmanctl.stack.trail_query import run_query

    events = run_query(connection.dynamodb, connection.audit_table, started)
    return [*reader.open_rollouts(), *(event.rollout for event in events if event.rollout)]


def _watch(load: "Load", interval: float, *, detailed: bool, output: Format) -> list["LoadedRollout"]:
    from pointsmanctl.output.watch import quiet_view, view
    from pointsmanctl.stack.follow import follow

    with view(detailed=detailed) if output is Format.TABLE else quiet_view() as update:
        return follow(load, update, interval)


def _since_text(since: str) -> str:
    return f"in the last {since}" if since[-1:] in "smhdw" else f"since {since}"


def _print(
    rollouts: list["LoadedRollout"], output: Format, *, detailed: bool, since: str, pager: bool, watched: bool
) -> None:
    from pointsmanctl.output.console import on_terminal, show
    from pointsmanctl.output.rollout_table import rollout_report, rollouts_table
    from pointsmanctl.output.shapes import ROLLOUT_COLUMNS, rollout_object, rollout_rows

    if output is not Format.TABLE:
        objects = [rollout_object(each) for each in rollouts]
        print_objects(objects, output, ROLLOUT_COLUMNS, rollout_rows(objects))
    elif not rollouts:
        note(f"No rollout is open, and none has started {_since_text(since)}.")
    elif watched and on_terminal():
        return  # the last update is still on the screen
    elif detailed:
        show(rollout_report(rollouts[0], links=on_terminal()), pager=pager)
    else:
        show(rollouts_table(rollouts, datetime.now(UTC)), pager=pager)
