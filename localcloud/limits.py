"""What an HTTP API refuses for its size before any function runs, which the emulator takes.

The API takes a body of 10 MB, Lambda an event of 6 MB, body, headers and all. Above either the API itself answers 413.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Final

from localcloud.web import Receive, Response, Scope

BODY_BYTES: Final = 10 * 1024 * 1024
EVENT_BYTES: Final = 6_291_556
CONTEXT_BYTES: Final = 900  # what the API adds to headers and body: requestContext, the path, the names of all
TOO_LARGE: Final = Response(b'{"message":"Request Entity Too Large"}', 413, "application/json")
_INVOCATIONS: Final = "/_aws/execute-api/"
_AS_TEXT: Final = ("application/json", "application/xml", "application/javascript")  # and text/*; others go as base64


def is_invocation(path: str) -> bool:
    """Whether a path is a request to an API that was made here, not one about it."""
    return path.startswith(_INVOCATIONS)


@dataclass(frozen=True)
class Body:
    """A request's body, kept as far as an API takes it."""

    kept: bytes
    size: int

    @classmethod
    async def read(cls, receive: Receive) -> Body:
        """The whole body; of one that is too large the rest is read, but not kept: its sender sees the answer."""
        kept, size, more = bytearray(), 0, True
        while more:
            message = await receive()
            part = message.get("body", b"")
            size += len(part)
            if size <= BODY_BYTES:
                kept += part
            more = message.get("more_body", False)
        return cls(bytes(kept), size)

    def is_too_large(self, scope: Scope) -> bool:
        """Whether the API would answer 413."""
        return self.size > BODY_BYTES or event_size(scope, self.kept) > EVENT_BYTES

    def again(self, receive: Receive) -> Receive:
        """What gives the body once more, then whatever follows it."""
        given = False

        async def replay() -> Scope:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": self.kept, "more_body": False}

        return replay


def event_size(scope: Scope, body: bytes) -> int:
    """Bytes of the event (payload format 2.0) that the API makes of a request, to within a few hundred."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    is_text = kind.startswith("text/") or kind in _AS_TEXT
    shown = body.decode("utf-8", "replace") if is_text else base64.b64encode(body).decode()
    event = {"headers": headers, "body": shown}
    return CONTEXT_BYTES + len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode())
