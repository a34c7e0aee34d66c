"""`pointsman audit report`."""

import sys
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.errors import InvalidInput
from pointsmanctl.options import RegionOption, SinceOption, StackOption, UntilOption, WhereOption, connect_stack
from pointsmanctl.output.messages import note
from pointsmanctl.stack.connection import Where

if TYPE_CHECKING:
    from pointsman.core.report.price import BuildPrices
    from pointsman.core.report.span import TimeSpan


now = partial(datetime.now, UTC)


class PageFormat(StrEnum):
    """The formats of a report."""

    HTML = "html"
    MARKDOWN = "markdown"


def _zone(name: str | None) -> str | None:
    """Check the name of a time zone."""
    if name is not None:
        from pointsman.core.report.span import is_time_zone

        if not is_time_zone(name):
            raise typer.BadParameter(f"{name!r} is not a time zone: use a name such as Europe/Berlin or UTC")
    return name


def report(
    month: Annotated[str | None, typer.Option(help="The month, such as 2026-11.", show_default="this month")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    zone_name: Annotated[
        str | None,
        typer.Option(
            "--time-zone", help="Zone of days and times, such as Europe/Berlin.", show_default="yours", callback=_zone
        ),
    ] = None,
    page_format: Annotated[
        PageFormat, typer.Option("--format", help="html is one file without anything from elsewhere.")
    ] = PageFormat.HTML,
    output_file: Annotated[
        Path | None, typer.Option(help="Where to write the page.", show_default="standard output", dir_okay=False)
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(
            help="US dollars that a minute of a compute type costs you: BUILD_GENERAL1_SMALL=0.006, or "
            "ARM_CONTAINER/BUILD_GENERAL1_SMALL=0.004. May be given several times.",
            show_default="AWS's list prices",
            metavar="COMPUTE_TYPE=DOLLARS",
        ),
    ] = None,
    minute_price: Annotated[
        float | None,
        typer.Option(
            min=0, help="US dollars that a minute of every other compute type costs you.", show_default="the list"
        ),
    ] = None,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Write a report of a month, or of another time, from the audit trail.

    It has changes by day, person and region, failures, approvals, overrides, drift, checks, the four figures of DORA,
    build minutes and their cost, and the list behind each figure.
    """
    from pointsman.core.report.build import report_of
    from pointsman.core.report.records import records
    from pointsmanctl.output.times import zone_name as readers_zone
    from pointsmanctl.stack.trail_query import TrailReader

    if output_file is None and page_format is PageFormat.HTML and sys.stdout.isatty():
        raise InvalidInput("the page is for a browser: add --output-file report.html, or --format markdown")
    made_at = now()
    span = _span(month, since, until, zone_name, made_at)
    prices = _prices(price, minute_price)
    reader = TrailReader.of(connect_stack(cloud, stack, region))
    found = report_of(records(reader.index, reader.load_places, span), span, made_at, prices=prices)
    if page_format is PageFormat.HTML:
        from pointsman.adapters.report_page.html import html_page as page_of
    else:
        from pointsman.adapters.report_page.markdown import markdown_page as page_of
    page = page_of(found, span, zone_name or readers_zone())
    if output_file is None:
        sys.stdout.buffer.write(page.encode())
        return
    try:
        output_file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"cannot write {output_file}: {error.strerror}") from error
    note(f"wrote {output_file}")


def _prices(texts: list[str] | None, every_other: float | None) -> "BuildPrices":
    from pointsman.core.report.price import BuildPrices

    try:
        return BuildPrices.parse(texts or [], every_other)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--price") from error


def _span(
    month: str | None, since: str | None, until: str | None, zone_name: str | None, made_at: datetime
) -> "TimeSpan":
    """The time that the options name: by default the present month."""
    from zoneinfo import ZoneInfo

    from pointsman.core.report.span import TimeSpan

    zone = ZoneInfo(zone_name) if zone_name else None
    if month is not None and (since is not None or until is not None):
        raise typer.BadParameter("it cannot be combined with --since or --until", param_hint="--month")
    if since is not None:
        return _between(since, until, zone, made_at)
    if until is not None:
        raise typer.BadParameter("it needs --since", param_hint="--until")
    try:
        span = TimeSpan.of_month(month or f"{made_at.astimezone(zone):%Y-%m}", zone)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--month") from error
    if span.since > made_at:
        raise typer.BadParameter(f"{month} has not begun", param_hint="--month")
    return span


def _between(since: str, until: str | None, zone: tzinfo | None, made_at: datetime) -> "TimeSpan":
    from pointsman.core.report.span import TimeSpan
    from pointsmanctl.output.times import parse_time

    times = []
    for text, option in ((since, "--since"), (until, "--until")):
        try:
            times.append(made_at if text is None else parse_time(text, made_at, zone, is_end=option == "--until"))
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint=option) from error
    if times[0] >= times[1]:
        raise typer.BadParameter("it is not before the end of the time", param_hint="--since")
    return TimeSpan(times[0], times[1], zone)
