"""An HTTP server that gives the answers of a test and keeps the requests."""

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.http_server import Call, Reply, serving


@dataclass
class Answer:
    """What a call gets. `hold` is waited for before the body is sent."""

    status: int = 200
    body: Any = None  # bytes, or JSON
    headers: dict[str, str] = field(default_factory=dict)
    hold: threading.Event | None = None


@dataclass
class Server:
    """The calls that came (method, path, headers, JSON), and the answers to come: the last one stays."""

    url: str = ""
    answers: list[Answer] = field(default_factory=lambda: [Answer(body={})])
    calls: list[tuple[str, str, Mapping[str, str], Any]] = field(default_factory=list)

    def serve(self, call: Call) -> Reply:
        self.calls.append((call.method, call.target, call.headers, json.loads(call.body) if call.body else None))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        return Reply(answer.status, body, answer.headers, answer.hold)


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server on this machine alone."""
    server = Server()
    with serving(server.serve) as server.url:
        yield server
