"""--since and --until: the time span of a query."""

from datetime import datetime, timedelta

import typer

from pointsman.core.index.query import IndexQuery
from pointsmanctl.output.times import local_minute, parse_time

CLOCK_SKEW = timedelta(minutes=5)  # the cloud's clock may be ahead of ours


def bounded(
    query: IndexQuery, since: str | None, until: str | None, now: datetime, default: str | None = None
) -> IndexQuery:
    """Return the query within --since (or `default`) and --until. Raises BadParameter when these are not valid."""
    start = default if since is None else since
    query = query.replace(
        since=_parse(start, now, "--since") if start is not None else None,
        until=now + CLOCK_SKEW if until is None else _parse(until, now, "--until"),
    )
    _check_span(query, "--since" if until is None else "--until")
    return query


def _check_span(query: IndexQuery, option: str) -> None:
    since, until = query.since, query.until
    if since is None or until is None or until >= since:
        return
    if option == "--until":
        reason = f"{local_minute(until)} is before --since, {local_minute(since)}"
        raise typer.BadParameter(reason, param_hint=option)
    raise typer.BadParameter(f"{local_minute(since)} is in the future", param_hint=option)


def _parse(text: str, now: datetime, option: str) -> datetime:
    try:
        return parse_time(text, now, is_end=option == "--until")
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
