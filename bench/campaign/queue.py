"""An SQS FIFO queue of a function, as documented: order by group, visibility time-out, dead letters, at least once."""

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from bench.campaign.clock import Timeline
from bench.campaign.faults import DiedError, FaultInjector

VISIBILITY = 720.0  # seconds, as the template sets it
MAX_RECEIVES = 5
BATCH = 10


@dataclass
class QueuedMessage:
    """One message. It keeps its id when it is received again."""

    id: str
    group: str
    body: str
    receives: int = 0


class FifoQueue:
    """Passes batches to `consume`, which returns the ids that failed. Dead letters are kept for a redrive."""

    def __init__(
        self, time: Timeline, faults: FaultInjector, consume: Callable[[Sequence[QueuedMessage]], set[str]]
    ) -> None:
        self._time, self._faults, self._consume = time, faults, consume
        self._groups: dict[str, deque[QueuedMessage]] = defaultdict(deque)
        self._in_flight: set[str] = set()
        self._numbers = count()
        self.dead: list[QueuedMessage] = []

    def send(self, group: str, body: str) -> None:
        """Add a message."""
        self._groups[group].append(QueuedMessage(f"m-{next(self._numbers)}", group, body))
        self._time.after(1.0, self._poll)

    def redrive(self) -> None:
        """Move the dead letters back, as an operator does."""
        dead, self.dead = self.dead, []
        for message in dead:
            self.send(message.group, message.body)

    @property
    def empty(self) -> bool:
        """Whether no message is left."""
        return not any(self._groups.values())

    def _poll(self) -> None:
        for group, waiting in self._groups.items():
            if waiting and group not in self._in_flight:
                self._receive(group, list(waiting)[:BATCH])

    def _receive(self, group: str, batch: Sequence[QueuedMessage]) -> None:
        self._in_flight.add(group)
        for message in batch:
            message.receives += 1
        try:
            failed = self._consume(batch)
        except DiedError:
            failed = {message.id for message in batch}  # no answer: visible again after the time-out
        if not failed and self._faults.happens("doubled", 0.01):
            failed = {batch[0].id}  # the answer came too late
        self._settle(group, batch, failed)

    def _settle(self, group: str, batch: Sequence[QueuedMessage], failed: set[str]) -> None:
        for message in batch:
            if message.id not in failed:
                self._groups[group].remove(message)
            elif message.receives >= MAX_RECEIVES:
                self._groups[group].remove(message)
                self.dead.append(message)

        def visible() -> None:
            self._in_flight.discard(group)
            self._poll()

        self._time.after(VISIBILITY if failed else 0.0, visible)
