"""The local cloud refuses what the real API refuses for its size, and nothing else."""

import asyncio
import json
from collections.abc import Iterator
from itertools import batched
from typing import Any

import pytest

from localcloud.asgi import AsgiApplication
from localcloud.aws.http_limits import BODY_BYTES, CONTEXT_BYTES, EVENT_BYTES, event_size
from localcloud.web import HttpRequest, HttpResponse, Receive, Scope, Send, read_request, send_response
from tests.support.receiver import http_event, signed_headers

INVOKE = "/_aws/execute-api/a1b2c3d4e5/$default/github"
JSON = {"content-type": "application/json"}


class Emulator:
    """Answers 202 to everything, and remembers how much it was sent."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = await read_request(scope, receive)
        self.bodies.append(request.body)
        await send_response(send, HttpResponse(b"taken", 202))


def scope_of(path: str, headers: dict[str, str]) -> dict[str, Any]:
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "POST", "path": path, "headers": encoded}


def sent(
    gateway: AsgiApplication, body: bytes, path: str = INVOKE, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """The answer to a request whose body comes in pieces, as from a network."""
    answer: list[Any] = []
    pieces: Iterator[tuple[int, ...]] = iter(batched(body, 65_536)) if body else iter([()])

    async def receive() -> Scope:
        piece = next(pieces, None)
        return {"type": "http.request", "body": bytes(piece or ()), "more_body": piece is not None}

    async def send(message: Scope) -> None:
        answer.append(message)

    asyncio.run(gateway(scope_of(path, JSON if headers is None else headers), receive, send))
    return answer[0]["status"], answer[1]["body"]


def plain(size: int) -> bytes:
    return b"x" * size


FITTING = EVENT_BYTES - event_size(scope_of(INVOKE, JSON), b"")


@pytest.mark.parametrize("size", [0, 1, 70_000, FITTING])
def test_a_request_within_the_limits_reaches_the_function_unchanged(size: int) -> None:
    emulator = Emulator()
    assert sent(AsgiApplication(emulator), plain(size)) == (202, b"taken")
    assert emulator.bodies == [plain(size)]


@pytest.mark.parametrize("size", [FITTING + 1, BODY_BYTES, BODY_BYTES + 1])
def test_what_does_not_fit_is_answered_as_the_api_does_and_reaches_no_function(size: int) -> None:
    emulator = Emulator()
    status, body = sent(AsgiApplication(emulator), plain(size))
    assert status == 413
    assert json.loads(body) == {"message": "Request Entity Too Large"}
    assert emulator.bodies == []


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'"' * (EVENT_BYTES // 2 - 1_000), JSON, 202),
        (b'"' * (EVENT_BYTES // 2 + 1_000), JSON, 413),  # a quotation mark is two characters in JSON
        (plain(EVENT_BYTES * 3 // 4 - 2_000), {}, 202),
        (plain(EVENT_BYTES * 3 // 4 + 2_000), {}, 413),  # what is not known to be text goes as base64
        ("ü".encode() * (EVENT_BYTES // 2 - 1_000), JSON, 202),
    ],
)
def test_what_counts_is_the_event_that_is_made_of_the_body(body: bytes, headers: dict[str, str], status: int) -> None:
    assert sent(AsgiApplication(Emulator()), body, headers=headers)[0] == status


@pytest.mark.parametrize("path", ["/", "/a-bucket/a-key", "/2015-03-31/functions/f/invocations"])
def test_other_services_have_other_bounds(path: str) -> None:
    emulator = Emulator()
    assert sent(AsgiApplication(emulator), plain(BODY_BYTES + 1), path)[0] == 202


def test_routes_beside_the_emulator_have_no_limit() -> None:
    def here(request: HttpRequest) -> HttpResponse:
        return HttpResponse.text(f"{len(request.body)}")

    assert sent(AsgiApplication(Emulator(), {"/_slack/": here}), b"abc", "/_slack/api") == (200, b"3")


def test_the_sum_is_near_the_event_that_the_api_makes() -> None:
    body = json.dumps({"text": 'a "quoted" line\n' * 1_000}).encode()
    headers = signed_headers(body)
    event = http_event(body, headers)
    event.pop("headers")
    real = len(json.dumps(event, separators=(",", ":")).encode()) + len(json.dumps(headers, separators=(",", ":")))
    assert abs(event_size(scope_of(INVOKE, headers), body) - real) < CONTEXT_BYTES
