"""`pointsman rollout watch`."""

from pointsmanctl.commands.rollout.send import RolloutArgument
from pointsmanctl.commands.rollout.view import IntervalOption, View, view_rollout
from pointsmanctl.options import OutputOption, PagerOption, RegionOption, StackOption, WhereOption, connect_stack
from pointsmanctl.output.formats import Format
from pointsmanctl.stack.connection import Where


def watch(
    rollout: RolloutArgument,
    interval: IntervalOption = 3,
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Follow a rollout until it ends. While it waits, say for what, until when, and what ends the wait.

    Exits with 1 if the rollout has failed, was cancelled or was rolled back, and with 3 if it does not exist.
    """
    view_rollout(connect_stack(cloud, stack, region), rollout, View(output, pager, watch=True, interval=interval))
