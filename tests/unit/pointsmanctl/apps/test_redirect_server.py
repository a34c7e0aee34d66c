"""The page on this machine: who gets it, and which redirects count."""

import threading
from dataclasses import replace

import pytest
import urllib3

from pointsmanctl.apps.redirect_server import RedirectServer, redirect_server
from pointsmanctl.errors import CloudUnavailable
from tests.unit.pointsmanctl.apps.test_manifests import CODE, REQUEST

HOST = "127.0.0.1:4321"


@pytest.fixture
def server() -> RedirectServer:
    server = RedirectServer(4321)
    server.start(REQUEST)
    return server


def test_the_page_has_an_address_that_nobody_can_guess(server: RedirectServer) -> None:
    assert server.answer(server.path, HOST)[0] == 200
    assert server.answer("/", HOST)[0] == 404
    assert server.path != RedirectServer(4321).path


@pytest.mark.parametrize("host", ["evil.example", "localhost:4321", "127.0.0.1:1", ""])
def test_a_page_of_another_host_gets_nothing(server: RedirectServer, host: str) -> None:
    """DNS rebinding: the browser believes that this server is evil.example."""
    status, page = server.answer(server.path, host)
    assert status == 404
    assert REQUEST.state not in page
    assert server.answer(f"/created?code={CODE}&state={REQUEST.state}", host)[0] == 404


def test_only_the_first_right_answer_counts(server: RedirectServer) -> None:
    assert server.answer(f"/created?code={CODE}&state=other", HOST)[0] == 400
    with pytest.raises(CloudUnavailable, match="Start again"):
        server.wait(0)
    status, page = server.answer(f"/created?code={CODE}&state={REQUEST.state}", HOST)
    assert (status, CODE in page) == (200, False)
    server.answer(f"/created?code=another-{CODE}&state={REQUEST.state}", HOST)
    assert server.wait(0) == CODE
    assert CODE not in repr(server)


def test_over_http_it_waits_for_the_code_and_logs_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    http = urllib3.PoolManager(retries=False)
    with redirect_server() as server:
        page = server.start(replace(REQUEST, redirect_url=server.redirect_url))
        assert http.request("GET", page).headers["cache-control"] == "no-store"
        redirect = f"{server.redirect_url}?code={CODE}&state={REQUEST.state}"
        timer = threading.Timer(0.2, http.request, ("GET", redirect))
        timer.start()
        assert server.wait(20) == CODE
        timer.join()
    assert capfd.readouterr() == ("", "")
    with pytest.raises(urllib3.exceptions.HTTPError):
        http.request("GET", page, timeout=2)
