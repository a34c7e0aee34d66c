"""`pointsman freeze`."""

from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.commands.rollout.send import YesOption, check_reason, duration, send, show_event
from pointsmanctl.options import OutputOption, RegionOption, StackOption, WhereOption, connect_stack, not_empty
from pointsmanctl.output.formats import Format
from pointsmanctl.stack.connection import Where

if TYPE_CHECKING:
    from pointsman.core.trail.command_events import CommandEvent

EVERYTHING = "*"
ScopeArgument = Annotated[
    str,
    typer.Argument(
        metavar="ROUTE|TARGET",
        help="A route, targets such as prod/eu-west-1 or 'prod/*', or '*' for everything.",
        callback=not_empty,
    ),
]


def freeze(
    reason: Annotated[
        str, typer.Option(help="Why, for the audit trail, Slack and whoever waits. No secrets.", callback=check_reason)
    ],
    scope: ScopeArgument = EVERYTHING,
    how_long: Annotated[
        str, typer.Option("--for", help="For how long, such as 30m, 4h or 2d.", callback=duration("1m", "31d"))
    ] = "1d",
    yes: YesOption = False,
    output: OutputOption = Format.TABLE,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Start nothing on a route, on targets, or anywhere, for a while. Builds that are running go on, and so do checks.

    Asks before it freezes everything. Freeze the same again to make it longer or shorter. Exits with 1 if there is no
    such route or target.
    """
    from pointsman.core.text import seconds_of
    from pointsmanctl.apps.terminal import confirm

    connection = connect_stack(cloud, stack, region)
    if scope == EVERYTHING:
        confirm(f"Freeze every route on every target for {how_long}?", yes=yes)
    event = send(connection, "freeze", scope=scope, seconds=seconds_of(how_long), reason=reason)
    show_event(event, _message(event), output)


def _message(event: "CommandEvent") -> str:
    from pointsman.core.trail.command_events import FreezeStarted
    from pointsmanctl.output.times import at_minute

    if not isinstance(event, FreezeStarted):
        return event.type
    what = "Everything" if event.scope == EVERYTHING else event.scope
    scope = "" if event.scope == EVERYTHING else f" '{event.scope}'"
    return f"{what} is frozen until {at_minute(event.until)}, or until `pointsman unfreeze{scope}`."
