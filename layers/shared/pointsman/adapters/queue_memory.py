"""The Queue port in memory: the twin for tests, with the same messages as SQS."""

from threading import Lock

from pointsman.core.delivery import Delivery
from pointsman.core.queue_message import to_messages
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

    @property
    def deliveries(self) -> list[Delivery]:
        """The deliveries that were sent, as start_build reads them."""
        return [Delivery.read_json(message) for message in self.messages]
