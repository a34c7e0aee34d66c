"""A report as Markdown (GitHub's), for a wiki, an issue or a terminal."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pointsman.adapters.report_page.figures import ReportFigure, dora_figures, figures
from pointsman.adapters.report_page.sections import ReportSection, sections
from pointsman.adapters.report_page.words import (
    NONE,
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
from pointsman.core.report.values import AuditReport, ChangeRow, EventRow, RestoreRow, ResultTally, RunRow
from pointsman.core.text import escape_invisible

# With a backslash before them they are text: https://spec.commonmark.org/0.31.2/#backslash-escapes
_PUNCTUATION: Final = re.compile(r"([\\`*_\[\]<>#~$])")
# What GitHub makes a link of, and what ends a cell: as character references.
# https://github.github.com/gfm/#autolinks-extension-
_REFERENCES: Final = {"|": "&#124;", "@": "&#64;", "://": "&#58;//", "www.": "www&#46;"}
_REFERRED: Final = re.compile("|".join(map(re.escape, _REFERENCES)), re.IGNORECASE)
# GitHub looks for mentions and numbers of issues in what it has rendered, where neither a backslash nor a reference is
# left: only another node between the sign and the name helps. https://github.com/github/cmark-gfm/issues/181
_MENTION: Final = re.compile(r"(&#64;|\\#|\bGH-)(?=[0-9A-Za-z])", re.IGNORECASE)
_NOTHING: Final = "<!-- -->"


def escape(text: str) -> str:
    """Return a text from outside as Markdown that shows it and is never markup."""
    line = escape_invisible(text).replace("&", "&amp;")
    line = _PUNCTUATION.sub(r"\\\1", line)
    line = _REFERRED.sub(lambda match: _REFERENCES.get(match[0].lower(), match[0]), line)
    return _MENTION.sub(rf"\1{_NOTHING}", line)


def markdown_page(report: AuditReport, span: TimeSpan, zone_name: str) -> str:
    """Return the report. Texts of commits and playbooks are escaped: they are never markup."""
    return "\n".join(_lines(report, span, zone_name)) + "\n"


def _lines(report: AuditReport, span: TimeSpan, zone_name: str) -> Iterator[str]:
    since, until, made = (_minute(each, span, year=True) for each in (report.since, report.until, report.made_at))
    unfinished = "" if report.is_complete else " **This time is not over yet.**"
    yield f"# Pointsman report: {title_of(report, span)}\n"
    yield f"{since} to {until}, times in {escape(zone_name)}. Made {made}.{unfinished}\n"
    yield "## Summary\n"
    yield from _figures(list(figures(report)))
    yield "## Delivery\n"
    yield "The four figures of [DORA](https://dora.dev/guides/dora-metrics-four-keys/).\n"
    yield from _figures(list(dora_figures(report)))
    if report.changes.total or report.runs.total:
        yield from _activity(report)
    for section in sections(report):
        yield from _section(section, span, report.events)


def _figures(found: Sequence[ReportFigure]) -> Iterator[str]:
    rows = [[f"[{each.label}](#{each.section})", f"**{each.number}**", each.about] for each in found]
    yield from _table(["", "", ""], rows)


def _activity(report: AuditReport) -> Iterator[str]:
    named: list[tuple[str, str, list[tuple[str, ResultTally]]]] = [
        (f"Changes per {report.unit}", "changes", [(period(each.first, report.unit), each) for each in report.periods]),
        ("Changes per person", "changes", [(each.name, each) for each in report.people]),
        ("Runs per region", "runs", [(each.name, each) for each in report.regions]),
    ]
    for title, noun, tallies in named:
        rows = [
            [escape(name), *(f"{number:,}" for number in (each.total, each.succeeded, each.failed, each.other))]
            for name, each in tallies
            if each.total
        ]
        yield f"## {title}\n"
        yield from _table(["", noun, "succeeded", "failed", "other"], rows)
    yield "## Build minutes per target\n"
    targets = [
        [escape(each.name), f"{each.total:,}", f"{each.minutes:,}", cost(each.dollars, each.unpriced_minutes)]
        for each in report.targets
    ]
    yield from _table(["", "runs", "minutes", "cost"], targets)
    yield from _costs(report)


def _costs(report: AuditReport) -> Iterator[str]:
    yield '<a id="costs"></a>\n'
    yield "## Build minutes per compute type\n"
    rows = [
        [
            escape(compute_name(each.environment_type, each.compute_type)),
            f"{each.builds:,}",
            f"{each.minutes:,}",
            price(each.dollars_a_minute),
            "no price" if each.dollars is None else dollars(each.dollars),
        ]
        for each in report.costs
    ]
    yield from _table(["", "builds", "minutes", "a minute", "cost"], rows)
    if report.unpriced_minutes:
        yield f"{UNPRICED}\n"


def _section(section: ReportSection, span: TimeSpan, events: Mapping[str, int]) -> Iterator[str]:
    yield f'<a id="{section.id}"></a>\n'
    yield f"## {section.title} ({section.listing.total:,})\n"
    yield f"{section.about}\n"
    if not section.listing.rows:
        yield f"{section.empty}\n"
        return
    yield from _table(_COLUMNS[section.shape], [_cells(row, section.shape, span) for row in section.listing.rows])
    if section.listing.omitted:
        commands = " ".join(f"`{each}`" for each in section.commands(span, events))
        yield (
            f"The newest {len(section.listing.rows):,} of {section.listing.total:,}. {section.listing.omitted:,} are "
            f"not shown. All of them are in what this shows: {commands}\n"
        )


_COLUMNS: Final = {
    "change": ["Time", "Person", "Change", "Route", "Targets", "Hosts changed", "Outcome", "Lead time"],
    "brief": ["Ended", "Person", "Change", "Pushed", "Lead time", "Outcome"],
    "run": ["Ended", "Person", "Target", "Change", "Minutes", "Outcome", "Log"],
    "event": ["Time", "Person", "What", "About"],
    "restore": ["Failed", "Deployment", "Restored", "By", "After"],
}


def _cells(row: Any, shape: str, span: TimeSpan) -> list[str]:
    match row:
        case ChangeRow() if shape == "brief":
            return _brief(row, span)
        case ChangeRow():
            return _change(row, span)
        case RunRow():
            return _run(row, span)
        case RestoreRow():
            return _restore(row, span)
        case EventRow():
            return _event(row, span)
        case _:
            raise TypeError(f"no row of a list: {type(row).__name__}")


def _change(row: ChangeRow, span: TimeSpan) -> list[str]:
    more = row.targets_total - len(row.targets)
    targets = ", ".join(
        _link(escape(each.target), each.log_url) + ("" if each.state == "succeeded" else f" ({words(each.state)})")
        for each in row.targets
    )
    approved = f"; approved by {escape(', '.join(row.approved_by))}" if row.approved_by else ""
    reason = f": {escape(row.reason)}" if row.reason and row.state != "succeeded" else ""
    return [
        _minute(row.at, span),
        escape(row.person),
        f"{_named(row)}{approved}",
        escape(row.route),
        targets + (f" and {more:,} more" if more else ""),
        f"{row.hosts_changed:,}",
        f"{'**failed**, ' if row.failed else ''}{words(row.state)}{reason}",
        duration(row.lead_seconds),
    ]


def _brief(row: ChangeRow, span: TimeSpan) -> list[str]:
    times = [_minute(row.pushed_at, span), duration(row.lead_seconds)]
    return [_minute(row.at, span), escape(row.person), _named(row), *times, words(row.state)]


def _named(row: ChangeRow) -> str:
    title = escape(row.title) if row.title else row.kind.value
    return f"{title} ({escape(row.repository)} {_commit(row.commit, row.url)}, {row.kind.value})"


def _run(row: RunRow, span: TimeSpan) -> list[str]:
    reason = f": {escape(row.reason)}" if row.reason and row.state != "succeeded" else ""
    return [
        _minute(row.at, span),
        escape(row.person),
        escape(row.target),
        f"{escape(row.repository)} {_commit(row.commit, row.url)}, {row.kind.value}",
        f"{row.minutes:,}",
        f"{words(row.state)}{reason}",
        _link("log", row.log_url) if safe_url(row.log_url) else NONE,
    ]


def _restore(row: RestoreRow, span: TimeSpan) -> list[str]:
    return [
        _minute(row.failed_at, span),
        f"{escape(row.failed.person)}: {_named(row.failed)}",
        _minute(row.restored_at, span) if row.restored_at else "**not yet**",
        f"{escape(row.restored_by.person)}: {_named(row.restored_by)}" if row.restored_by else NONE,
        duration(row.seconds),
    ]


def _event(row: EventRow, span: TimeSpan) -> list[str]:
    about = [escape(each) for each in (row.host, row.target, row.route, row.repository) if each]
    return [
        _minute(row.at, span),
        escape(row.person),
        escape(row.detail or row.type),
        " · ".join([*about, *([_commit(row.commit, row.url)] if row.commit else [])]),
    ]


def _commit(commit: str, url: str | None) -> str:
    return _link(f"`{commit[:SHORT_COMMIT]}`", url) if commit.isalnum() else NONE


def _link(text: str, url: str | None) -> str:
    """A link, if its address can be written as one."""
    found = safe_url(url)
    return f"[{text}](<{found}>)" if found and not re.search(r"[\s<>|\\]", found) else text


def _minute(moment: Any, span: TimeSpan, *, year: bool = False) -> str:
    return span.text(moment, "%m-%d %H:%M" if span.is_in_one_year and not year else "%Y-%m-%d %H:%M")


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
