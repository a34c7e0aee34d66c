"""`pointsman rollout retry`."""

from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.commands.rollout.send import (
    ReasonOption,
    RolloutArgument,
    WatchOption,
    send,
    show_event,
    watch_rollout,
)
from pointsmanctl.options import OutputOption, RegionOption, StackOption, WhereOption, target_name
from pointsmanctl.output.formats import Format
from pointsmanctl.stack.connection import Where

if TYPE_CHECKING:
    from pointsman.core.trail.command_events import CommandEvent


def _target_names(values: list[str] | None) -> list[str] | None:
    for value in values or ():
        target_name(value)
    return values


def retry(
    rollout: RolloutArgument,
    target: Annotated[
        list[str] | None,
        typer.Option(help="Only this target, such as prod/eu-west-1. Can be repeated.", callback=_target_names),
    ] = None,
    failed_hosts: Annotated[
        bool,
        typer.Option("--failed-hosts", help="Only the hosts that failed, were unreachable or were not reached."),
    ] = False,
    reason: ReasonOption = None,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Repeat the runs of a rollout that did not succeed.

    A target on which a newer commit of the route has run is left out. Exits with 1 if there is nothing to retry.
    """
    request = {
        "name": "retry",
        "rollout": rollout,
        "targets": target or None,
        "failed_hosts": failed_hosts,
        "reason": reason,
    }
    event = send(request, cloud, stack, region)
    show_event(event, f"{rollout} runs again on {_where(event, failed_hosts=failed_hosts)}.", output, watch=watch)
    if watch:
        watch_rollout(rollout, output, cloud, stack, region)


def _where(event: "CommandEvent", *, failed_hosts: bool) -> str:
    from pointsman.core.trail.command_events import RolloutRetried

    if not isinstance(event, RolloutRetried):
        return event.type
    every = "every host, because it is unknown which failed" if failed_hosts else "every host"
    parts = (f"{name} ({', '.join(event.hosts.get(name, ())) or every})" for name in event.retried)
    left_out = "".join(f". Left out: {name} ({reason})" for name, reason in event.left_out.items())
    return ", ".join(parts) + left_out
