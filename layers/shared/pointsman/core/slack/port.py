"""What notify needs of the world: Slack, and a place to remember which message shows which rollout."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from pointsman.core.model import Value
from pointsman.core.slack.message import Message

METADATA_TYPE = "pointsman_rollout"


class Slack(Protocol):
    """A Slack channel. Every call raises SlackBusy, SlackRefused, or Unavailable when nobody can tell what was done."""

    def post(self, rollout: str, message: Message, note: str = "", thread: str | None = None) -> str:
        """Post `message`, marked with `rollout` and `note`; its timestamp, which is its name in the channel.

        With `thread` it is a reply to the message of that timestamp, also sent to the channel. Raises MessageGone when
        there is no such message.
        """

    def update(self, ts: str, rollout: str, message: Message, note: str = "") -> None:
        """Put `message` in the place of the one at `ts`. Raises MessageGone."""

    def find(self, rollout: str, since: datetime, note: str = "") -> str | None:
        """The timestamp of the message posted after `since` that is marked with `rollout` and `note`."""


class SlackMessageState(Value):
    """How a rollout, or a note on it, is shown. `sending` is set before Slack is called and cleared after it answered.

    Found set, it tells that a call is under way, or was cut off: nobody knows what the channel shows.
    """

    rollout: str
    note: str = ""  # which note on it; empty: its own message
    created_at: datetime
    ts: str | None = None
    digest: str | None = None  # of the message that Slack last took
    sending: bool = False
    sending_since: datetime | None = None
    version: int = 0  # writes so far; 0 means not stored yet

    def shows(self, digest: str) -> bool:
        """True when the channel is known to show the message of this digest."""
        return self.ts is not None and not self.sending and self.digest == digest


class SlackMessageStore(Protocol):
    """Where postings are kept."""

    def load(self, rollout: str, note: str = "") -> SlackMessageState | None:
        """How `rollout`, or a note on it, is shown; None when it never was. Raises Unavailable."""

    def save(self, state: SlackMessageState) -> SlackMessageState:
        """Store `posting` over the version it has, and give it with the next. Raises Conflict, Unavailable."""


class WaitBudget:
    """Waits while there is time: a function must end before Lambda ends it."""

    def __init__(self, seconds_left: Callable[[], float], sleep: Callable[[float], None], reserve: float = 5.0) -> None:
        self._seconds_left = seconds_left
        self._sleep = sleep
        self._reserve = reserve

    def wait(self, seconds: float) -> bool:
        """Wait `seconds`; False, at once, when fewer than those and the reserve are left."""
        if self._seconds_left() - self._reserve < seconds:
            return False
        self._sleep(seconds)
        return True
