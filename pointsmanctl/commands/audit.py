"""`pointsman audit`: search the audit trail."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.options import (
    TIMES,
    OutputOption,
    PagerOption,
    RegionOption,
    StackOption,
    WhereOption,
    connect_stack,
    full_name,
    not_empty,
    rollout_id,
    target_name,
)
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.output.messages import note, warn
from pointsmanctl.output.times import EPOCH
from pointsmanctl.stack.connection import Connection, Where

if TYPE_CHECKING:
    from pointsman.core.trail.item import ReadEvent
    from pointsmanctl.stack.trail_query import TrailQuery

SINCE = "24h"


def _check_types(types: list[str] | None) -> list[str] | None:
    if types:
        from pointsmanctl.stack.trail_query import event_types

        valid = event_types()
        if unknown := [each for each in types if each not in valid]:
            raise typer.BadParameter(f"{unknown[0]!r} is not an event type. Use one of: {', '.join(valid)}")
    return types


def audit(
    actor: Annotated[str | None, typer.Option(help="Login of the person who pushed.", callback=not_empty)] = None,
    repository: Annotated[str | None, typer.Option("--repo", help="owner/name.", callback=full_name)] = None,
    commit: Annotated[str | None, typer.Option(help="Commit, or its first characters.", callback=not_empty)] = None,
    target: Annotated[
        str | None, typer.Option(help="account/region, such as prod/eu-west-1.", callback=target_name)
    ] = None,
    host: Annotated[str | None, typer.Option(help="Host name in the inventory.", callback=not_empty)] = None,
    rollout: Annotated[
        str | None, typer.Option(help="Rollout, such as r-3f2a9c0d1e2b4a56.", callback=rollout_id)
    ] = None,
    route: Annotated[str | None, typer.Option(help="Route name in routes.yaml.", callback=not_empty)] = None,
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Event type. Can be repeated.", callback=_check_types)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help=f"{TIMES}. At most 366 days before --until, unless you give --rollout, --repo with --commit, "
            "--host, --target or --actor.",
            show_default=f"{SINCE}; no limit with --rollout, or --repo and --commit",
        ),
    ] = None,
    until: Annotated[str | None, typer.Option(help="Same format as --since.", show_default="now")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many events, the newest.")] = 100,
    diff: Annotated[bool, typer.Option("--diff", help="Show what each task changed in its file.")] = False,
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Search the audit trail: who, which commit, which target, which host, which tasks changed.

    An event is shown if it meets every condition.
    """
    from pointsmanctl.stack.time_span import CLOCK_SKEW, bounded
    from pointsmanctl.stack.trail_query import TrailQuery

    now = datetime.now(UTC)
    query = TrailQuery(
        since=EPOCH,
        until=now + CLOCK_SKEW,
        rollout=rollout,
        actor=actor,
        repository=repository,
        commit=commit.lower() if commit else None,
        target=target,
        host=host,
        route=route,
        types=tuple(types or ()),
        limit=limit,
    )
    query = bounded(query, since, until, now, SINCE)
    events = _newest(connect_stack(cloud, stack, region), query)
    _print(events, query, output, diff=diff, pager=pager)


def _newest(connection: Connection, query: "TrailQuery") -> list["ReadEvent"]:
    """Return at most `limit` events; warns when there are more."""
    from pointsmanctl.stack.trail_query import run_query

    events = run_query(connection.dynamodb, connection.audit_table, replace(query, limit=query.limit + 1))
    if len(events) > query.limit:
        newest = f"{query.limit} events" if query.limit > 1 else "event"
        warn(f"Showing the newest {newest}; raise --limit or narrow --since for more.")
    return events[-query.limit :]


def _print(events: list["ReadEvent"], query: "TrailQuery", output: Format, *, diff: bool, pager: bool) -> None:
    from pointsmanctl.output.console import show
    from pointsmanctl.output.shapes import EVENT_COLUMNS, event_object
    from pointsmanctl.output.trail_table import trail_table

    if output is not Format.TABLE:
        print_objects([event_object(event) for event in events], output, EVENT_COLUMNS)
    elif events:
        complete = query.whole_rollout and query.unbounded and len(events) < query.limit
        show(trail_table(events, diffs=diff, complete=complete), pager=pager)
    else:
        start = "" if query.unbounded else f" since {query.since:%Y-%m-%d %H:%M} UTC"
        has_name = query.actor or query.repository or query.host or query.route
        note(f"No matching events{start}.{' Names are case-sensitive.' if has_name else ''}")
