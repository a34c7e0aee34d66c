"""`pointsman rollout resume`."""

from pointsmanctl.commands.rollout.send import (
    OverrideOption,
    ReasonOption,
    RolloutArgument,
    WatchOption,
    check_override,
    send,
    show_event,
    watch_rollout,
)
from pointsmanctl.options import OutputOption, RegionOption, StackOption, WhereOption, connect_stack
from pointsmanctl.output.formats import Format
from pointsmanctl.stack.connection import Where


def resume(
    rollout: RolloutArgument,
    override_freeze: OverrideOption = False,
    reason: ReasonOption = None,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """End the hold of a rollout. With --override-freeze, let it run in a freeze.

    Exits with 1 if it is not held, or if nothing of it starts any more.
    """
    check_override(reason, override=override_freeze)
    connection = connect_stack(cloud, stack, region)
    event = send(connection, "resume", rollout=rollout, override_freeze=override_freeze, reason=reason)
    frozen = " It runs in freezes, too." if override_freeze else ""
    show_event(event, f"{rollout} is resumed.{frozen}", output, watch=watch)
    if watch:
        watch_rollout(connection, rollout, output)
