"""Who gets into the console, what it answers to whom, and what text from outside may do: nothing."""

from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from pointsman.core.model import RolloutId, TargetName
from pointsmanctl.console.security import HEADERS, ConsoleAccess
from tests.integration.test_canaries import CANARIES, SECRETS, report_with, trail_of
from tests.support.console_world import ConsoleWorld, console_world
from tests.support.events import task
from tests.support.html_text import parsed
from tests.support.rollouts import delivery

SCRIPT = "<script>alert(1)</script>"
QUOTES = '"\' onfocus=alert(1) autofocus x="<img src=x onerror=alert(1)>'
TURNED = "safe\u202egnp.exe"


def test_the_token_opens_the_console_and_leaves_the_address(told: ConsoleWorld) -> None:
    client = told.client(signed_in=False)
    answer = client.get("/", params={"token": told.access.token})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"pointsman-console-8000={told.access.session}; HttpOnly; Path=/; SameSite=strict")
    assert 'content="0; url=/"' in answer.text
    assert told.access.token not in answer.text
    assert client.get("/help").status_code == 200


@pytest.mark.parametrize("query", ["", "?token=", "?token=guess", "?token=%C3%A9%FF"])
@pytest.mark.parametrize("path", ["/", "/timeline", "/static/console.css", "/nothing"])
def test_nothing_is_shown_without_the_token(told: ConsoleWorld, path: str, query: str) -> None:
    answer = told.client(signed_in=False).get(f"{path}{query}")
    assert answer.status_code == 403
    assert answer.text == "This console needs the address that `pointsman console` printed, with its token.\n"


def test_the_token_is_no_cookie_and_the_cookie_of_another_console_is_none(told: ConsoleWorld) -> None:
    client = told.client(signed_in=False)
    for name, value in ((told.access.cookie, told.access.token), ("pointsman-console-8001", told.access.session)):
        client.headers["cookie"] = f"{name}={value}"
        assert client.get("/").status_code == 403


def test_the_address_for_the_browser_works_once() -> None:
    access = ConsoleAccess(8000)
    ticket = str(access.ticket)
    assert [access.admits(ticket), access.admits(ticket)] == [True, False]
    assert access.admits(access.token)
    assert len({access.token, ticket, access.session}) == 3


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:8001", "localhost", "[::1]:8000", ""])
def test_another_host_name_is_refused_even_with_the_cookie(client: TestClient, host: str) -> None:
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "Live" not in answer.text


def test_localhost_is_the_same_console(told: ConsoleWorld) -> None:
    client = told.client(signed_in=False)
    client.headers["cookie"] = f"{told.access.cookie}={told.access.session}"
    assert client.get("/help", headers={"host": "localhost:8000"}).status_code == 200


@pytest.mark.parametrize("other", ['recent={"b": 1}', "items[x]=1", "theme", "name=a b", "=x"])
def test_the_cookies_of_other_programs_on_this_address_do_not_matter(told: ConsoleWorld, other: str) -> None:
    client = told.client(signed_in=False)
    client.headers["cookie"] = f"{other}; {told.access.cookie}={told.access.session}"
    assert client.get("/help").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(client: TestClient, method: str) -> None:
    answer = client.request(method, "/timeline")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_head_is_get_without_the_page(client: TestClient) -> None:
    answer = client.head("/help")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("path", ["/help", "/nothing", "/static/console.js", "/timeline?limit=x", "/?token=guess"])
