"""`pointsman rollout list`."""

from typing import Annotated

import typer

from pointsmanctl.commands.rollout.view import (
    MOST,
    SINCE,
    ExitStatusOption,
    IntervalOption,
    Selection,
    SinceOption,
    View,
    WatchListOption,
    events_of_list,
    exit_if_failed,
    view_list,
)
from pointsmanctl.options import (
    OutputOption,
    PagerOption,
    RegionOption,
    StackOption,
    WhereOption,
    connect_stack,
    not_empty,
)
from pointsmanctl.output.formats import Format
from pointsmanctl.stack.connection import Where


def list_rollouts(
    route: Annotated[str | None, typer.Option(help="Only rollouts of this route.", callback=not_empty)] = None,
    only_open: Annotated[
        bool, typer.Option("--open/--all", help="Only rollouts that are open, or also those that have ended.")
    ] = False,
    since: SinceOption = SINCE,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="Show at most this many rollouts, the newest.")] = 100,
    watch: WatchListOption = False,
    interval: IntervalOption = 3,
    exit_status: ExitStatusOption = False,
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Show rollouts, all that are open and those started since a time, and what each one waits for."""
    selection = Selection(since, only_open, route, limit)
    started = events_of_list(selection)
    connection = connect_stack(cloud, stack, region)
    rollouts = view_list(connection, selection, View(output, pager, watch, interval), started)
    if exit_status:
        exit_if_failed(rollouts)
