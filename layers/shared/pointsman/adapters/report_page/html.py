"""A report as one HTML page: without a script, and without anything from elsewhere."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pointsman.adapters.report_page.charts import changes_over_time, minutes_by_name, results_by_name
from pointsman.adapters.report_page.figures import dora_figures, figures
from pointsman.adapters.report_page.files import TEMPLATES, THEME
from pointsman.adapters.report_page.sections import sections
from pointsman.adapters.report_page.words import (
    SHORT_COMMIT,
    UNPRICED,
    compute_name,
    cost,
    dollars,
    duration,
    period,
    price,
    safe_url,
    title_of,
    words,
)
from pointsman.core.report.span import TimeSpan
from pointsman.core.report.values import AuditReport, ResultTally
from pointsman.core.text import escape_invisible

SHOWN_BEHIND: Final = 24  # rollouts that a line of a table names


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    environment.filters |= {
        "duration": duration,
        "dollars": dollars,
        "price": price,
        "words": words,
        "safe_url": safe_url,
    }
    environment.globals |= {
        "short_commit": SHORT_COMMIT,
        "unpriced": UNPRICED,
        "cost": cost,
        "compute_name": compute_name,
    }
    return environment


def _visible(value: object) -> object:
    """Control and invisible characters of a text as their codes."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else escape_invisible(value, "\n")


def html_page(report: AuditReport, span: TimeSpan, zone_name: str) -> str:
    """Return the page. Texts of commits and playbooks are escaped: they are never markup."""
    found = list(sections(report))
    shown = {row.rollout for row in report.changes.rows}
    page = _environment().get_template("report.html.j2")
    return page.render(
        report=report,
        title=title_of(report, span),
        zone_name=zone_name,
        local=partial(_time, span),
        figures=list(figures(report)),
        dora=list(dora_figures(report)),
        sections=found,
        commands={each.id: each.commands(span, report.events) for each in found},
        shown=shown,
        shown_behind=SHOWN_BEHIND,
        charts=_charts(report, shown),
        period=partial(period, unit=report.unit),
        style=Markup("\n".join(each.read_text("utf-8") for each in (THEME, TEMPLATES / "report.css"))),  # noqa: S704  our own
    )


def _time(span: TimeSpan, moment: datetime, year: bool) -> str:
    """A time in the zone of the report, with its year if that is not clear."""
    return span.text(moment, "%-d %b %H:%M" if span.is_in_one_year and not year else "%-d %b %Y %H:%M")


def _charts(report: AuditReport, shown: set[str]) -> dict[str, Markup]:
    links = partial(_links, shown=shown)
    return {
        "periods": changes_over_time(
            report.periods, report.unit, f"Bars: changes per {report.unit}, by result", links(report.periods)
        ),
        "people": results_by_name(report.people, "Bars: changes of each person, by result", links(report.people)),
        "regions": results_by_name(
            report.regions, "Bars: runs in each region, by result", ["#runs"] * len(report.regions)
        ),
        "minutes": minutes_by_name(report.targets, "Bars: build minutes of each target", "#runs"),
    }


def _links(tallies: Sequence[ResultTally], shown: set[str]) -> list[str]:
    """Where bars lead to: the newest of their changes in the list."""
    first: list[Any] = [next((each for each in tally.behind.rows if each.rollout in shown), None) for tally in tallies]
    return [f"#{each.rollout}" if each else "#changes" for each in first]
