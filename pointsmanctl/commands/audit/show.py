"""`pointsman audit show`."""

from typing import Annotated

import typer

from pointsmanctl.options import (
    OutputOption,
    PagerOption,
    RegionOption,
    StackOption,
    WhereOption,
    connect_stack,
    not_empty,
)
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.stack.connection import Where


def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="EVENT",
            help="Its name, such as t5kq3w-3f2a9c; or the id of its rollout, a slash and its own id; or its partition.",
            callback=not_empty,
        ),
    ],
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="Its key, after its partition.", callback=not_empty)
    ] = None,
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Show everything about one event.

    Exits with 3 if the trail has no such event.
    """
    from pointsmanctl.output.shapes import EVENT_COLUMNS, event_object
    from pointsmanctl.stack.named_event import find_event
    from pointsmanctl.stack.trail_query import TrailReader

    reader = TrailReader.of(connect_stack(cloud, stack, region))
    event = find_event(reader, name, key)
    if output is not Format.TABLE:
        print_objects([event_object(event)], output, EVENT_COLUMNS)
    else:
        from pointsman.core.index.missing_results import NOT_REPORTED
        from pointsmanctl.output.console import show as show_answer
        from pointsmanctl.output.event_page import event_page

        show_answer(event_page(event, NOT_REPORTED if reader.misses_results(event) else ""), pager=pager)