def test_every_answer_has_the_headers(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_the_policy_allows_no_script_and_no_style_in_a_page() -> None:
    policy = dict(each.split(" ", 1) for each in HEADERS["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"


@pytest.mark.parametrize("path", ["/", "/timeline?diff=1", "/hosts", "/help"])
def test_a_page_has_no_script_and_no_style_of_its_own(client: TestClient, path: str) -> None:
    text = client.get(path).text
    for tag, attributes in parsed(text).elements:
        assert tag != "style"
        assert tag != "script" or attributes["src"].startswith("/static/")
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        assert not attributes.get("href", "").startswith(("javascript:", "data:", "http://", "//"))


def hostile_console(console: ConsoleWorld) -> RolloutId:
    """Push and report what an attacker would write."""
    sent = delivery("dev/eu-west-1", "prod/eu-west-1")
    change = sent.change.replace(author=QUOTES, url="javascript:alert(1)", ref=f"refs/heads/{SCRIPT}")
    rollout = console.push(replace_change(sent, change), f"{SCRIPT}{QUOTES}")
    console.later(seconds=30)
    evil = task(
        name=f"{SCRIPT}{TURNED}", role=SCRIPT, path=QUOTES, diff=f"-{SCRIPT}\n+</code></pre>{QUOTES}\n", action=QUOTES
    )
    console.report(
        rollout, "dev/eu-west-1", evil | {"changed_paths": [f"/etc/{SCRIPT}"]}, name=f'web"{SCRIPT}/{TURNED}'
    )
    failed = task(name="fails", diff=None) | {"status": "failed", "message": f"{SCRIPT}{QUOTES}"}
    console.report(rollout, "prod/eu-west-1", failed, name=QUOTES)
    console.finish(rollout, "dev/eu-west-1")
    run = console.world.run(rollout, TargetName("prod/eu-west-1"))
    console.world.store._runs[rollout][run.key] = run.replace(log_url="javascript:alert(2)")
    console.store()
    return rollout


def replace_change(sent: Any, change: Any) -> Any:
    return sent.replace(change=change)


def test_text_from_outside_stays_text_on_every_page() -> None:
    with console_world() as console:
        rollout = hostile_console(console)
        client = console.client()
        hosts = client.get("/hosts").text
        paths = ["/", f"/rollouts/{rollout}", f"/rollouts/{rollout}/live", f"/rollouts/{rollout}/results", "/hosts"]
        paths += [
            "/timeline?diff=1",
            "/timeline?by=host&diff=1",
            "/timeline?by=event",
            "/search?q=web",
            f"/search?q={SCRIPT}",
        ]
        paths += [f"/timeline?task={SCRIPT}", f"/hosts?q={SCRIPT}{QUOTES}", f"/timeline?since={SCRIPT}", f"/{SCRIPT}"]
        found = [each for each in parsed(hosts).links() if each.startswith("/hosts/")]
        assert len(found) == 2
        paths += [*found, f"{found[0]}?path=/etc/{SCRIPT}", f"{found[1]}?path={QUOTES}"]
        paths += [each for each in parsed(client.get("/timeline?by=event").text).links() if each.startswith("/event")]
        for path in paths:
            answer = client.get(path)
            assert answer.status_code in (200, 303, 400, 404), path
            assert_harmless(answer.text, path)


def assert_harmless(text: str, path: str) -> None:
    page = parsed(text)
    assert page.misplaced == [], path
    assert "\u202e" not in text, path
    for tag, attributes in page.elements:
        assert tag not in ("img", "style", "iframe"), path
        assert tag != "script" or attributes.get("src", "").startswith("/static/"), path
        assert not {"onfocus", "onerror", "autofocus", "style"} & {*attributes}, path
        assert attributes.get("href", "#").startswith(("/", "#", "https://", "?")), path


def test_no_page_has_a_canary() -> None:
    """Builds and audit_writer redact what they record: the console shows the placeholders, and nothing beside them."""
    with console_world() as console:
        for number, text in enumerate(CANARIES.values()):
            console.world.trail.record(trail_of(report_with(text)).replace(host=f"web-{number}"))
        console.store()
        client = console.client()
        timeline = client.get("/timeline?diff=1&by=event").text
        pages = [timeline, *(client.get(each["href"]).text for each in events_of(timeline))]
        pages += [client.get(each).text for each in parsed(client.get("/hosts").text).links() if "/dev/" in each]
        assert len(pages) > 2 * len(CANARIES)
        assert timeline.count("[redacted]") >= len(CANARIES)
        assert [secret for secret in SECRETS.values() if any(secret in each for each in pages)] == []


def events_of(text: str) -> list[dict[str, str]]:
    return [each for tag, each in parsed(text).elements if tag == "a" and each.get("class") == "when"]


def test_no_page_has_the_secrets_of_the_console(told: ConsoleWorld) -> None:
    client = told.client()
    for path in ("/", "/timeline", "/help", "/nothing"):
        text = client.get(path).text
        assert all(secret not in text for secret in (told.access.token, told.access.session, str(told.access.ticket)))


def test_each_console_has_a_cookie_of_its_own(told: ConsoleWorld) -> None:
    assert replace(told.access, port=8001).cookie != told.access.cookie
