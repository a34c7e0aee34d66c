"""`pointsman status`: the current state of rollouts and their runs."""

from typing import Annotated

import typer

from pointsmanctl.commands.rollout.view import (
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
    view_rollout,
)
from pointsmanctl.options import (
    OutputOption,
    PagerOption,
    RegionOption,
    StackOption,
    WhereOption,
    connect_stack,
    rollout_id,
)
from pointsmanctl.output.formats import Format
from pointsmanctl.stack.connection import Where


def status(
    rollout: Annotated[
        str | None, typer.Argument(help="Show this rollout with each of its runs.", callback=rollout_id)
    ] = None,
    since: SinceOption = SINCE,
    watch: WatchListOption = False,
    interval: IntervalOption = 3,
    exit_status: ExitStatusOption = False,
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Show rollouts: all that are open, and those started since a time; or one, with each of its runs.

    Short for `pointsman rollout list`, `show ROLLOUT` and, with --watch, `watch ROLLOUT`. `status ROLLOUT` exits with 1
    if that rollout has failed, was cancelled or was rolled back, and with 3 if it does not exist.
    """
    how = View(output, pager, watch, interval)
    selection = Selection(since)
    started = events_of_list(selection)
    connection = connect_stack(cloud, stack, region)
    if rollout:
        view_rollout(connection, rollout, how)
        return
    rollouts = view_list(connection, selection, how, started)
    if exit_status:
        exit_if_failed(rollouts)
