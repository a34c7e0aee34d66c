"""Who may use the console, and what a browser may do with its pages: everything about security is here.

The console listens on 127.0.0.1. Other users and other programs of the machine can reach that address, and so can every
web page that the operator opens. So each request needs the right `Host` header (against DNS rebinding) and a secret
that only the command printed.
"""

import secrets
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS: Final = ("GET", "HEAD")
HEADERS: Final = {
    # Scripts and styles are files of the console: text of a commit never becomes one.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
# The cookie is SameSite=Strict: a redirect from another page's link would not send it, but a page of ours does.
_OPENING: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Pointsman console</title>'
    '<link rel="icon" href="/static/icon.svg">'
    '<meta http-equiv="refresh" content="0; url=/"><p><a href="/">Open the console</a></p></html>'
)
_CLOSED: Final = "This console needs the address that `pointsman console` printed, with its token.\n"


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass
class ConsoleAccess:
    """The secrets of one console, and its port.

    `token` is in the address that is printed. `ticket` is in the address that a browser is started with: other users of
    the machine see the arguments of a program, so it can be used once.
    """

    port: int
    token: str = field(default_factory=_secret)
    ticket: str | None = field(default_factory=_secret)
    session: str = field(default_factory=_secret)

    @property
    def address(self) -> str:
        """The address without a secret."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def hosts(self) -> frozenset[str]:
        """The values of the Host header that are accepted."""
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})

    @property
    def cookie(self) -> str:
        """The name of the cookie. Consoles on several ports share a browser's cookies, so it has the port."""
        return f"pointsman-console-{self.port}"

    def url(self, secret: str | None) -> str:
        """Return the address with a secret."""
        return f"{self.address}/?token={secret}"

    def admits(self, secret: str) -> bool:
        """Whether an address with this secret opens the console. A ticket does so once."""
        if self.ticket and _same(secret, self.ticket):
            self.ticket = None
            return True
        return _same(secret, self.token)

    def knows(self, headers: Headers) -> bool:
        """Whether a request has the cookie."""
        # Other programs on this address set cookies, too, of any form: http.cookies gives up at the first odd one.
        found = cookie_parser(headers.get("cookie", "")).get(self.cookie)
        return found is not None and _same(found, self.session)


def _same(given: str, expected: str) -> bool:
    return compare_digest(given.encode(), expected.encode())


class ConsoleGuard:
    """Answers what is not allowed, passes on the rest, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp, access: ConsoleAccess) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request as an ASGI application."""
        if scope["type"] == "http":
            await (self._refusal(scope) or self._app)(scope, receive, _with_headers(send))
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return the answer to a request that does not reach a page; None if it does."""
        headers = Headers(scope=scope)
        if headers.getlist("host") not in [[each] for each in self._access.hosts]:
            return PlainTextResponse(f"The console is at {self._access.address}.\n", 421)
        if scope["method"] not in METHODS:
            return PlainTextResponse("The console only reads.\n", 405, {"allow": ", ".join(METHODS)})
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        if given and self._access.admits(given[-1]):
            answer = HTMLResponse(_OPENING)
            answer.set_cookie(self._access.cookie, self._access.session, httponly=True, samesite="strict")
            return answer
        return None if self._access.knows(headers) else PlainTextResponse(_CLOSED, 403)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return sending
