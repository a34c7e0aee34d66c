"""`pointsman audit --follow`: new events as they come."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from pointsmanctl.errors import ExitCode
from pointsmanctl.output.formats import Format, print_objects

if TYPE_CHECKING:
    from pointsman.core.index.query import IndexQuery
    from pointsmanctl.stack.trail_query import TrailReader


def check_follow(query: "IndexQuery", until: str | None, output: Format) -> None:
    """Refuse what cannot be followed. Raises BadParameter."""
    from pointsman.core.index.outcomes import STEP_TYPES

    if until is not None:
        raise typer.BadParameter("what is followed has no end", param_hint="--until")
    if output not in (Format.TABLE, Format.JSONL):
        raise typer.BadParameter("with --follow, it is table or jsonl", param_hint="--output")
    if steps := sorted(STEP_TYPES & {*query.types}):
        raise typer.BadParameter(f"{steps[0]} cannot be followed: only its rollout has it", param_hint="--type")


def follow_trail(reader: "TrailReader", query: "IndexQuery", output: Format, *, diff: bool) -> None:
    """Print new events until Ctrl-C."""
    from pointsmanctl.output.live_lines import LiveLines
    from pointsmanctl.output.shapes import EVENT_COLUMNS, event_object
    from pointsmanctl.stack.entry_tasks import with_tasks
    from pointsmanctl.stack.follow_entries import new_entries
    from pointsmanctl.stack.trail_query import by_time

    lines = LiveLines()
    try:
        for entries in new_entries(reader.find, query, lambda: datetime.now(UTC)):
            if output is Format.TABLE:
                lines.show(with_tasks(reader, entries, entries if diff else ()))
            elif entries:
                events = by_time(reader.load_whole(entries).values())
                print_objects([event_object(each) for each in events], output, EVENT_COLUMNS)
                sys.stdout.flush()  # a pipe would hold them back until it is full
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
