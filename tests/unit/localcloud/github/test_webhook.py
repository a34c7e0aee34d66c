"""Signed deliveries over HTTP, and redeliveries."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from localcloud.github.payloads import ping_payload
from localcloud.github.repository import GitRepository
from localcloud.github.webhook import Webhook


class Endpoint:
    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        seen = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(202)
                self.end_headers()
                self.wfile.write(b'{"decisions": []}')

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/github"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_delivery_is_signed_and_kept_and_a_redelivery_has_the_same_id(
    endpoint: Endpoint, repository: GitRepository, tmp_path: Path
) -> None:
    hook = Webhook(endpoint.url, "s3cret", tmp_path / "deliveries")
    first = hook.deliver("ping", ping_payload(repository))
    again = hook.redeliver(first.id)

    (headers, body), (headers_again, body_again) = endpoint.requests
    digest = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={digest}"
    assert headers["x-github-event"] == "ping"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("GitHub-Hookshot/")
    assert json.loads(body)["zen"]
    assert body_again == body
    assert headers_again["x-github-delivery"] == headers["x-github-delivery"] == first.id == again.id
    assert [(each.redelivery, each.response.status) for each in hook.deliveries()] == [(False, 202), (True, 202)]
    assert hook.deliveries()[0].response.json() == {"decisions": []}


def test_githubs_published_signature(endpoint: Endpoint, tmp_path: Path) -> None:
    hook = Webhook(endpoint.url, "It's a Secret to Everybody", tmp_path)
    sent = hook.deliver("push", b"Hello, World!")
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert sent.headers["X-Hub-Signature-256"] == f"sha256={digest}"


def test_an_endpoint_that_does_not_answer_is_a_failed_delivery(tmp_path: Path) -> None:
    sent = Webhook("http://127.0.0.1:9/github", "x", tmp_path).deliver("push", b"{}")
    assert sent.response.status == 0
    assert "Connect" in sent.response.body


def test_there_is_nothing_to_redeliver_under_an_unknown_id(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        Webhook("http://127.0.0.1:9/", "x", tmp_path).redeliver("none")
