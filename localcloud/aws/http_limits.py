"""Size limits of an HTTP API, which the emulator does not have.

The API accepts a body of 10 MB, Lambda an event of 6 MB with body and headers. Above either limit the API answers 413.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Final

from localcloud.web import HttpResponse, Receive, Scope

BODY_BYTES: Final = 10 * 1024 * 1024
EVENT_BYTES: Final = 6_291_556
CONTEXT_BYTES: Final = 900  # requestContext, path and field names, which the API adds
TOO_LARGE: Final = HttpResponse(b'{"message":"Request Entity Too Large"}', 413, "application/json")
_INVOCATIONS: Final = "/_aws/execute-api/"
_AS_TEXT: Final = ("application/json", "application/xml", "application/javascript")  # and text/*; others go as base64


def is_invocation(path: str) -> bool:
    """Whether the path invokes a deployed API (and does not manage it)."""
    return path.startswith(_INVOCATIONS)


@dataclass(frozen=True)
class RequestBody:
    """A request's body, as far as an API accepts it."""

    kept: bytes
    size: int

    @classmethod
    async def read(cls, receive: Receive) -> RequestBody:
        """Read the whole body. What is above the limit is read and dropped, so that the sender gets the answer."""
        content, size, more = bytearray(), 0, True
        while more:
            message = await receive()
            part = message.get("body", b"")
            size += len(part)
            if size <= BODY_BYTES:
                content += part
            more = message.get("more_body", False)
        return cls(bytes(content), size)

    def is_too_large(self, scope: Scope) -> bool:
        """Whether the API would answer 413."""
        return self.size > BODY_BYTES or event_size(scope, self.kept) > EVENT_BYTES

    def again(self, receive: Receive) -> Receive:
        """A `receive` that returns the body again, and then what follows it."""
        replayed = False

        async def replay() -> Scope:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": self.kept, "more_body": False}

        return replay


def event_size(scope: Scope, body: bytes) -> int:
    """Size in bytes of the event (payload format 2.0) that the API creates from a request, about."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    is_text = kind.startswith("text/") or kind in _AS_TEXT
    text = body.decode("utf-8", "replace") if is_text else base64.b64encode(body).decode()
    event = {"headers": headers, "body": text}
    return CONTEXT_BYTES + len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode())
