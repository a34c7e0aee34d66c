"""`pointsman run`: a commit on a route, or on a part of it, by hand."""

from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.commands.rollout.send import (
    OverrideOption,
    ReasonOption,
    TargetsOption,
    WatchOption,
    check_override,
    send,
    show_event,
    watch_rollout,
)
from pointsmanctl.options import (
    OutputOption,
    RegionOption,
    StackOption,
    WhereOption,
    connect_stack,
    full_name,
    not_empty,
)
from pointsmanctl.output.formats import Format
from pointsmanctl.stack.connection import Where

if TYPE_CHECKING:
    from pointsman.core.trail.command_events import CommandEvent


def run(
    route: Annotated[str, typer.Argument(help="Name of the route in routes.yaml.", callback=not_empty)],
    commit: Annotated[
        str | None,
        typer.Option(
            help="Any commit of the repository. The first characters are enough if a rollout has had it.",
            show_default="the one of the newest rollout",
        ),
    ] = None,
    repository: Annotated[
        str | None,
        typer.Option(
            "--repository",
            "--repo",
            help="owner/name, if the route serves several.",
            callback=full_name,
        ),
    ] = None,
    target: TargetsOption = None,
    limit: Annotated[
        str | None,
        typer.Option(help="Only these hosts of each target: an Ansible host pattern.", callback=not_empty),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only report what would change.")] = False,
    override_freeze: OverrideOption = False,
    reason: ReasonOption = None,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Run a commit on a route by hand, or on a part of its targets and hosts.

    The route has to have run before, so that its repository is known. Waves, gates and freezes are those of the route.
    Exits with 1 if the command is refused, and with 2 if the commit is short and no rollout has had it.
    """
    from pointsmanctl.stack.commits import full_commit
    from pointsmanctl.stack.rollouts import RolloutReader

    check_override(reason, override=override_freeze)
    connection = connect_stack(cloud, stack, region)
    event = send(
        connection,
        "run",
        route=route,
        commit=full_commit(connection, RolloutReader(connection), route, repository, commit) if commit else None,
        repository=repository,
        targets=target or None,
        limit=limit,
        check=check,
        override_freeze=override_freeze,
        reason=reason,
    )
    show_event(event, _message(event, check=check), output, watch=watch)
    if watch and event.rollout:
        watch_rollout(connection, event.rollout, output)


def _message(event: "CommandEvent", *, check: bool) -> str:
    from pointsman.core.text import join_first
    from pointsman.core.trail.command_events import RolloutRequested

    if not isinstance(event, RolloutRequested):
        return event.type
    hosts = f", hosts {event.limit}" if event.limit else ""
    done = "checks" if check else "runs"
    return f"{event.rollout} {done} commit {(event.commit or '')[:7]} on {join_first(event.targets)}{hosts}."
