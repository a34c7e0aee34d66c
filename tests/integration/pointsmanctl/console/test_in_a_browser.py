"""The console in Chromium: keys, live updates, a phone, colours, accessibility, and what its policy forbids."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from pointsman.core.model import RolloutId
from pointsmanctl.console.security import ConsoleAccess
from tests.support.console_browser import served
from tests.support.console_world import CANARY, PROD_REST, ConsoleWorld, approve, console_world, nginx
from tests.support.plans import APPROVAL, gated, waved

expect.set_options(timeout=20_000)  # a busy machine

PHONE = {"width": 360, "height": 780}
HOST = "/hosts/prod/eu-central-1/web-prod-euc1"


@pytest.fixture(scope="module")
def access(morning: tuple[ConsoleWorld, dict[str, RolloutId]]) -> Iterator[ConsoleAccess]:
    with served(morning[0].source) as served_at:
        yield served_at


class Tab:
    """A tab that is signed in, and what its console said."""

    def __init__(self, context: BrowserContext, access: ConsoleAccess) -> None:
        self.page: Page = context.new_page()
        self.problems: list[str] = []
        self.page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.access = access
        context.add_cookies([{"name": access.cookie, "value": access.session, "url": access.address}])

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.access.address}{path}")
        return self.page

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.access.address)


@pytest.fixture
def tab(chromium: Browser, access: ConsoleAccess, request: pytest.FixtureRequest) -> Iterator[Tab]:
    settings: dict[str, Any] = getattr(request, "param", {})
    context = chromium.new_context(**settings)
    tab = Tab(context, access)
    yield tab
    context.close()
    assert tab.problems == []


def test_the_search_field_leads_to_a_rollout(tab: Tab, ids: dict[str, RolloutId]) -> None:
    tab.page.goto(tab.access.url(tab.access.token))  # as the command prints it
    tab.page.wait_for_url(f"{tab.access.address}/")
    tab.page.keyboard.press("/")
    expect(tab.page.get_by_role("searchbox")).to_be_focused()
    tab.page.keyboard.type(ids["bad"])
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Announce the winter timetable")


def test_the_keyboard_alone_walks_through_the_pages(tab: Tab, ids: dict[str, RolloutId]) -> None:
    keys = tab.open("/").keyboard
    keys.press("j")
    keys.press("j")
    keys.press("k")
    keys.press("j")
    expect(tab.page.get_by_role("link", name="Serve the new timetable from the cache")).to_be_focused()
    keys.press("Enter")
    tab.page.wait_for_url(f"**/rollouts/{ids['current']}")
    keys.press("u")
    tab.page.wait_for_url(f"{tab.access.address}/")
    for key, path in (("t", "/timeline"), ("h", "/hosts"), ("l", "/")):
        keys.press("g")
        keys.press(key)
        tab.page.wait_for_url(f"{tab.access.address}{path}")
    keys.press("?")
    expect(tab.page.get_by_role("dialog", name="Keys")).to_be_visible()
    keys.press("Escape")
    expect(tab.page.get_by_role("dialog", name="Keys")).to_be_hidden()
    keys.press("/")
    keys.type("gt?")
    expect(tab.page.get_by_role("searchbox")).to_have_value("gt?")
    keys.press("Escape")
    expect(tab.page.get_by_role("searchbox")).not_to_be_focused()


def test_a_diff_is_read_when_it_is_opened(tab: Tab) -> None:
    page = tab.open(f"{HOST}")
    expect(page.get_by_text("worker_connections 4096;")).to_have_count(0)
    page.keyboard.press("d")
    expect(page.get_by_text("worker_connections 4096;")).to_have_count(2)


def test_a_rollout_moves_on_the_screen_without_reloading(chromium: Browser) -> None:
    with console_world() as console:
        waves = waved((CANARY,), (PROD_REST[0],), policies={0: gated(approval=APPROVAL)})
        rollout = console.push(waves, "Raise the file limit")
        console.store()
        with served(console.source) as access:
            context = chromium.new_context()
            tab = Tab(context, access)
            page = tab.open(f"/rollouts/{rollout}")
            page.evaluate("window.kept = true")
            expect(page.get_by_text("0 of 2 targets done")).to_be_visible()
            page.get_by_role("link", name=CANARY, exact=True).focus()
            console.later(seconds=30)
            console.report(rollout, CANARY, nginx())
            console.finish(rollout, CANARY)
            console.store()
            expect(page.get_by_text("waits for an approval by kofi, hana")).to_be_visible()
            expect(page.get_by_text("1 of 2 targets done")).to_be_visible()
            expect(page.get_by_text("Configure nginx")).to_be_visible()
            console.later(seconds=10)
            approve(console, rollout, wave=1)
            console.store()
            expect(page.get_by_text("waits for an approval by kofi, hana")).to_be_hidden()
            expect(page.get_by_role("list", name="Waves")).to_contain_text("Wave 2 running")
            expect(page.get_by_role("link", name=CANARY, exact=True)).to_be_focused()
            assert page.evaluate("window.kept") is True
            assert tab.problems == []
            context.close()


def test_a_console_that_ended_is_said(chromium: Browser, told: ConsoleWorld) -> None:
    context = chromium.new_context()
    with served(told.source) as access:
        page = Tab(context, access).open("/")
    expect(page.get_by_role("status")).to_contain_text("The console does not answer")
    context.close()


@pytest.mark.parametrize("tab", [{"viewport": PHONE, "has_touch": True}], indirect=True)
def test_nothing_is_wider_than_a_phone(tab: Tab, ids: dict[str, RolloutId]) -> None:
    for path in (
        "/",
        f"/rollouts/{ids['bad']}",
        "/timeline?diff=1",
        "/timeline?host=web-prod-euc1",
        "/hosts",
        HOST,
        "/help",
    ):
        page = tab.open(path)
        for box in page.locator("details").all():
            box.evaluate("each => { each.open = true }")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path


@pytest.mark.parametrize("tab", [{"color_scheme": "light"}, {"color_scheme": "dark"}], indirect=True)
def test_the_colours_follow_the_scheme_and_axe_finds_nothing(tab: Tab, ids: dict[str, RolloutId]) -> None:
    tab.open("/help")
    is_dark = tab.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    colour = tab.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert colour == ("rgb(15, 20, 26)" if is_dark else "rgb(245, 246, 248)")
    for path in ("/", f"/rollouts/{ids['bad']}", "/timeline?actor=hana&diff=1", HOST):
        page = tab.open(path)
        page.keyboard.press("d")
        found = Axe().run(page)
        assert [
            (each["id"], [node["html"] for node in each["nodes"]]) for each in found.response["violations"]
        ] == [], path


@pytest.mark.parametrize("tab", [{"java_script_enabled": False}], indirect=True)
def test_without_scripts_every_link_and_form_works(tab: Tab) -> None:
    page = tab.open("/")
    page.get_by_role("link", name="Announce the winter timetable").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Announce the winter timetable")
    page.get_by_role("link", name="Timeline").first.click()
    page.get_by_text("Conditions").click()
    page.get_by_label("Person", exact=True).fill("omar")
    page.get_by_role("button", name="Search").click()
    assert tab.path.startswith("/timeline?actor=omar")
    page.get_by_role("link", name="Keys").click()
    expect(page.get_by_role("definition").first).to_be_visible()


def test_text_from_outside_runs_nothing(tab: Tab) -> None:
    """If a page had one, the policy would stop a script: the browser obeys it."""
    page = tab.open("/help")
    with page.expect_console_message(lambda message: "404" in message.text):  # the picture that does not exist
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.bad=1\">')")
    page.evaluate("const s = document.createElement('script'); s.textContent = 'window.bad=1'; document.body.append(s)")
    assert page.evaluate("window.bad") is None
    refused = [each for each in tab.problems if "Content Security Policy" in each]
    assert len(refused) >= 2
    tab.problems.clear()
