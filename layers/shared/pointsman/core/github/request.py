"""One webhook request as GitHub sent it, taken out of what API Gateway makes of it (payload format 2.0)."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pointsman.errors import Rejected

_DELIVERY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}", re.ASCII)  # a UUID, as GitHub sends it
_EVENT = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Request:
    """Headers (names in lower case) and the raw body: the bytes that were signed."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """What a signed request says."""

    delivery: str
    event: str
    payload: dict[str, Any]


def read_request(event: Mapping[str, Any]) -> Request:
    """The request in an API Gateway event. Raises Rejected (400) when its base64 is broken."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return Request(headers, text.encode("utf-8", "surrogatepass"))
    try:
        return Request(headers, base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise Rejected(400, "the body is not valid base64") from error


def read_message(request: Request) -> WebhookMessage:
    """The message of a request whose signature was right. Raises Rejected (400)."""
    names = {"x-github-delivery": "X-GitHub-Delivery", "x-github-event": "X-GitHub-Event"}
    if missing := [shown for name, shown in names.items() if not request.headers.get(name)]:
        raise Rejected(400, f"missing: {', '.join(missing)}")
    delivery, event = request.headers["x-github-delivery"], request.headers["x-github-event"]
    if not _DELIVERY.fullmatch(delivery):
        raise Rejected(400, "invalid: X-GitHub-Delivery (1 to 100 letters, digits and hyphens)")
    if not _EVENT.fullmatch(event):
        raise Rejected(400, "invalid: X-GitHub-Event (1 to 64 lower case letters, digits and underscores)")
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise Rejected(400, "the content type is not application/json: choose it in the webhook's settings on GitHub")
    return WebhookMessage(delivery, event, _json_object(request.body))


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, a number of 4,301 digits, or too deep
        raise Rejected(400, "the body is not JSON") from error
    if not isinstance(payload, dict):
        raise Rejected(400, "the body is JSON, but not an object")
    return payload
