"""--since and --until: the time that a query is about."""

from dataclasses import replace
from datetime import datetime, timedelta

import typer

from pointsmanctl.output.times import moment
from pointsmanctl.stack.trail_query import TrailQuery

MOST_DAYS = 366  # that a query walks through, one request for each
CLOCK_SKEW = timedelta(minutes=5)  # the cloud's clock may be ahead of ours


def bounded(query: TrailQuery, since: str | None, until: str | None, now: datetime, default: str) -> TrailQuery:
    """The query with the time that --since and --until give it. Raises BadParameter when they can't.

    `default` is used where --since is left out, unless the query is about one change.
    """
    if since is not None or not query.one_change:
        query = replace(query, since=_moment(default if since is None else since, now, "--since"))
    if until is not None:
        query = replace(query, until=_moment(until, now, "--until"))
    _check_span(query, "--since" if until is None else "--until", default)
    return query


def _check_span(query: TrailQuery, option: str, default: str) -> None:
    since, until = query.since, query.until
    if until < since and option == "--until":
        reason = f"{until:%Y-%m-%d %H:%M} UTC is before --since, {since:%Y-%m-%d %H:%M} UTC (default: {default} ago)"
        raise typer.BadParameter(reason, param_hint=option)
    if until < since:
        raise typer.BadParameter(f"{since:%Y-%m-%d %H:%M} UTC is in the future", param_hint=option)
    if query.walks_days and (until - since).days > MOST_DAYS:
        reason = f"{(until - since).days} days are too many for this query. The limit is {MOST_DAYS}"
        raise typer.BadParameter(reason, param_hint="--since")


def _moment(text: str, now: datetime, option: str) -> datetime:
    try:
        return moment(text, now)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
