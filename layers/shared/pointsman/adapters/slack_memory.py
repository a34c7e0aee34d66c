"""The SlackChannel port in memory, for tests, with Slack's refusals."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock

from pointsman.core.slack.message import SlackMessage
from pointsman.errors import MessageGone


@dataclass
class MemorySlackChannel:
    """A channel as a list of messages.

    `faults` are raised by the next calls, one each, before anything is done; `lost_responses` after it was done.
    """

    messages: dict[str, tuple[str, SlackMessage]] = field(default_factory=dict)  # by timestamp: rollout, message
    notes: dict[str, tuple[str, str | None, SlackMessage]] = field(
        default_factory=dict
    )  # by timestamp: mark, thread, message
    calls: list[str] = field(default_factory=list)
    faults: list[Exception | None] = field(default_factory=list)
    lost_responses: list[Exception] = field(default_factory=list)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _lock: RLock = field(default_factory=RLock)

    def post(self, rollout: str, message: SlackMessage, note: str = "", thread: str | None = None) -> str:
        """See SlackChannel.post."""
        with self._lock:
            self._record_call("reply" if thread else "post")
            if thread and thread not in self.messages:
                raise MessageGone(thread)
            ts = f"{self.clock().timestamp():.0f}.{len(self.messages) + len(self.notes):06d}"
            if note:
                self.notes[ts] = (f"{rollout} {note}", thread, message)
            else:
                self.messages[ts] = (rollout, message)
            self._respond()
            return ts

    def update(self, ts: str, rollout: str, message: SlackMessage, note: str = "") -> None:
        """See SlackChannel.update."""
        with self._lock:
            self._record_call("update")
            if ts not in (self.notes if note else self.messages):
                raise MessageGone(ts)
            if note:
                mark, thread, _ = self.notes[ts]
                self.notes[ts] = (mark, thread, message)
            else:
                self.messages[ts] = (rollout, message)
            self._respond()

    def find(self, rollout: str, since: datetime, note: str = "") -> str | None:
        """See SlackChannel.find."""
        with self._lock:
            self._record_call("find")
            marked = [ts for ts, (name, _) in self.messages.items() if name == rollout]
            if note:
                marked = [ts for ts, (mark, _, _) in self.notes.items() if mark == f"{rollout} {note}"]
            return next((ts for ts in marked if float(ts) > since.timestamp() - 120), None)

    def _record_call(self, name: str) -> None:
        self.calls.append(name)
        if self.faults and (fault := self.faults.pop(0)):
            raise fault

    def _respond(self) -> None:
        if self.lost_responses:
            raise self.lost_responses.pop(0)
