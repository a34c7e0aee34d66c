"""The Postings, StandingStore and StaleStore ports in memory: the twin for tests."""

from threading import RLock

from pointsman.core.slack.port import SlackMessageState
from pointsman.core.slack.route_status import RouteStatus
from pointsman.core.slack.stale import Stale
from pointsman.errors import Conflict


class MemorySlackMessages:
    """Postings in a dictionary."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._postings: dict[tuple[str, str], SlackMessageState] = {}
        self._standings: dict[str, RouteStatus] = {}
        self._stale = Stale()

    def load(self, rollout: str, note: str = "") -> SlackMessageState | None:
        """See Postings.load."""
        with self._lock:
            return self._postings.get((rollout, note))

    def save(self, state: SlackMessageState) -> SlackMessageState:
        """See Postings.save."""
        with self._lock:
            key = (state.rollout, state.note)
            known = self._postings.get(key)
            if state.version != (known.version if known else 0):
                raise Conflict(f"the posting of {state.rollout} has moved")
            stored = state.model_copy(update={"version": state.version + 1})
            self._postings[key] = stored
            return stored

    def load_route_status(self, key: str) -> RouteStatus | None:
        """See StandingStore.load_standing."""
        with self._lock:
            return self._standings.get(key)

    def save_route_status(self, status: RouteStatus) -> None:
        """See StandingStore.save_standing."""
        with self._lock:
            known = self._standings.get(status.key)
            if status.version != (known.version if known else 0):
                raise Conflict(f"the standing of route {status.route} has moved")
            self._standings[status.key] = status.model_copy(update={"version": status.version + 1})

    def load_stale(self) -> Stale:
        """See StaleStore.load_stale."""
        with self._lock:
            return self._stale

    def save_stale(self, stale: Stale) -> None:
        """See StaleStore.save_stale."""
        with self._lock:
            if stale.version != self._stale.version:
                raise Conflict("the list of stale messages has moved")
            self._stale = stale.model_copy(update={"version": stale.version + 1})
