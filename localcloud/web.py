"""Just enough of a web framework for the pages and APIs that stand beside the emulator's."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import parse_qs

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
type App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """A request, read whole."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def form(self) -> dict[str, Any]:
        """The arguments of the call: the query, then a form or a JSON body over it."""
        text = self.body.decode("utf-8", "replace")
        if "json" in self.headers.get("content-type", ""):
            body = json.loads(text) if text.strip() else {}
            return {**self.query, **body} if isinstance(body, dict) else dict(self.query)
        return {**self.query, **_single(text)}


@dataclass(frozen=True)
class Response:
    """An answer, made whole."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        """A JSON document."""
        return cls(json.dumps(value).encode(), status, "application/json; charset=utf-8", headers or {})

    @classmethod
    def html(cls, page: str, status: int = 200) -> Response:
        """A page."""
        return cls(page.encode(), status, "text/html; charset=utf-8")

    @classmethod
    def text(cls, text: str, status: int = 200) -> Response:
        """Plain text."""
        return cls(text.encode(), status)


type Handler = Callable[[Request], Response]


async def read_request(scope: Scope, receive: Receive) -> Request:
    """The whole request, body included; header names in lower case."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=_single(scope.get("query_string", b"").decode("latin-1")),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


async def send_response(send: Send, response: Response) -> None:
    """Send an answer whole."""
    headers = {"content-type": response.content_type, "content-length": str(len(response.body)), **response.headers}
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": response.body})


def page(title: str, body: str, *, style: str = "", head: str = "") -> str:
    """An HTML page; `body` is markup already, `title` is text."""
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(title)}</title>{head}<style>{style}</style></head><body>{body}</body></html>"
    )


def _single(encoded: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(encoded, keep_blank_values=True).items()}
