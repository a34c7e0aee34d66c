"""A minimal web framework for the pages and APIs of GitHub, Slack and CodeBuild."""

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
class HttpRequest:
    """A complete request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def form(self) -> dict[str, Any]:
        """The arguments: the query string, overridden by a form or a JSON body."""
        text = self.body.decode("utf-8", "replace")
        if "json" in self.headers.get("content-type", ""):
            body = json.loads(text) if text.strip() else {}
            return {**self.query, **body} if isinstance(body, dict) else dict(self.query)
        return {**self.query, **_single(text)}


@dataclass(frozen=True)
class HttpResponse:
    """A complete response."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: object, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
        """A JSON document."""
        return cls(json.dumps(value).encode(), status, "application/json; charset=utf-8", headers or {})

    @classmethod
    def html(cls, page: str, status: int = 200) -> HttpResponse:
        """A page."""
        return cls(page.encode(), status, "text/html; charset=utf-8")

    @classmethod
    def text(cls, text: str, status: int = 200) -> HttpResponse:
        """Plain text."""
        return cls(text.encode(), status)


type Handler = Callable[[HttpRequest], HttpResponse]


async def read_request(scope: Scope, receive: Receive) -> HttpRequest:
    """Read the complete request; header names in lower case."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return HttpRequest(
        method=scope["method"],
        path=scope["path"],
        query=_single(scope.get("query_string", b"").decode("latin-1")),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


async def send_response(send: Send, response: HttpResponse) -> None:
    """Send a complete response."""
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
