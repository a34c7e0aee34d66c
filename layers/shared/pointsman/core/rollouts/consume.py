"""A batch of the changes queue: every message is stored before any build starts, so no region delays a message.

A message that could not be stored goes back to the queue, and only that one: the push tells which commit is newer, so
no message has to wait for another. A message that can't be read goes to the dead-letter queue at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import DecodeError

from pointsman.core.delivery import Delivery
from pointsman.core.model import RolloutId
from pointsman.core.ports import DeadLetters
from pointsman.core.queue_message import ReconcileRequest
from pointsman.core.rollouts.engine import Engine
from pointsman.errors import Unreadable


@dataclass(frozen=True)
class ReceivedMessage:
    """A message as SQS hands it out. Handed out again, it has the same id."""

    id: str
    group_id: str
    body: str


@dataclass(frozen=True)
class BatchResult:
    """The outcome of a batch, by message id. Messages that are in neither mapping are stored."""

    returned: Mapping[str, Exception]  # go back to the queue, with the reason
    dead_letters: Mapping[str, str]  # went to the dead-letter queue, with the reason
    reconcile_failure: Exception | None = None  # every message is stored: the sweep continues


class DeliveryConsumer:
    """Takes batches of deliveries from the queue."""

    def __init__(self, engine: Engine, dead_letters: DeadLetters) -> None:
        self._engine = engine
        self._dead_letters = dead_letters

    def consume(self, batch: Sequence[ReceivedMessage], should_stop: Callable[[], bool]) -> BatchResult:
        """Store every message, then bring their rollouts forward until `should_stop`."""
        rollout_ids: list[RolloutId] = []
        returned: dict[str, Exception] = {}
        dead_letters: dict[str, str] = {}
        for message in batch:
            try:
                rollout_ids += self._store(message, dead_letters)
            except Exception as failure:  # a message that can't be stored stops no other
                returned[message.id] = failure
        return BatchResult(returned, dead_letters, self._reconcile(rollout_ids, should_stop))

    def _store(self, message: ReceivedMessage, dead_letters: dict[str, str]) -> list[RolloutId]:
        """Store one message; return the ids of its rollouts."""
        try:
            if request := ReconcileRequest.read_from(message.body):
                return [request.reconcile]
            delivery = Delivery.read_json(message.body)
        except DecodeError as error:
            self._set_aside(message, f"this version can't read the message: {error}", dead_letters)
            return []
        try:
            return self._engine.accept(delivery, message.id)
        except Unreadable as error:
            self._set_aside(message, str(error), dead_letters)
            return [spec.rollout for spec in delivery.specs]

    def _set_aside(self, message: ReceivedMessage, reason: str, dead_letters: dict[str, str]) -> None:
        self._dead_letters.put(message.body, message.id, message.group_id, reason)
        dead_letters[message.id] = reason

    def _reconcile(self, rollout_ids: Sequence[RolloutId], should_stop: Callable[[], bool]) -> Exception | None:
        """Return the failure instead of raising it: the messages are stored, and none of them may come back for it."""
        try:
            self._engine.reconcile(rollout_ids, should_stop=should_stop)
        except Exception as failure:
            return failure
        return None
