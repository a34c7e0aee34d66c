"""`pointsman audit reindex`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.errors import ExitCode
from pointsmanctl.options import OutputOption, RegionOption, StackOption, WhereOption, connect_stack
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.output.messages import note, warn
from pointsmanctl.stack.connection import Where

if TYPE_CHECKING:
    from pointsman.core.index.reindex import IndexTally

COLUMNS = ("events", "entries", "missing", "wrong", "left_over", "gone", "repaired")


def reindex(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing. Exit with 1 if the index differs from the trail.")
    ] = False,
    output: OutputOption = Format.TABLE,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Make the index of the audit trail anew, or compare it with the trail.

    It reads both tables as a whole, writes the entries that are missing or wrong, and deletes those that no event has.
    Events may be recorded meanwhile. It can be stopped and run again.
    """
    from pointsmanctl.stack.reindex import reindex as reindex_stack

    connection = connect_stack(cloud, stack, region)
    with _progress() as progress:
        tally = reindex_stack(connection, datetime.now(UTC), progress, repair=not check)
    if output is Format.TABLE:
        typer.echo(_sentence(tally, check=check))
        if check and tally.differs:
            note("`pointsman audit reindex` makes it anew.")
    else:
        print_objects([{**tally.to_dict(), "repaired": not check}], output, COLUMNS)
    if check and tally.gone:
        warn(f"{tally.gone:,} of the entries left over are of events that expired, or that somebody removed.")
    if check and tally.differs:
        raise typer.Exit(ExitCode.FAILED)


@contextmanager
def _progress() -> Iterator[Callable[["IndexTally"], None]]:
    """Show on a terminal how far it is."""
    from pointsman.core.text import pluralize
    from pointsmanctl.output.console import console

    terminal = console(stderr=True)
    with terminal.status("Reading the trail") as status:
        yield lambda tally: status.update(f"Compared {pluralize(tally.events, 'event')}")


def _sentence(tally: "IndexTally", *, check: bool) -> str:
    from pointsman.core.text import pluralize

    compared = f"{pluralize(tally.events, 'event')}, {pluralize(tally.entries, 'entry', 'entries')}"
    if not tally.differs:
        return f"The index agrees with the trail: {compared}."
    if check:
        parts = f"{tally.missing:,} missing, {tally.wrong:,} wrong, {tally.left_over:,} left over"
        return f"The index differs from the trail ({compared}): entries {parts}."
    written = pluralize(tally.missing + tally.wrong, "entry", "entries")
    return f"Wrote {written} and deleted {tally.left_over:,}: the index now agrees with the trail ({compared})."
