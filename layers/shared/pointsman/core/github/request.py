"""A webhook request as GitHub sent it, read from API Gateway's event (payload format 2.0)."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from pointsman.core.api_gateway import body_of
from pointsman.errors import Rejected

_DELIVERY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}", re.ASCII)  # GitHub sends a UUID
_EVENT = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


class WebhookRequest(Struct, frozen=True):
    """Headers (names in lower case) and the raw body: the bytes that were signed."""

    headers: Mapping[str, str]
    body: bytes


class WebhookMessage(Struct, frozen=True):
    """A signed request."""

    delivery: str
    event: str
    body: bytes


def read_request(event: Mapping[str, Any]) -> WebhookRequest:
    """The request in an API Gateway event. Raises Rejected (400) if its base64 is invalid."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return WebhookRequest(headers, body_of(event))


def read_message(request: WebhookRequest) -> WebhookMessage:
    """The message in a request, its body unread. Check its signature first. Raises Rejected (400)."""
    names = {"x-github-delivery": "X-GitHub-Delivery", "x-github-event": "X-GitHub-Event"}
    if missing := [name for key, name in names.items() if not request.headers.get(key)]:
        raise Rejected(400, f"missing: {', '.join(missing)}")
    delivery, event = request.headers["x-github-delivery"], request.headers["x-github-event"]
    if not _DELIVERY.fullmatch(delivery):
        raise Rejected(400, "invalid: X-GitHub-Delivery (1 to 100 letters, digits and hyphens)")
    if not _EVENT.fullmatch(event):
        raise Rejected(400, "invalid: X-GitHub-Event (1 to 64 lower case letters, digits and underscores)")
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise Rejected(400, "the content type is not application/json: select it in the webhook's settings on GitHub")
    return WebhookMessage(delivery, event, request.body)
