"""`pointsman rollout cancel`."""

from pointsmanctl.commands.rollout.send import (
    ReasonOption,
    RolloutArgument,
    WatchOption,
    send,
    show_event,
    watch_rollout,
)
from pointsmanctl.options import OutputOption, RegionOption, StackOption, WhereOption, connect_stack
from pointsmanctl.output.formats import Format
from pointsmanctl.stack.connection import Where


def cancel(
    rollout: RolloutArgument,
    reason: ReasonOption = None,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Start nothing more of a rollout, and stop its running builds.

    A build that is stopped leaves its hosts as they are at that moment. The audit trail and Slack say who cancelled the
    rollout. Exits with 1 if the rollout has already ended, and with 3 if it does not exist.
    """
    connection = connect_stack(cloud, stack, region)
    event = send(connection, "cancel", rollout=rollout, reason=reason)
    message = f"{rollout} is cancelled: nothing more starts, and its running builds are being stopped."
    show_event(event, message, output, watch=watch)
    if watch:
        watch_rollout(connection, rollout, output)
