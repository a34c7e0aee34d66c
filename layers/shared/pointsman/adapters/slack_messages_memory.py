"""The stores of notify (messages, status of routes and alarms, stale list) in memory, for tests."""

from threading import RLock

from pointsman.core.slack.alarm_status import AlarmStatus
from pointsman.core.slack.port import SlackMessageState
from pointsman.core.slack.route_status import RouteStatus
from pointsman.core.slack.stale import StaleList
from pointsman.errors import Conflict


class MemorySlackMessages:
    """Keeps everything in dictionaries."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._messages: dict[tuple[str, str], SlackMessageState] = {}
        self._statuses: dict[str, RouteStatus] = {}
        self._alarms: dict[str, AlarmStatus] = {}
        self._stale = StaleList()

    def load(self, rollout: str, note: str = "") -> SlackMessageState | None:
        """See SlackMessageStore.load."""
        with self._lock:
            return self._messages.get((rollout, note))

    def save(self, state: SlackMessageState) -> SlackMessageState:
        """See SlackMessageStore.save."""
        with self._lock:
            key = (state.rollout, state.note)
            current = self._messages.get(key)
            if state.version != (current.version if current else 0):
                raise Conflict(f"another writer changed the state of the Slack message of {state.rollout}")
            stored = state.replace(version=state.version + 1)
            self._messages[key] = stored
            return stored

    def load_route_status(self, key: str) -> RouteStatus | None:
        """See RouteStatusStore.load_route_status."""
        with self._lock:
            return self._statuses.get(key)

    def save_route_status(self, status: RouteStatus) -> None:
        """See RouteStatusStore.save_route_status."""
        with self._lock:
            current = self._statuses.get(status.key)
            if status.version != (current.version if current else 0):
                raise Conflict(f"another writer changed the status of route {status.route}")
            self._statuses[status.key] = status.replace(version=status.version + 1)

    def load_alarm_status(self, key: str) -> AlarmStatus | None:
        """See AlarmStatusStore.load_alarm_status."""
        with self._lock:
            return self._alarms.get(key)

    def save_alarm_status(self, status: AlarmStatus) -> None:
        """See AlarmStatusStore.save_alarm_status."""
        with self._lock:
            current = self._alarms.get(status.key)
            if status.version != (current.version if current else 0):
                raise Conflict(f"another writer changed the status of alarm {status.name}")
            self._alarms[status.key] = status.replace(version=status.version + 1)

    def load_stale(self) -> StaleList:
        """See StaleListStore.load_stale."""
        with self._lock:
            return self._stale

    def save_stale(self, stale: StaleList) -> None:
        """See StaleListStore.save_stale."""
        with self._lock:
            if stale.version != self._stale.version:
                raise Conflict("another writer changed the list of stale messages")
            self._stale = stale.replace(version=stale.version + 1)
