"""`pointsman unfreeze`."""

from pointsmanctl.commands.freeze import EVERYTHING, ScopeArgument
from pointsmanctl.commands.rollout.send import ReasonOption, send, show_event
from pointsmanctl.options import OutputOption, RegionOption, StackOption, WhereOption, connect_stack
from pointsmanctl.output.formats import Format
from pointsmanctl.stack.connection import Where


def unfreeze(
    scope: ScopeArgument = EVERYTHING,
    reason: ReasonOption = None,
    output: OutputOption = Format.TABLE,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """End a freeze that a person made: what waits for its end starts within five minutes.

    Exits with 1 if there is no such freeze: `pointsman freezes` lists them.
    """
    event = send(connect_stack(cloud, stack, region), "unfreeze", scope=scope, reason=reason)
    what = "The freeze of everything" if scope == EVERYTHING else f"The freeze of {scope}"
    show_event(event, f"{what} is over: what waits for it starts within five minutes.", output)
