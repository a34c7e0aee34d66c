"""The pages of a report: what they show, that text from outside is never markup, and that their size is bounded."""

import re
from dataclasses import dataclass, field
from datetime import UTC
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pointsman.adapters.report_page.figures import dora_figures
from pointsman.adapters.report_page.html import html_page
from pointsman.adapters.report_page.markdown import escape, markdown_page
from pointsman.adapters.report_page.sections import sections
from pointsman.core.index.outcomes import OUTCOMES
from pointsman.core.report.span import TimeSpan
from pointsman.core.report.values import AuditReport
from pointsman.core.trail.events import TYPES
from tests.support.report_histories import DEV, NOVEMBER, PROD, Rollout, report, rollout_id

HOSTILE = (
    """<script>alert(1)</script> <img src=x onerror=y> "' | [a](javascript:b) ![c](http://d) `e` *f* @g <!-- -->"""
)
ROOT = Path(__file__).parents[4]
VOID = frozenset({"meta", "img", "br", "link", "path", "rect", "circle"})


@dataclass
class Page(HTMLParser):
    """The elements and the texts of a page."""

    text: str
    tags: set[str] = field(default_factory=set)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        self.attributes |= found.keys()
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [str(found[name]) for name in ("href", "xlink:href", "src") if name in found]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def html_of(found: AuditReport) -> Page:
    return Page(html_page(found, NOVEMBER, "UTC"))


def busy(title: str = "Raise the file limit", who: str = "hana") -> AuditReport:
    good, bad = Rollout(1, 3, who, title=title, targets=(DEV, PROD)), Rollout(2, 4, who, title=title)
    return report(good.whole(), good.approved(), good.host("web-1", "changed"), bad.whole("failed"), bad.rolled_back())


def test_every_figure_leads_to_its_list_on_the_same_page() -> None:
    page = html_of(busy())
    inside = [link[1:] for link in page.links if link.startswith("#")]
    assert set(inside) <= {*page.ids}
    assert len(page.ids) == len(set(page.ids))
    assert {each.id for each in sections(busy())} <= {*inside}
    assert rollout_id(1) in page.ids
    assert not page.open


def test_the_failure_rate_leads_to_the_deployments_that_failed_in_this_time() -> None:
    before, bad, good = Rollout(1, -2), Rollout(2, 3), Rollout(3, 4)
    found = report(before.whole("failed"), bad.whole("failed"), good.whole())
    lists = {each.id: each.listing for each in sections(found)}
    [rate] = [each for each in dora_figures(found) if each.label == "change failure rate"]
    assert rate.about == f"{lists[rate.section].total} of {lists['deployments'].total} deployments"
    assert [row.rollout for row in lists[rate.section].rows] == [rollout_id(2)]
    assert lists["restores"].total == 2


def test_pages_say_what_has_no_price() -> None:
    push = Rollout(1, 3, targets=(DEV, PROD))
    odd = push.run(PROD, compute=("LINUX_LAMBDA_CONTAINER", "BUILD_LAMBDA_1GB"))
    found = report(push.start, push.run(DEV), odd, push.end())
    html, markdown = html_of(found), markdown_page(found, NOVEMBER, "UTC")
    for text in (" ".join(html.texts), markdown):
        assert "$0.01 and 3 minutes without a price; 2 compute types" in text
        assert "Give the price of a compute type with --price" in text
    assert "| LINUX\\_LAMBDA\\_CONTAINER/BUILD\\_LAMBDA\\_1GB | 1 | 3 | – | no price |" in markdown
    assert "Give the price" not in html_of(busy()).text


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    page = html_of(busy())
    assert not page.tags & {"script", "img", "link", "iframe", "object", "form", "input", "foreignobject"}
    assert not [name for name in page.attributes if name.startswith("on") or name == "style"]
    assert all(link.startswith(("#", "https://")) for link in page.links)
    assert "default-src 'none'" in page.text
    assert not re.search(r"url\(|@import|@font-face", page.text)


def test_a_chart_says_in_words_what_it_shows_and_has_a_table() -> None:
    page = html_of(busy())
    charts = re.findall(r"<svg[^>]*>", page.text)
    assert len(charts) == 4
    assert all('role="img"' in each and "aria-label=" in each for each in charts)
    assert page.text.count("<figcaption>") == 5  # the last of them has the prices of builds, without a chart
    assert page.text.count('<table class="tallies">') == 5
    assert "3 Nov: 1 succeeded" in page.texts


def test_a_row_has_links_to_the_commit_and_the_log() -> None:
    page = html_of(busy())
    assert f"https://github.com/acme/infra/commit/{'0' * 39}1" in page.links
    assert "https://logs.example/1" in page.links


TAGS = frozenset(html_of(busy()).tags)


@pytest.mark.parametrize("empty", ["No change ended, and no build ran.", "Nobody let anything run in a freeze."])
def test_an_empty_month_says_so(empty: str) -> None:
    page = html_of(report())
    assert empty in page.text
    assert "<svg" not in page.text


def test_text_of_a_commit_is_never_html() -> None:
    page = html_of(busy(HOSTILE, who='"><b>x'))
    assert not page.tags & {"script", "img"}
    assert any(HOSTILE[:40] in each for each in page.texts)
    assert page.tags == TAGS


