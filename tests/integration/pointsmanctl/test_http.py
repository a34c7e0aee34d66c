"""The one way in which the command asks GitHub and Slack."""

import json

import pytest

from pointsmanctl import http
from pointsmanctl.errors import CloudUnavailable
from tests.support.answering_server import Answer, running
from tests.support.http_server import Call, Reply, serving


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_the_token_is_in_the_header_alone(method: str) -> None:
    with running() as server:
        server.answers = [Answer(body={"ok": True})]
        answer = http.call(method, f"{server.url}/x", "secret-token")
        assert (answer.status, answer.body) == (200, {"ok": True})
        [(sent, target, headers, body)] = server.calls
    assert (sent, target, headers["authorization"], bool(body)) == (method, "/x", "Bearer secret-token", False)


def test_a_form_and_json_are_sent_as_such() -> None:
    calls: list[Call] = []

    def keep(call: Call) -> Reply:
        calls.append(call)
        return Reply(200, b"{}")

    with serving(keep) as url:
        http.call("POST", url, fields={"channel": "C1", "limit": "1"})
        http.call("POST", url, body={"url": "https://hook"})
    form, sent = calls
    assert (form.headers["content-type"], form.body) == ("application/x-www-form-urlencoded", b"channel=C1&limit=1")
    assert (sent.headers["content-type"], json.loads(sent.body)) == ("application/json", {"url": "https://hook"})


def test_what_is_not_json_has_no_body_and_a_redirect_is_not_followed() -> None:
    with running() as server:
        server.answers = [Answer(status=502, body=b"<html>"), Answer(status=302, headers={"location": "/elsewhere"})]
        broken, moved = (http.call("GET", server.url) for _ in range(2))
        assert (broken.status, broken.body) == (502, None)
        assert (moved.status, len(server.calls)) == (302, 2)


def test_no_answer_is_an_error_that_quotes_no_secret() -> None:
    with pytest.raises(CloudUnavailable) as error:
        http.call("POST", "http://127.0.0.1:1/app-manifests/secret-code/conversions", "secret-token")
    assert "secret" not in str(error.value)
