"""The test events that reached the queue, for all checks of an examination, which wait for theirs side by side."""

import json
import time
from dataclasses import dataclass, field
from typing import Any, Final

_POLL_SECONDS: Final = 2


@dataclass
class Arrivals:
    """Who receives a test event of this examination notes it for the check that waits for it.

    A message that was received is invisible to everybody for a second. If each check looked for its own event
    alone, the checks of many targets would hide the events from each other for longer than they wait.
    """

    _sent: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)
    _last: float = 0.0  # when an event was seen last, as time.monotonic() counts

    def expect(self, event: str) -> None:
        """Note the id of an event before it is sent."""
        self._sent.add(event)

    def wait(self, sqs: Any, queue: str, event: str, seconds: float) -> None:
        """Wait until the event is there, or `seconds` have passed in which none arrived. Raises ClientError."""
        begun = time.monotonic()
        while event not in self._seen and time.monotonic() < max(begun, self._last) + seconds:
            answer = sqs.receive_message(
                QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=1, WaitTimeSeconds=_POLL_SECONDS
            )
            for message in answer.get("Messages", []):
                # Another examination's is visible again after a second.
                if (found := id_of(message["Body"])) in self._sent:
                    self._note(str(found))
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    def has(self, event: str) -> bool:
        """Whether the event arrived."""
        return event in self._seen

    def _note(self, event: str) -> None:
        if event not in self._seen:  # a queue may deliver twice
            self._seen.add(event)
            self._last = time.monotonic()


def id_of(body: str) -> str | None:
    """The id of the test event in a message of the queue; None if there is none."""
    try:
        found = json.loads(body)["detail"]["test-event"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None
