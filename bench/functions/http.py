"""A small HTTP server for this machine: one write for each answer, so that no packet waits for another."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """A request, with the body that came and a way to answer at once."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def body(self) -> bytes:
        """What was sent."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Send everything in one write."""
        lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in headers.items())]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
        self.wfile.write(head.encode() + body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""

    def handle(self) -> None:
        """A client that goes away is no fault: functions are killed."""
        with contextlib.suppress(OSError):
            super().handle()

    def finish(self) -> None:
        """As above."""
        with contextlib.suppress(OSError):
            super().finish()


class Server(ThreadingHTTPServer):
    """A server on a free port, each connection in a thread of its own."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64


@contextlib.contextmanager
def serving(server: Server) -> Iterator[None]:
    """Serve in a thread."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
