"""`pointsman why <sha>`: the deliveries of a commit, each route's decision, and what followed."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.errors import ExitCode
from pointsmanctl.options import (
    OutputOption,
    PagerOption,
    RegionOption,
    SinceOption,
    StackOption,
    WhereOption,
    commit_part,
    connect_stack,
    full_name,
)
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.output.messages import error, note, warn, warn_of_more
from pointsmanctl.stack.connection import Connection, Where

if TYPE_CHECKING:
    from pointsman.core.index.query import IndexQuery
    from pointsman.core.trail.events import TrailEvent
    from pointsmanctl.stack.deliveries import DeliveryReport

MAX_EVENTS = 1_000
NOT_FOUND_HINT = (
    "Perhaps GitHub did not deliver it, Pointsman rejected it (401, 413), or no route is for its repository (200). "
    "Look at Recent Deliveries of the webhook on GitHub."
)


def why(
    commit: Annotated[str, typer.Argument(help="The commit, or its first 4 or more digits.", callback=commit_part)],
    repository: Annotated[str | None, typer.Option("--repo", help="owner/name.", callback=full_name)] = None,
    since: SinceOption = None,
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Show each delivery of a commit, each route's decision and its reason, and what followed.

    Exits with 3 if the audit trail has no delivery of this commit.
    """
    from pointsman.core.index.query import IndexQuery
    from pointsmanctl.stack.deliveries import EVENT_TYPES, delivered_earlier, reports_of
    from pointsmanctl.stack.rollouts import RolloutReader
    from pointsmanctl.stack.time_span import bounded

    sha = commit.lower()
    now = datetime.now(UTC)
    query = bounded(IndexQuery(repository=repository, commit=sha, types=EVENT_TYPES), since, None, now)
    connection = connect_stack(cloud, stack, region)
    events = _events(connection, query)
    reports = reports_of(events, RolloutReader(connection))
    if earlier := delivered_earlier(events):
        warn(f"first delivered before --since: {', '.join(sorted(earlier))}; use an earlier --since")
    _print(reports, output, pager=pager)
    if not reports:
        start = f" since {query.since:%Y-%m-%d}" if query.since else ""
        error(f"no delivery of commit {commit} in the audit trail{start}")
        note(NOT_FOUND_HINT)
        raise typer.Exit(ExitCode.NOT_FOUND)


def _events(connection: Connection, query: "IndexQuery") -> list["TrailEvent"]:
    """Return the events that this version can read; warns when some are missing."""
    from pointsman.core.text import pluralize
    from pointsman.core.trail.item import NewerEvent
    from pointsmanctl.stack.trail_query import TrailReader

    all_events = TrailReader.of(connection).events(query, MAX_EVENTS)
    if len(all_events) >= MAX_EVENTS:
        warn_of_more(MAX_EVENTS, "event", "narrow --since")
    events = [event for event in all_events if not isinstance(event, NewerEvent)]
    if newer := len(all_events) - len(events):
        warn(f"A newer version of Pointsman wrote {pluralize(newer, 'more event')}; upgrade to read them.")
    return events


def _print(reports: list["DeliveryReport"], output: Format, *, pager: bool) -> None:
    from pointsmanctl.output.console import show
    from pointsmanctl.output.delivery_report import delivery_reports
    from pointsmanctl.output.shapes import DELIVERY_COLUMNS, delivery_object, delivery_rows

    if output is not Format.TABLE:
        objects = [delivery_object(each) for each in reports]
        print_objects(objects, output, DELIVERY_COLUMNS, delivery_rows(objects))
    elif reports:
        show(delivery_reports(reports), pager=pager)
