"""An HTTP server that answers what a test says, and keeps what it was asked."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


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
    calls: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)

    def answer(self, call: tuple[str, str, dict[str, str], Any]) -> Answer:
        self.calls.append(call)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, server: Server) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.told = server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.told.answer((self.command, self.path, headers, json.loads(body) if body else None))
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if answer.hold:
            self.wfile.flush()
            answer.hold.wait(10)
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the client had no more time
            super().handle()


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server on this machine alone."""
    server = Server()
    with _Http(server) as http:
        server.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
