"""The Postings, StandingStore and StaleStore ports in memory: the twin for tests."""

from threading import RLock

from pointsman.core.slack_port import Posting
from pointsman.core.stale_messages import Stale
from pointsman.core.standing import Standing
from pointsman.errors import Conflict


class MemoryPostings:
    """Postings in a dictionary."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._postings: dict[tuple[str, str], Posting] = {}
        self._standings: dict[str, Standing] = {}
        self._stale = Stale()

    def load(self, rollout: str, note: str = "") -> Posting | None:
        """See Postings.load."""
        with self._lock:
            return self._postings.get((rollout, note))

    def save(self, posting: Posting) -> Posting:
        """See Postings.save."""
        with self._lock:
            key = (posting.rollout, posting.note)
            known = self._postings.get(key)
            if posting.version != (known.version if known else 0):
                raise Conflict(f"the posting of {posting.rollout} has moved")
            stored = posting.model_copy(update={"version": posting.version + 1})
            self._postings[key] = stored
            return stored

    def load_standing(self, key: str) -> Standing | None:
        """See StandingStore.load_standing."""
        with self._lock:
            return self._standings.get(key)

    def save_standing(self, standing: Standing) -> None:
        """See StandingStore.save_standing."""
        with self._lock:
            known = self._standings.get(standing.key)
            if standing.version != (known.version if known else 0):
                raise Conflict(f"the standing of route {standing.route} has moved")
            self._standings[standing.key] = standing.model_copy(update={"version": standing.version + 1})

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
