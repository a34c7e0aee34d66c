"""The Queue port in memory: the twin for tests, with the same messages as SQS."""

from threading import Lock

from pointsman.core.delivery import Delivery
from pointsman.core.model import RolloutId
from pointsman.core.queue_message import ReconcileRequest, to_messages
from pointsman.errors import Unavailable


class MemoryQueue:
    """Messages in a list. Set `down` to have it fail as SQS does when it can't be reached."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.down = False
        self._lock = Lock()

    def send(self, delivery: Delivery) -> None:
        """See Queue.send."""
        if self.down:
            raise Unavailable("sending a delivery to the queue: no answer")
        with self._lock:
            self.messages += to_messages(delivery)

    def request(self, rollout_id: RolloutId) -> None:
        """See ReconcileRequests.request."""
        if self.down:
            raise Unavailable("sending a request to the queue: no answer")
        with self._lock:
            self.messages.append(ReconcileRequest(reconcile=rollout_id).to_json())

    @property
    def deliveries(self) -> list[Delivery]:
        """The deliveries that were sent, as start_build reads them."""
        return [Delivery.read_json(message) for message in self.messages]
