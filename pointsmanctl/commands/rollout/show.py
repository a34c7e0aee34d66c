"""`pointsman rollout show`."""

from pointsmanctl.commands.rollout.send import RolloutArgument
from pointsmanctl.commands.rollout.view import View, view_rollout
from pointsmanctl.options import OutputOption, PagerOption, RegionOption, StackOption, WhereOption, connect_stack
from pointsmanctl.output.formats import Format
from pointsmanctl.stack.connection import Where


def show(
    rollout: RolloutArgument,
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Show a rollout: its waves and runs, what it waits for and until when, and the next command to type.

    Exits with 1 if the rollout has failed, was cancelled or was rolled back, and with 3 if it does not exist.
    """
    view_rollout(connect_stack(cloud, stack, region), rollout, View(output, pager))
