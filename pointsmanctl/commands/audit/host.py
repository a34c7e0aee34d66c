"""`pointsman audit host`."""

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated

import typer

from pointsmanctl.options import (
    OutputOption,
    PagerOption,
    RegionOption,
    SinceOption,
    StackOption,
    UntilOption,
    WhereOption,
    connect_stack,
    not_empty,
)
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.output.messages import note, warn_of_more
from pointsmanctl.stack.connection import Where

HostArgument = Annotated[
    str,
    typer.Argument(
        metavar="HOST", help="Its name in the inventory: web-1, prod/web-1 or prod/eu-west-1/web-1.", callback=not_empty
    ),
]


def host(
    name: HostArgument,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many events, the newest.")] = 50,
    diff: Annotated[bool, typer.Option("--diff", help="Show what each task changed in its file.")] = False,
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Show the history of a host: when which commit of whom did what to it, newest first.

    If several accounts or regions have a host of this name, each line names its target. Exits with 3 if no host of this
    name has a result in the trail.
    """
    from pointsmanctl.output.entry_shapes import ENTRY_COLUMNS, entry_object, entry_rows
    from pointsmanctl.stack.entry_tasks import with_tasks
    from pointsmanctl.stack.known_hosts import find_host
    from pointsmanctl.stack.time_span import bounded
    from pointsmanctl.stack.trail_query import TrailReader

    reader = TrailReader.of(connect_stack(cloud, stack, region))
    known = find_host(reader.index, name)
    query = bounded(known.query, since, until, datetime.now(UTC))
    entries = [each.entry for each in islice(reader.find(query), limit + 1)]
    if len(entries) > limit:
        warn_of_more(limit, "event")
    found = with_tasks(reader, entries[:limit], entries[:limit] if diff else ())
    if output is not Format.TABLE:
        objects = [entry_object(entry, tasks) for entry, tasks in found]
        print_objects(objects, output, ENTRY_COLUMNS, entry_rows(objects))
    elif found:
        from pointsmanctl.output.console import show
        from pointsmanctl.output.entry_lines import timeline

        show(timeline(found, with_targets=len(known.targets) > 1), pager=pager)
    else:
        note(f"Nothing happened to {name} in this time.")
