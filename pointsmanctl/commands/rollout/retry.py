"""`pointsman rollout retry`."""

from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.commands.rollout.send import (
    OverrideOption,
    ReasonOption,
    RolloutArgument,
    TargetsOption,
    WatchOption,
    check_override,
    send,
    show_event,
    watch_rollout,
)
from pointsmanctl.options import OutputOption, RegionOption, StackOption, WhereOption, connect_stack
from pointsmanctl.output.formats import Format
from pointsmanctl.stack.connection import Where

if TYPE_CHECKING:
    from pointsman.core.trail.command_events import CommandEvent


def retry(
    rollout: RolloutArgument,
    target: TargetsOption = None,
    failed_hosts: Annotated[
        bool,
        typer.Option("--failed-hosts", help="Only the hosts that failed, were unreachable or were not reached."),
    ] = False,
    override_freeze: OverrideOption = False,
    reason: ReasonOption = None,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Repeat the runs of a rollout that did not succeed. A rollout that halted goes on with its next waves.

    A target on which a newer commit of the route has run is left out. Exits with 1 if there is nothing to retry.
    """
    check_override(reason, override=override_freeze)
    connection = connect_stack(cloud, stack, region)
    event = send(
        connection,
        "retry",
        rollout=rollout,
        targets=target or None,
        failed_hosts=failed_hosts,
        override_freeze=override_freeze,
        reason=reason,
    )
    show_event(event, f"{rollout} {_what(event, failed_hosts=failed_hosts)}.", output, watch=watch)
    if watch:
        watch_rollout(connection, rollout, output)


def _what(event: "CommandEvent", *, failed_hosts: bool) -> str:
    from pointsman.core.trail.command_events import RolloutRetried

    if not isinstance(event, RolloutRetried):
        return event.type
    every = "every host, because it is unknown which failed" if failed_hosts else "every host"
    parts = [f"{name} ({', '.join(event.hosts.get(name, ())) or every})" for name in event.retried]
    left_out = "".join(f". Left out: {name} ({reason})" for name, reason in event.left_out.items())
    return (f"runs again on {', '.join(parts)}" if parts else "goes on with its next wave") + left_out
