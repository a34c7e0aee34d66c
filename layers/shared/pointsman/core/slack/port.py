"""What notify needs from outside: a Slack channel, and a store that remembers which message shows what.

`rollout` names what a message shows, here and in stored items: a rollout's id, or the id of an alarm's message.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from pointsman.core.slack.message import SlackMessage
from pointsman.core.value import Value

METADATA_TYPE = "pointsman_rollout"


class SlackChannel(Protocol):
    """A Slack channel. Every call raises SlackBusy, SlackRefused, or Unavailable when its effect is unknown."""

    def post(self, rollout: str, message: SlackMessage, note: str = "", thread: str | None = None) -> str:
        """Post `message`, marked with `rollout` and `note`. Return its timestamp, which identifies it in the channel.

        With `thread` it is a reply to the message with that timestamp, also sent to the channel. Raises MessageGone
        when there is no such message.
        """

    def update(self, ts: str, rollout: str, message: SlackMessage, note: str = "") -> None:
        """Replace the message with timestamp `ts` by `message`. Raises MessageGone."""

    def find(self, rollout: str, since: datetime, note: str = "") -> str | None:
        """Return the timestamp of the message marked with `rollout` and `note` that was posted after `since`."""


class SlackMessageState(Value, kw_only=True, frozen=True):
    """What the channel shows of a rollout, or of a note on it.

    `sending` is set before Slack is called and cleared after it responded. While it is set, a call is in progress or
    was interrupted, and nobody knows what the channel shows.
    """

    rollout: str
    note: str = ""  # "failed#1"; empty: the rollout's own message
    created_at: datetime
    ts: str | None = None
    digest: str | None = None  # of the message that Slack last accepted
    sending: bool = False
    sending_since: datetime | None = None
    version: int = 0  # writes so far; 0 means not stored yet

    def shows(self, digest: str) -> bool:
        """Whether the channel certainly shows the message with this digest."""
        return self.ts is not None and not self.sending and self.digest == digest


class SlackMessageStore(Protocol):
    """Keeps the state of each Slack message."""

    def load(self, rollout: str, note: str = "") -> SlackMessageState | None:
        """Return the state of a rollout's message or note, or None when there is none. Raises Unavailable."""

    def save(self, state: SlackMessageState) -> SlackMessageState:
        """Store `state` over its version and return it with the next. Raises Conflict, Unavailable."""


class WaitBudget:
    """Waits as long as there is time: a function must finish before Lambda ends it.

    The reserve is for one call of Slack after the wait, which takes up to 10 seconds, and for storing the result.
    """

    def __init__(
        self, seconds_left: Callable[[], float], sleep: Callable[[float], None], reserve: float = 15.0
    ) -> None:
        self._seconds_left = seconds_left
        self._sleep = sleep
        self._reserve = reserve

    def allows(self, seconds: float) -> bool:
        """Whether at least `seconds` and the reserve are left."""
        return self._seconds_left() - self._reserve >= seconds

    def wait(self, seconds: float) -> bool:
        """Wait `seconds`. Return False at once when less time is left than that and the reserve."""
        if not self.allows(seconds):
            return False
        self._sleep(seconds)
        return True
