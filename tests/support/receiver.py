"""Deliveries as GitHub and API Gateway make them, and a receiver without AWS."""

import base64
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.core.github.receiver import Receiver
from pointsman.core.github.signature import signature_of
from pointsman.core.github.signature_check import SignatureCheck
from pointsman.core.github_host import GITHUB_COM, GithubHost
from pointsman.core.routes.compile import compile_routes
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.core.routes.model import Routes
from pointsman.core.routing.routing_input import Comparison
from pointsmanctl.routes_file.reader import read_routes

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret of this test"
DELIVERY = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def payload(name: str) -> dict[str, Any]:
    """A payload of events/github, fresh to be changed."""
    parsed: dict[str, Any] = json.loads((ROOT / "events/github" / f"{name}.json").read_text())
    return parsed


def pushed_now(name: str) -> dict[str, Any]:
    """The same as if it had been pushed a moment ago, for a receiver that has the real clock."""
    push = payload(name)
    push["repository"]["pushed_at"] = int(time.time())
    return push


@cache
def shipped_file() -> Routes:
    """The repository's own routes.yaml."""
    routes, faults = read_routes(ROOT / "routes.yaml")
    assert routes, faults
    return routes


@cache
def shipped_routes() -> CompiledRoutes:
    """The repository's own routes.yaml, compiled."""
    return compile_routes(shipped_file())


def routes_with(*routes: Mapping[str, Any], **file: Any) -> CompiledRoutes:
    """The same as `file_with`, compiled."""
    return compile_routes(file_with(*routes, **file))


def file_with(*routes: Mapping[str, Any], **file: Any) -> Routes:
    """Rules for dev and prod in two regions. Each route needs to say only what the test is about."""
    shared = {"repository": "acme/infra", "on": "push", "targets": "all", "playbook": "site.yml"}
    named = [{"name": f"route-{number}", **shared, **route} for number, route in enumerate(routes, start=1)]
    accounts = {"dev": "222222222222", "prod": "333333333333"}
    return Routes.model_validate({"accounts": accounts, "regions": ["us-east-1", "eu-west-1"], "routes": named} | file)


def as_body(content: object) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def signed_headers(
    body: bytes, more: Mapping[str, str | None] = MappingProxyType({}), *, event: str = "push", secret: str = SECRET
) -> dict[str, str]:
    """GitHub's headers. `more` replaces some; None leaves one out."""
    headers: dict[str, str | None] = {
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/044aadd",
        "x-github-delivery": DELIVERY,
        "x-github-event": event,
        "x-hub-signature-256": signature_of(secret.encode(), body),
    }
    return {name: value for name, value in (headers | dict(more)).items() if value is not None}


def http_event(body: bytes, headers: Mapping[str, str], encode: bool | None = None) -> dict[str, Any]:
    """API Gateway's event (payload format 2.0): a body that is no text comes in base64, others where `encode` says."""
    event: dict[str, Any] = json.loads((ROOT / "events/aws/httpapi-v2.json").read_text())
    try:
        text = body.decode()
    except UnicodeDecodeError:
        encode = True
    encoded = bool(encode)
    body_text = base64.b64encode(body).decode() if encoded else text
    return event | {"headers": dict(headers), "body": body_text, "isBase64Encoded": encoded}


class FakeSecret:
    """A secret whose cached text is outdated until it is read again."""

    def __init__(self, text: str = SECRET, *, fault: Exception | None = None) -> None:
        self.texts: tuple[str, ...] = (text,)
        self.kept: tuple[str, ...] = self.texts
        self.fault = fault
        self.fetches = 0

    def put(self, text: str) -> None:
        """Give it a new text: the one before is good beside it."""
        self.texts = (text, self.texts[0])

    def in_hand(self) -> tuple[str, ...]:
        return self.kept

    def anew(self) -> tuple[str, ...]:
        self.fetches += 1
        if self.fault:
            raise self.fault
        self.kept = self.texts
        return self.kept


class FakeGithub:
    """GitHub's answer about changed files: names, or a failure. Keeps the requests."""

    def __init__(self, *names: str, failure: Exception | None = None) -> None:
        self.names = names
        self.failure = failure
        self.asked: list[Comparison] = []

    def changed_files(self, comparison: Comparison, seconds: float) -> tuple[str, ...]:
        self.asked.append(comparison)
        if self.failure:
            raise self.failure
        return self.names


def a_receiver(
    queue: MemoryQueue,
    routes: CompiledRoutes | None = None,
    secret: FakeSecret | None = None,
    github: FakeGithub | None = None,
    host: GithubHost = GITHUB_COM,
) -> Receiver:
    """A receiver with the shipped rules and, by default, no token for GitHub."""
    gate = SignatureCheck(secret or FakeSecret(), lambda: 0.0, print)
    return Receiver(gate, queue, routes or shipped_routes(), lambda: NOON, github, host)
