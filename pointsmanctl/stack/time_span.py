"""--since and --until: the time span of a query."""

from dataclasses import replace
from datetime import datetime, timedelta

import typer

from pointsmanctl.output.times import parse_time
from pointsmanctl.stack.trail_query import TrailQuery

MAX_DAYS = 366  # of a query that needs one request per day
CLOCK_SKEW = timedelta(minutes=5)  # the cloud's clock may be ahead of ours


def bounded(query: TrailQuery, since: str | None, until: str | None, now: datetime, default: str) -> TrailQuery:
    """Return the query within --since and --until. Raises BadParameter when these are not valid.

    `default` is used without --since, unless the query is about one change.
    """
    if since is not None or not query.one_change:
        query = replace(query, since=_parse(default if since is None else since, now, "--since"))
    if until is not None:
        query = replace(query, until=_parse(until, now, "--until"))
    _check_span(query, "--since" if until is None else "--until", default)
    return query


def _check_span(query: TrailQuery, option: str, default: str) -> None:
    since, until = query.since, query.until
    if until < since and option == "--until":
        reason = f"{until:%Y-%m-%d %H:%M} UTC is before --since, {since:%Y-%m-%d %H:%M} UTC (default: {default} ago)"
        raise typer.BadParameter(reason, param_hint=option)
    if until < since:
        raise typer.BadParameter(f"{since:%Y-%m-%d %H:%M} UTC is in the future", param_hint=option)
    if query.walks_days and (until - since).days > MAX_DAYS:
        reason = f"{(until - since).days} days are too many for this query. The limit is {MAX_DAYS}"
        raise typer.BadParameter(reason, param_hint="--since")


def _parse(text: str, now: datetime, option: str) -> datetime:
    try:
        return parse_time(text, now)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
