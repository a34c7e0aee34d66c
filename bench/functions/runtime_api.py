"""Lambda's Runtime API for one function: it sends events and receives answers.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import queue
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.functions.certificates import HOST
from bench.functions.http import Handler, Server, serving

PREFIX = "/2018-06-01/runtime"
SECONDS = 60.0


@dataclass(frozen=True)
class Moment:
    """`wall` is the time of time.perf_counter, `cpu` the seconds that the function has used so far."""

    wall: float
    cpu: float


class FunctionFailed(Exception):
    """A function raised, or ended without an answer."""


@dataclass(frozen=True)
class RuntimeAnswer:
    """An answer, and when its event was sent and the answer came: seconds of the wall clock, and the function's CPU."""

    body: bytes
    sent: Moment
    came: Moment
    failed: bool = False

    @property
    def content(self) -> Any:
        """Parsed."""
        return json.loads(self.body)


class RuntimeApi:
    """The Runtime API at `address`."""

    def __init__(self) -> None:
        self._server = _Server((HOST, 0), _Handler)
        self.address = f"{HOST}:{self._server.server_port}"

    def watch(self, pid: int) -> None:
        """Read the CPU time of this process from now on."""
        self._server.pid = pid

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve. At the end, a function that still waits gets no event."""
        with serving(self._server):
            try:
                yield
            finally:
                self._server.events.put(None)

    def send(self, event: bytes) -> None:
        """Send an event at the function's next request."""
        self._server.events.put(event)

    def answer(self, is_alive: Callable[[], bool]) -> RuntimeAnswer:
        """Return the answer to the event. Raises FunctionFailed."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                answer = self._server.answers.get(timeout=1)
            except queue.Empty:
                if not is_alive():
                    break
                continue
            if answer.failed:
                raise FunctionFailed(answer.body.decode("utf-8", "replace"))
            return answer
        raise FunctionFailed("the function did not answer")


class _Server(Server):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.events: queue.Queue[bytes | None] = queue.Queue()
        self.answers: queue.Queue[RuntimeAnswer] = queue.Queue()
        self.sent = Moment(0.0, 0.0)
        self.pid = 0

    def cpu(self) -> float:
        """Seconds of CPU that the function has used, in all its threads (clock_getcpuclockid of Linux)."""
        return time.clock_gettime(~self.pid << 3 | 2) if self.pid else 0.0


class _Handler(Handler):
    server: _Server
    _came = 0.0

    def parse_request(self) -> bool:
        """Read the clock at the first line: reading the rest is work of the benchmark, not of the function."""
        self._came = time.perf_counter()
        return super().parse_request()

    def do_GET(self) -> None:  # noqa: N802
        """The next event."""
        event = self.server.events.get()
        if event is None:
            self.close_connection = True
            return
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4()),
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + SECONDS) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:111111111111:function:bench",
            "Lambda-Runtime-Trace-Id": "Root=1-69228f05-1a2b3c4d5e6f708192a3b4c5;Parent=53995c3f42cd8ad8;Sampled=0",
        }
        cpu = self.server.cpu()
        self.server.sent = Moment(time.perf_counter(), cpu)
        self.answer(200, event, headers)

    def do_POST(self) -> None:  # noqa: N802
        """The answer to an event, or why there is none."""
        body = self.body()
        came = Moment(self._came, self.server.cpu())  # the function waits until it is answered
        failed = not self.path.endswith("/response")
        self.server.answers.put(RuntimeAnswer(body, self.server.sent, came, failed))
        self.answer(202, b"{}", {"Content-Type": "application/json"})
