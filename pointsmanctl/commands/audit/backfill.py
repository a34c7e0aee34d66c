"""`pointsman audit backfill`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from pointsmanctl.errors import ExitCode
from pointsmanctl.options import OutputOption, RegionOption, StackOption, WhereOption, connect_stack
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.output.messages import note
from pointsmanctl.stack.connection import Where

COLUMNS = ("events", "missing", "stored")


def backfill(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing. Exit with 1 if events are missing in the archive.")
    ] = False,
    output: OutputOption = Format.TABLE,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Add events of the audit table to the archive that it does not have: older ones, and lost ones.

    The next digest has them, marked as read from the table. It can be stopped and run again.
    """
    from pointsman.core.text import pluralize
    from pointsmanctl.stack.backfill import backfill as backfill_stack

    events, missing = backfill_stack(connect_stack(cloud, stack, region), datetime.now(UTC), store=not check)
    if output is not Format.TABLE:
        print_objects([{"events": events, "missing": missing, "stored": not check}], output, COLUMNS)
    elif not missing:
        typer.echo(f"The archive has every event of the trail: {pluralize(events, 'event')}.")
    elif check:
        typer.echo(f"{missing:,} of {pluralize(events, 'event')} are not in the archive.")
        note("`pointsman audit backfill` adds them.")
    else:
        typer.echo(f"Stored {missing:,} of {pluralize(events, 'event')} for the next digest.")
    if check and missing:
        raise typer.Exit(ExitCode.FAILED)
