"""GitHub's side of a webhook: faithful payloads from real git data, signed deliveries over HTTP, and redelivery.

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

from localcloud.github_payloads import ping_payload, push_payload
from localcloud.github_pull_request import pull_request_payload

__all__ = ["Delivery", "Exchange", "Webhook", "ping_payload", "pull_request_payload", "push_payload"]

USER_AGENT: Final = "GitHub-Hookshot/0c1f8a2"
GITHUBS_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Exchange:
    """What the endpoint answered; status 0 when it did not in time."""

    status: int
    headers: dict[str, str]
    body: str
    seconds: float

    def json(self) -> Any:
        """The body as JSON; ValueError when it is none."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Delivery:
    """One attempt to deliver an event. A redelivery has the same id and says so."""

    id: str
    event: str
    redelivery: bool
    delivered_at: str
    url: str
    headers: dict[str, str]
    payload: str
    """The raw body that was signed."""
    response: Exchange


class Webhook:
    """A repository's webhook: where it goes, its secret, and its recent deliveries."""

    def __init__(self, url: str, secret: str, deliveries: Path, seconds: float = GITHUBS_SECONDS) -> None:
        """`seconds`: how long an answer may take."""
        self.url, self._secret, self._directory, self._seconds = url, secret, deliveries, seconds

    def deliver(
        self, event: str, payload: object, *, delivery_id: str | None = None, secret: str | None = None
    ) -> Delivery:
        """Send an event. `payload`: an object, or bytes as they are. A `secret` other than the hook's forges it."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
        identity = delivery_id or str(uuid.uuid1())
        return self._send(event, body, identity, secret or self._secret, redelivery=False)

    def redeliver(self, delivery_id: str) -> Delivery:
        """Send a kept delivery again, with its id; KeyError when there is none of that id."""
        kept = self.deliveries(delivery_id)
        if not kept:
            raise KeyError(delivery_id)
        return self._send(kept[0].event, kept[0].payload.encode(), delivery_id, self._secret, redelivery=True)

    def deliveries(self, delivery_id: str | None = None) -> list[Delivery]:
        """Recent deliveries, oldest first; those of one id when it is given."""
        files = sorted(self._directory.glob("*.json"))
        kept = [_read(file) for file in files]
        return [each for each in kept if delivery_id in {None, each.id}]

    def _send(self, event: str, body: bytes, identity: str, secret: str, *, redelivery: bool) -> Delivery:
        headers = {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "X-GitHub-Delivery": identity,
            "X-GitHub-Event": event,
            "X-GitHub-Hook-ID": "464920172",
            "X-GitHub-Hook-Installation-Target-ID": "186853002",
            "X-GitHub-Hook-Installation-Target-Type": "repository",
            "X-Hub-Signature": f"sha1={hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()}",
            "X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}",
        }
        at = datetime.now(UTC)
        delivery = Delivery(
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


def _post(url: str, headers: dict[str, str], body: bytes, seconds: float) -> Exchange:
    begun = time.monotonic()
    try:
        answer = httpx.post(url, content=body, headers=headers, timeout=seconds)
    except httpx.TransportError as error:
        return Exchange(0, {}, f"{type(error).__name__}: {error}", time.monotonic() - begun)
    return Exchange(answer.status_code, dict(answer.headers), answer.text, time.monotonic() - begun)


def _read(file: Path) -> Delivery:
    kept = json.loads(file.read_text())
    return Delivery(**{**kept, "response": Exchange(**kept["response"])})
