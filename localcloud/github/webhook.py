"""A webhook on GitHub: signed deliveries over HTTP, and redeliveries.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

USER_AGENT: Final = "GitHub-Hookshot/0c1f8a2"
GITHUB_TIMEOUT_SECONDS: Final = 10.0


@dataclass(frozen=True)
class WebhookResponse:
    """The response of the endpoint; status 0 when there was none in time."""

    status: int
    headers: dict[str, str]
    body: str
    seconds: float

    def json(self) -> Any:
        """The body as JSON; ValueError when it is not JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class WebhookDelivery:
    """One attempt to deliver an event. A redelivery has the same id."""

    id: str
    event: str
    redelivery: bool
    delivered_at: str
    url: str
    headers: dict[str, str]
    payload: str
    """The raw body, which is signed."""
    response: WebhookResponse


class Webhook:
    """A repository's webhook: its address, its secret and its recent deliveries."""

    def __init__(
        self, url: str, secret: str, deliveries: Path, seconds: float = GITHUB_TIMEOUT_SECONDS, server: str = ""
    ) -> None:
        """`seconds`: the time-out. `server`: the host of GitHub Enterprise Server, which names itself in headers."""
        self.url, self._secret, self._directory, self._seconds = url, secret, deliveries, seconds
        named = {"X-GitHub-Enterprise-Host": server, "X-GitHub-Enterprise-Version": "3.17.2"}
        self._own_headers = named if server else {}

    def deliver(
        self, event: str, payload: object, *, delivery_id: str | None = None, secret: str | None = None
    ) -> WebhookDelivery:
        """Send an event. `payload`: an object, or the raw bytes. `secret`: another secret, for a forged signature."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
        identity = delivery_id or str(uuid.uuid1())
        return self._send(event, body, identity, secret or self._secret, redelivery=False)

    def redeliver(self, delivery_id: str) -> WebhookDelivery:
        """Repeat a recent delivery with its id; KeyError when no delivery has this id."""
        earlier = self.deliveries(delivery_id)
        if not earlier:
            raise KeyError(delivery_id)
        return self._send(earlier[0].event, earlier[0].payload.encode(), delivery_id, self._secret, redelivery=True)

    def deliveries(self, delivery_id: str | None = None) -> list[WebhookDelivery]:
        """Recent deliveries, oldest first; with an id, only those of it."""
        files = sorted(self._directory.glob("*.json"))
        recent = [_read(file) for file in files]
        return [each for each in recent if delivery_id in {None, each.id}]

    def _send(self, event: str, body: bytes, identity: str, secret: str, *, redelivery: bool) -> WebhookDelivery:
        headers = {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "X-GitHub-Delivery": identity,
            "X-GitHub-Event": event,
            "X-GitHub-Hook-ID": "464920172",
            "X-GitHub-Hook-Installation-Target-ID": "186853002",
            "X-GitHub-Hook-Installation-Target-Type": "repository",
            **self._own_headers,
            "X-Hub-Signature": f"sha1={hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()}",
            "X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}",
        }
        at = datetime.now(UTC)
        delivery = WebhookDelivery(
            id=identity,
            event=event,
            redelivery=redelivery,
            delivered_at=at.isoformat(),
            url=self.url,
            headers=headers,
            payload=body.decode("utf-8", "replace"),
            response=_post(self.url, headers, body, self._seconds),
        )
        self._directory.mkdir(parents=True, exist_ok=True)
        file = self._directory / f"{at:%Y%m%dT%H%M%S.%f}-{identity}.json"
        file.write_text(json.dumps(asdict(delivery), indent=2) + "\n")
        return delivery


def _post(url: str, headers: dict[str, str], body: bytes, seconds: float) -> WebhookResponse:
    start = time.monotonic()
    try:
        answer = httpx.post(url, content=body, headers=headers, timeout=seconds)
    except httpx.TransportError as error:
        return WebhookResponse(0, {}, f"{type(error).__name__}: {error}", time.monotonic() - start)
    return WebhookResponse(answer.status_code, dict(answer.headers), answer.text, time.monotonic() - start)


def _read(file: Path) -> WebhookDelivery:
    record = json.loads(file.read_text())
    return WebhookDelivery(**{**record, "response": WebhookResponse(**record["response"])})
