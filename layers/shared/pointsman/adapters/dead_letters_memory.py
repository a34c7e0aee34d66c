"""The DeadLetters port in memory: the twin for tests."""

from dataclasses import dataclass

from pointsman.errors import Unavailable


@dataclass(frozen=True)
class DeadLetter:
    """A message that was put aside."""

    body: str
    group_id: str
    reason: str


class MemoryDeadLetters:
    """Messages in a dictionary, by id. Set `down` to have it fail as SQS does when it does not answer."""

    def __init__(self) -> None:
        self.letters: dict[str, DeadLetter] = {}
        self.down = False

    def put(self, body: str, message_id: str, group_id: str, reason: str) -> None:
        """See DeadLetters.put."""
        if self.down:
            raise Unavailable("sending a message to the dead-letter queue: no answer")
        self.letters.setdefault(message_id, DeadLetter(body, group_id, reason))
