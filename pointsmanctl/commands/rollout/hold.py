"""`pointsman rollout hold`."""

from typing import Annotated

import typer

from pointsmanctl.commands.rollout.send import (
    ReasonOption,
    RolloutArgument,
    WatchOption,
    duration,
    send,
    show_event,
    watch_rollout,
)
from pointsmanctl.options import OutputOption, RegionOption, StackOption, WhereOption, connect_stack
from pointsmanctl.output.formats import Format
from pointsmanctl.stack.connection import Where


def hold(
    rollout: RolloutArgument,
    how_long: Annotated[
        str,
        typer.Option(
            "--for", help="For how long at most, such as 30m, 4h or 2d: then it halts.", callback=duration("1m", "7d")
        ),
    ] = "1d",
    reason: ReasonOption = None,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Start nothing new of a rollout for a while, or until it is resumed. Builds that are running go on.

    A rollout that nobody resumes in time halts. Exits with 1 if it is held already, or nothing of it starts any more.
    """
    from pointsman.core.text import seconds_of

    connection = connect_stack(cloud, stack, region)
    event = send(connection, "hold", rollout=rollout, seconds=seconds_of(how_long), reason=reason)
    resume = f"pointsman rollout resume {rollout}"
    message = f"{rollout} is held for {how_long}: nothing new starts until `{resume}`. Then it halts."
    show_event(event, message, output, watch=watch)
    if watch:
        watch_rollout(connection, rollout, output)