@given(st.text(max_size=80))
@settings(max_examples=15, deadline=None)
def test_no_text_changes_the_elements_of_the_page(text: str) -> None:
    page = html_of(busy(text, who=text or "x"))
    assert page.tags == TAGS
    assert not page.open


def test_a_link_that_is_not_https_is_text() -> None:
    push = Rollout(1, 3)
    evil = push.start.replace(change=push.change.replace(url="javascript:alert(1)"))
    page = html_of(report(push.pushed(), evil, push.run(), push.end()))
    assert not [link for link in page.links if "javascript" in link]


@given(st.text(max_size=60))
def test_no_text_is_markup_in_markdown(text: str) -> None:
    tokens: Any = MarkdownIt("gfm-like", {"linkify": False}).parse(f"| a |\n| --- |\n| {escape(text)} |\n")
    children = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in children} <= {"text", "text_special", "html_inline"}
    assert {child.content for child in children if child.type == "html_inline"} <= {"<!-- -->"}
    cells = [token for token in tokens if token.type == "td_open"]
    assert len(cells) == 1


@pytest.mark.parametrize(
    "text",
    ["@hana", "thanks @acme/ops, see #12", "(@hana)", "acme/infra#7", "GH-12 gh-3", "a@example.com", "&#64;hana"],
)
def test_markdown_mentions_nobody_and_no_issue(text: str) -> None:
    html = MarkdownIt("gfm-like", {"linkify": False}).render(f"| a |\n| --- |\n| {escape(text)} |\n")
    assert not re.search(r"@[a-z]|#[0-9]|gh-[0-9]", unescape(html), re.IGNORECASE)
    assert text in "".join(Page(html).texts)


def test_markdown_shows_hostile_text_as_text() -> None:
    page = markdown_page(busy(HOSTILE), NOVEMBER, "UTC")
    html = MarkdownIt("gfm-like", {"linkify": False, "html": False}).render(page)
    found = Page(html)
    assert not found.tags & {"script", "img", "em"}
    assert not [link for link in found.links if link.startswith(("javascript", "http://"))]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_markdown_has_the_same_lists() -> None:
    page = markdown_page(busy(), NOVEMBER, "UTC")
    for section in sections(busy()):
        assert f"## {section.title} ({section.listing.total:,})" in page
    assert "| Tue 3 Nov | 1 | 1 | 0 | 0 |" in page


def test_ten_thousand_changes_have_a_page_of_bounded_size() -> None:
    events = [each for number in range(10_000) for each in Rollout(number, 1 + number % 28, f"p{number % 90}").whole()]
    found = report(events)
    page = html_of(found)
    assert found.changes.total == 10_000
    assert len(page.text) < 1_500_000
    assert "9,700 are not shown" in page.text.replace("\n", " ")
    command = "pointsman audit --type RolloutEnded --since 2026-11-01T00:00+00:00 --until 2026-12-01T00:00+00:00"
    assert f"{command} --limit 10000" in page.text
    assert f"{command} --limit 10000" in markdown_page(found, NOVEMBER, "UTC")


def test_the_commands_that_show_every_row_are_valid() -> None:
    for section in sections(busy()):
        for command in section.commands(NOVEMBER, {}):
            words = command.split()
            given = list(pairwise(words))
            assert words[:2] == ["pointsman", "audit"]
            assert {value for option, value in given if option == "--type"} <= TYPES
            assert {value for option, value in given if option == "--outcome"} <= {*OUTCOMES}
            assert {"--since", "--until", "--limit"} <= {*words}


@pytest.mark.parametrize(
    ("year", "html", "markdown"), [(2026, "3 Nov 13:00", "11-03"), (2025, "3 Nov 2026 13:00", "2026-11-03")]
)
def test_times_have_their_year_where_a_report_is_about_several(year: int, html: str, markdown: str) -> None:
    span = TimeSpan(NOVEMBER.since.replace(year=year), NOVEMBER.until, UTC)
    found = report(Rollout(1, 3).whole(), span=span)
    assert html in Page(html_page(found, span, "UTC")).texts
    assert f"| {markdown} 13:00 |" in markdown_page(found, span, "UTC")


def test_both_hours_at_the_end_of_summer_time_are_told_apart() -> None:
    span = TimeSpan.of_month("2026-10", ZoneInfo("Europe/Berlin"))
    ends = [Rollout(1, -6).end(hours=-11.5), Rollout(2, -6).end(hours=-10.5), Rollout(3, -6).end(hours=-9.5)]
    found = report(ends, span=span)
    page, markdown = Page(html_page(found, span, "Europe/Berlin")), markdown_page(found, span, "Europe/Berlin")
    for text in ("25 Oct 02:30 CEST", "25 Oct 02:30 CET", "25 Oct 03:30"):
        assert text in page.texts
    assert "| 10-25 02:30 CEST |" in markdown
    assert "| 10-25 02:30 CET |" in markdown


def test_a_time_that_is_not_over_is_marked() -> None:
    found = report(made_at=NOVEMBER.until.replace(month=11, day=5, tzinfo=UTC))
    assert "this time is not over yet" in html_of(found).text
    assert "**This time is not over yet.**" in markdown_page(found, NOVEMBER, "UTC")
