"""The page of a report in Chromium: accessibility in both colour schemes, a phone, and paper."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize

from pointsman.adapters.report_page.html import html_page
from pointsman.core.report.build import report_of
from pointsman.core.report.span import TimeSpan
from tests.support.report_histories import NOVEMBER, report
from tests.support.report_month import a_month, records_of

PHONE = ViewportSize(width=360, height=780)
# A4 without the margins of report.css, at 96 pixels an inch.
PAPER = ViewportSize(width=round((210 - 24) / 25.4 * 96), height=1000)
BERLIN = TimeSpan.of_month("2026-11", ZoneInfo("Europe/Berlin"))
MADE_AT = datetime(2026, 12, 1, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of a month that the real engine made, some of whose builds have no price."""
    found = report_of(records_of(list(a_month().trail.all()), BERLIN), BERLIN, MADE_AT)
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(html_page(found, BERLIN, "Europe/Berlin"), encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context()
    opened, problems = context.new_page(), list[str]()
    opened.on("console", lambda message: problems.append(message.text))
    opened.on("request", lambda request: problems.append(request.url) if request.url != address else None)
    opened.goto(address)
    yield opened
    context.close()
    assert problems == []  # neither a refusal of the page's own policy nor a request


def violations(page: Page) -> list[tuple[str, list[str]]]:
    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in found]


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


@pytest.mark.parametrize("width", [1280, PHONE["width"]])
def test_axe_finds_nothing_in_light_and_in_dark(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    colours = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == [], scheme
        colours.add(background(page))
    assert len(colours) == 2


def test_axe_finds_nothing_in_an_empty_month(chromium: Browser, tmp_path: Path) -> None:
    file = tmp_path / "empty.html"
    file.write_text(html_page(report(), NOVEMBER, "UTC"), encoding="utf-8")
    context = chromium.new_context(color_scheme="dark")
    opened = context.new_page()
    opened.goto(file.as_uri())
    assert violations(opened) == []
    context.close()


def test_nothing_is_wider_than_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    wide = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(each => !each.closest('.table, .chart')"
        " && each.getBoundingClientRect().right > innerWidth + 1).map(each => each.outerHTML.slice(0, 120))"
    )
    assert wide == []


def test_on_paper_nothing_is_cut_off_and_nothing_is_left_that_only_a_screen_needs(page: Page) -> None:
    page.set_viewport_size(PAPER)
    page.emulate_media(media="print", color_scheme="light")
    cut = page.evaluate(
        "[...document.querySelectorAll('main table, main svg, main .figure')]"
        ".filter(each => each.getBoundingClientRect().right > innerWidth + 1)"
        ".map(each => [each.className.baseVal ?? each.className, each.getBoundingClientRect().right])"
    )
    assert cut == []
    assert not page.locator(".contents").is_visible()
    assert page.locator("#definitions").is_visible()


def test_dark_readers_print_on_white_paper(page: Page) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    colour = str(page.evaluate("getComputedStyle(document.body).color"))
    assert background(page) in ("rgba(0, 0, 0, 0)", "rgb(255, 255, 255)")
    assert sum(map(int, re.findall(r"\d+", colour)[:3])) < 3 * 100, colour  # dark ink


def test_the_browser_makes_a_pdf_with_all_pages(page: Page) -> None:
    content = page.pdf(prefer_css_page_size=True)
    pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert content.startswith(b"%PDF-")
    assert pages > 3
    assert set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)) == {(b"594.95996", b"841.91998")}  # A4
