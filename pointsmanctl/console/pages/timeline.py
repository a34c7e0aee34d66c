"""The timeline of changes, and the search in it."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby, islice
from typing import Any, Final

import typer
from starlette.requests import Request
from starlette.responses import Response

from pointsman.core.index.entries import entry_of
from pointsman.core.index.entry import EventKey
from pointsman.core.index.outcomes import OUTCOMES
from pointsman.core.index.query import IndexQuery
from pointsmanctl.console.rendering import environment, page
from pointsmanctl.console.search_form import VIEWS, SearchForm
from pointsmanctl.console.source import ConsoleSource, source_of
from pointsmanctl.console.views.group_view import TrailRow, row_of_entry, rows_by_host, rows_by_task, rows_by_time
from pointsmanctl.output.times import as_json, local
from pointsmanctl.stack.conditions import event_types, has_entries, nothing_found
from pointsmanctl.stack.entry_tasks import tasks_in_question
from pointsmanctl.stack.time_span import CLOCK_SKEW

_MOST_NEW: Final = 100


def timeline_page(request: Request) -> Response:
    """Show what happened, newest first, as far as it meets the conditions."""
    source = source_of(request)
    choices: dict[str, Any] = {"outcomes": OUTCOMES, "types": event_types(), "views": VIEWS}
    try:
        form = SearchForm.read(request.query_params)
        query = form.conditions.query(source.clock())
    except typer.BadParameter as error:
        problem = (error.param_hint, error.message)
        return page(
            request, "timeline.html", 400, form=None, given=request.query_params, problem=problem, days=(), **choices
        )
    rows, older = _rows(source, form, query)
    return page(
        request,
        "timeline.html",
        form=form,
        given=request.query_params,
        problem=None,
        days=list(_by_day(rows)) if form.by != "host" else [(None, rows)],
        older=older,
        nothing=nothing_found(query),
        newest=as_json(max((row.at for row in rows), default=source.clock())),
        is_live=not (form.before or form.conditions.until) and has_entries(query),
        **choices,
    )


def timeline_news(request: Request) -> Response:
    """Say how many events there are since the page was made."""
    source, form = source_of(request), SearchForm.read(request.query_params)
    after = _time(request.query_params.get("after", ""), "after")
    query = form.conditions.query(source.clock()).replace(since=after, until=source.clock() + CLOCK_SKEW)
    found = {each.entry.place for each in islice(source.trail.find(query), _MOST_NEW) if each.entry.at > after}
    text = environment().get_template("timeline_news.html").render(form=form, number=len(found))
    return Response(text, media_type="text/html")


def _time(text: str, name: str) -> datetime:
    """Return a time that a page of the console has written. Raises BadParameter."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a time", param_hint=name) from error
    if found.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no time zone", param_hint=name)
    return found


def _rows(source: ConsoleSource, form: SearchForm, query: IndexQuery) -> tuple[list[TrailRow], dict[str, str] | None]:
    """Return the rows of a page, and how the question of the next one differs; None: there is no more."""
    if not has_entries(query):
        return _steps(source, form, query)
    found = list(islice(source.trail.find(query.replace(before=form.before)), form.limit + 1))
    shown = found[: form.limit]
    entries = [each.entry for each in shown]
    groups = tasks_in_question(source.trail, query, entries, diffs=form.diff)
    if form.by == "task":
        rows = rows_by_task(groups, each_run=query.is_about_runs_that_succeeded)
    else:
        rows = rows_by_host(groups) if form.by == "host" else rows_by_time(groups)
    return rows, {"before": shown[-1].sort_key} if len(found) > form.limit else None


def _steps(source: ConsoleSource, form: SearchForm, query: IndexQuery) -> tuple[list[TrailRow], dict[str, str] | None]:
    """Return the rows of events that only their rollouts have. The next page begins with the time of the last."""
    events = source.trail.events(query, form.limit + 1)
    shown = events[-form.limit :]
    missing = source.trail.missing_ends(shown)
    entries = [entry_of(each, None, misses_results=EventKey.of(each) in missing) for each in reversed(shown)]
    older = {"until": as_json(shown[0].at)} if len(events) > form.limit else None
    return [row_of_entry(each, ()) for each in entries], older


def _by_day(rows: list[TrailRow]) -> Iterator[tuple[str, list[TrailRow]]]:
    for day, found in groupby(rows, key=lambda row: local(row.at).date()):
        yield f"{day:%A, %-d %B %Y}", list(found)
