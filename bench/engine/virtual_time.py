"""Time in round trips: a call to AWS takes exactly 1, everything else takes nothing.

The engine's threads are real, but only one runs at a time. A call hands the turn to whoever is due next, and time
moves on when everyone waits. So the time that passed is the longest chain of calls that waited for each other, it
includes the waits for a free thread, and it is the same in every run.
"""

import heapq
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any
from unittest import mock


class VirtualTime:
    """Gives the turn to one thread after the other."""

    def __init__(self) -> None:
        self.now = 0
        self._due: list[tuple[int, int, threading.Event]] = []
        self._numbers = count()

    def round_trip(self) -> None:
        """Wait for the answer to a call."""
        self._pass_turn(self.now + 1)

    def start(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread, as soon as the others that are due have had their turn."""
        turn = self._ask_for_turn(self.now)

        def run() -> None:
            turn.wait()
            work()
            self._next()

        threading.Thread(target=run, daemon=True).start()

    def wait_until(self, is_done: Callable[[], bool], waiting: list[threading.Event]) -> None:
        """Wait until `is_done`. Whoever makes it true calls `wake` with the same list."""
        while not is_done():
            turn = threading.Event()
            waiting.append(turn)
            self._next()
            turn.wait()

    def wake(self, waiting: list[threading.Event]) -> None:
        """Give those that wait a turn now."""
        for turn in waiting:
            heapq.heappush(self._due, (self.now, next(self._numbers), turn))
        waiting.clear()

    def _ask_for_turn(self, moment: int) -> threading.Event:
        turn = threading.Event()
        heapq.heappush(self._due, (moment, next(self._numbers), turn))
        return turn

    def _pass_turn(self, until: int) -> None:
        turn = self._ask_for_turn(until)
        self._next()
        turn.wait()

    def _next(self) -> None:
        if not self._due:
            raise RuntimeError("every thread of the engine waits for another")
        moment, _, turn = heapq.heappop(self._due)
        self.now = max(self.now, moment)
        turn.set()


class VirtualFuture:
    """The result of one call of an executor."""

    def __init__(self, time: VirtualTime, call: Callable[[], Any]) -> None:
        self._time = time
        self._call = call
        self._waiting: list[threading.Event] = []
        self._is_done = False
        self._result: Any = None
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Make the call."""
        try:
            self._result = self._call()
        except BaseException as failure:
            self._failure = failure
        self._is_done = True
        self._time.wake(self._waiting)

    def wait(self) -> None:
        """Wait until the call was made."""
        self._time.wait_until(lambda: self._is_done, self._waiting)

    def result(self, timeout: float | None = None) -> Any:
        """As Future.result."""
        self.wait()
        if self._failure:
            raise self._failure
        return self._result


class VirtualExecutor:
    """A ThreadPoolExecutor in virtual time."""

    time: VirtualTime  # set by `in_virtual_time`

    def __init__(self, max_workers: int = 16, **_: object) -> None:
        self._max_workers = max_workers
        self._tasks: deque[VirtualFuture] = deque()
        self._all: list[VirtualFuture] = []
        self._running = 0

    def __enter__(self) -> "VirtualExecutor":
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def submit(self, function: Callable[..., Any], *given: Any, **named: Any) -> VirtualFuture:
        """As ThreadPoolExecutor.submit."""
        future = VirtualFuture(self.time, lambda: function(*given, **named))
        self._tasks.append(future)
        self._all.append(future)
        if self._running < self._max_workers:
            self._running += 1
            self.time.start(self._work)
        return future

    def map(self, function: Callable[..., Any], *given: Any) -> Iterator[Any]:
        """As ThreadPoolExecutor.map."""
        futures = [self.submit(function, *each) for each in zip(*given, strict=False)]
        return (future.result() for future in futures)

    def shutdown(self, wait: bool = True, **_: object) -> None:
        """Wait for every call."""
        for future in self._all:
            future.wait()

    def _work(self) -> None:
        while self._tasks:
            self._tasks.popleft().run()
        self._running -= 1


class VirtualLock:
    """A Lock that may be held during a call: who waits for it waits in virtual time."""

    time: VirtualTime  # set by `in_virtual_time`

    def __init__(self) -> None:
        self._is_held = False
        self._waiting: list[threading.Event] = []

    def __enter__(self) -> None:
        self.time.wait_until(lambda: not self._is_held, self._waiting)
        self._is_held = True

    def __exit__(self, *_: object) -> None:
        self._is_held = False
        self.time.wake(self._waiting)


@contextmanager
def in_virtual_time() -> Iterator[VirtualTime]:
    """Give every module of the product executors and locks in virtual time."""
    VirtualLock.time = VirtualExecutor.time = time = VirtualTime()
    with replaced("ThreadPoolExecutor", VirtualExecutor), replaced("Lock", VirtualLock):
        yield time


@contextmanager
def replaced(imported: str, kind: type[Any]) -> Iterator[None]:
    """Give every module of the product that has imported this name another class."""
    modules: list[Any] = [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("pointsman.") and hasattr(module, imported)
    ]
    with ExitStack() as stack:
        for module in modules:
            stack.enter_context(mock.patch.object(module, imported, kind))
        yield
