"""The status of a CloudWatch alarm: when it fired and ended, in whatever order its changes are reported.

Each time that it fires is an episode, and each episode has a message of its own: Slack notifies of new messages only.
"""

import hashlib
from datetime import datetime
from typing import Annotated, Protocol

from msgspec import Meta

from pointsman.core.value import Value
from pointsman.errors import Conflict, Unavailable

MAX_EPISODES = 10  # kept for each alarm: enough for those whose message still has to be updated
MAX_CONFLICTS = 5
FIRING = "ALARM"
MESSAGE_PREFIX = "alarm-"


class AlarmChange(Value, kw_only=True, frozen=True):
    """A change of an alarm's state, as CloudWatch reports it. States: `ALARM`, `OK`, `INSUFFICIENT_DATA`."""

    arn: str
    name: str
    account: str  # 12 digits
    region: str
    description: str
    state: str
    at: Annotated[datetime, Meta(tz=True)]
    reason: str
    previous_state: str = ""
    previous_at: Annotated[datetime, Meta(tz=True)] | None = None
    previous_reason: str = ""

    @property
    def key(self) -> str:
        """The key of its alarm: 16 hexadecimal digits."""
        return hashlib.sha256(self.arn.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class AlarmEpisode(Value, kw_only=True, frozen=True):
    """One time that an alarm fired."""

    began_at: datetime
    state: str = FIRING  # the newest one
    changed_at: datetime
    reason: str
    ended_at: datetime | None = None


class AlarmStatus(Value, kw_only=True, frozen=True):
    """An alarm with its last episodes, the newest last."""

    key: str
    name: str
    account: str
    region: str
    description: str
    episodes: tuple[AlarmEpisode, ...] = ()
    version: int = 0  # writes so far; 0 means not stored yet

    def after(self, change: AlarmChange) -> "AlarmStatus":
        """Return the status with `change`; the same status if it is older than what is known, or shows nothing.

        The change before it may be late or lost. `change` says which one that was, so that an alarm that fires again
        is not taken for one that still does.
        """
        newest = self.episodes[-1] if self.episodes else None
        if newest and change.previous_at and newest.changed_at < change.previous_at < change.at:
            missed = change.replace(
                state=change.previous_state,
                at=change.previous_at,
                reason=change.previous_reason or newest.reason,
                previous_at=None,
            )
            return self.after(missed).after(change)
        if newest and change.at <= newest.changed_at:
            return self
        if newest and (newest.ended_at is None or change.state != FIRING):
            return self._with(change, *self.episodes[:-1], _continued(newest, change))
        episode = _first_seen(change)
        return self._with(change, *self.episodes, episode) if episode else self

    @property
    def messages(self) -> list[str]:
        """The ids of the messages that a change may have changed: it can end an episode and begin another one."""
        return [message_id(self.key, each) for each in self.episodes[-2:]]

    def episode(self, message: str) -> AlarmEpisode | None:
        """Return the episode that a message shows."""
        return next((each for each in self.episodes if message_id(self.key, each) == message), None)

    def _with(self, change: AlarmChange, *episodes: AlarmEpisode) -> "AlarmStatus":
        return self.replace(description=change.description, episodes=episodes[-MAX_EPISODES:])


def _continued(episode: AlarmEpisode, change: AlarmChange) -> AlarmEpisode:
    firing = change.state == FIRING
    ended_at = None if firing else episode.ended_at or change.at
    return episode.replace(state=change.state, changed_at=change.at, reason=change.reason, ended_at=ended_at)


def _first_seen(change: AlarmChange) -> AlarmEpisode | None:
    """Return the episode of a change without an earlier one. If the alarm has ended, its beginning was overtaken."""
    if change.state == FIRING:
        return AlarmEpisode(began_at=change.at, changed_at=change.at, reason=change.reason)
    if change.previous_state != FIRING:
        return None
    return AlarmEpisode(
        began_at=change.previous_at or change.at,
        state=change.state,
        changed_at=change.at,
        reason=change.reason,
        ended_at=change.at,
    )


def message_id(key: str, episode: AlarmEpisode) -> str:
    """Return the id of an episode's message, such as `alarm-0123456789abcdef-1764400000000` (milliseconds)."""
    return f"{MESSAGE_PREFIX}{key}-{round(episode.began_at.timestamp() * 1000)}"


def is_alarm_message(message: str) -> bool:
    """Return whether a message's id is that of an alarm, not of a rollout."""
    return message.startswith(MESSAGE_PREFIX)


def alarm_key_of(message: str) -> str:
    """Return the key of the alarm that a message shows."""
    return message.removeprefix(MESSAGE_PREFIX).partition("-")[0]


class AlarmStatusStore(Protocol):
    """Keeps the status of each alarm that has fired."""

    def load_alarm_status(self, key: str) -> AlarmStatus | None:
        """Return the status with this key, or None when it was never stored. Raises Unavailable."""

    def save_alarm_status(self, status: AlarmStatus) -> None:
        """Store `status` over its version. Raises Conflict, Unavailable."""


def record_change(store: AlarmStatusStore, change: AlarmChange) -> list[str]:
    """Store a change, and return the ids of the messages that show it. Raises Unavailable."""
    for _ in range(MAX_CONFLICTS):
        stored = store.load_alarm_status(change.key) or _new(change)
        status = stored.after(change)
        if status != stored and not _is_saved(store, status):
            continue
        return status.messages
    raise Unavailable(f"status of alarm {change.name}: {MAX_CONFLICTS} updates conflicted with other writers")


def _is_saved(store: AlarmStatusStore, status: AlarmStatus) -> bool:
    try:
        store.save_alarm_status(status)
    except Conflict:
        return False
    return True


def _new(change: AlarmChange) -> AlarmStatus:
    return AlarmStatus(
        key=change.key,
        name=change.name,
        account=change.account,
        region=change.region,
        description=change.description,
    )
