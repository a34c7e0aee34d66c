"""A page on this machine alone, which sends a person to GitHub and receives the redirect with the code."""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from pointsmanctl.apps.github_manifest import AppRequest, answer_page
from pointsmanctl.errors import CloudUnavailable, InvalidInput

CREATED = "/created"
CODE_SECONDS = 3600.0  # how long GitHub keeps a registration open


@dataclass
class RedirectServer:
    """The server of one registration, on a port that the system chooses."""

    port: int
    request: AppRequest | None = None
    path: str = field(default_factory=lambda: f"/{secrets.token_urlsafe(16)}")  # of the page: nobody else can guess it
    code: str = field(default="", repr=False)
    _received: threading.Event = field(default_factory=threading.Event, repr=False)

    @cached_property
    def origin(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def redirect_url(self) -> str:
        """Where GitHub leads to."""
        return f"{self.origin}{CREATED}"

    def start(self, request: AppRequest) -> str:
        """Serve the page of a registration, and return its address."""
        self.request = request
        return f"{self.origin}{self.path}"

    def wait(self, seconds: float = CODE_SECONDS) -> str:
        """Return the code as soon as GitHub has sent it. Raises CloudUnavailable after `seconds`."""
        if not self._received.wait(seconds):
            raise CloudUnavailable("GitHub did not lead back within an hour. Start again")
        return self.code

    def answer(self, target: str, host: str) -> tuple[int, str]:
        """Return status and page for a request. `host`: a page of another site that leads here by DNS has its own."""
        address = urlsplit(target)
        if self.request is None or host != f"127.0.0.1:{self.port}":
            return 404, answer_page("There is nothing here.")
        if address.path == self.path:
            return 200, self.request.page()
        if address.path != CREATED:
            return 404, answer_page("There is nothing here.")
        try:
            code = self.request.code_in({name: values[-1] for name, values in parse_qs(address.query).items()})
        except InvalidInput as error:
            return 400, answer_page(str(error))
        if not self._received.is_set():
            self.code = code
            self._received.set()
        return 200, answer_page("GitHub has created the App. Go back to the terminal, and close this page.")


@contextmanager
def redirect_server() -> Iterator[RedirectServer]:
    """Run a server on 127.0.0.1 until the block ends."""
    servers: list[RedirectServer] = []
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler_class(lambda: servers[0]))
    servers.append(RedirectServer(http.server_port))
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield servers[0]
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def _handler_class(server: Callable[[], RedirectServer]) -> type[BaseHTTPRequestHandler]:
    class _Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, page = server().answer(self.path, self.headers.get("Host", ""))
            content = page.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Log nothing: the address has the code."""

    return _Handler
