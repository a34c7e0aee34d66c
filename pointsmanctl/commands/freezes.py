"""`pointsman freezes`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.options import OutputOption, PagerOption, RegionOption, StackOption, WhereOption, connect_stack
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.output.messages import note
from pointsmanctl.stack.connection import Where

if TYPE_CHECKING:
    from pointsmanctl.stack.freezes import Windows


def freezes(
    routes: Annotated[Path, typer.Option(help="The routes file: it has the freeze windows of routes.")] = Path(
        "routes.yaml"
    ),
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Show the freezes that are in effect: those that people made, and the windows of routes.

    The windows are those of the routes file, if there is one. For a route with an open rollout they are those that this
    rollout follows.
    """
    from pointsmanctl.output.console import show
    from pointsmanctl.output.freeze_table import FREEZE_COLUMNS, freeze_object, freeze_table
    from pointsmanctl.stack.freezes import by_people, by_windows, windows_of_open
    from pointsmanctl.stack.rollouts import RolloutReader

    now = datetime.now(UTC)
    in_file = _windows(routes)
    reader = RolloutReader(connect_stack(cloud, stack, region))
    windows = {**in_file, **windows_of_open(reader, reader.open_rollouts())}
    found = [*by_people(reader.freezes(), now), *by_windows(windows, now)]
    if output is not Format.TABLE:
        print_objects([freeze_object(each) for each in found], output, FREEZE_COLUMNS)
    elif found:
        show(freeze_table(found), pager=pager)
    else:
        note("Nothing is frozen.")


def _windows(file: Path) -> "Windows":
    """Return the windows of each route in the file. Raises InvalidInput if it is not valid."""
    from pointsmanctl.routes_file.load import load_compiled

    if not file.exists():
        note(f"There is no {file} here, so windows of routes without an open rollout are not listed.")
        return {}
    return {route.name: route.plan.freezes for route in load_compiled(file).routes if route.plan}
