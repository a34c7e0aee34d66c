"""The Postings and StaleStore ports in memory: the twin for tests."""

from threading import RLock

from pointsman.core.slack_port import Posting
from pointsman.core.stale_messages import Stale
from pointsman.errors import Conflict


class MemoryPostings:
    """Postings in a dictionary."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._postings: dict[str, Posting] = {}
        self._stale = Stale()

    def load(self, rollout: str) -> Posting | None:
        """See Postings.load."""
        with self._lock:
            return self._postings.get(rollout)

    def save(self, posting: Posting) -> Posting:
        """See Postings.save."""
        with self._lock:
            known = self._postings.get(posting.rollout)
            if posting.version != (known.version if known else 0):
                raise Conflict(f"the posting of {posting.rollout} has moved")
            stored = posting.model_copy(update={"version": posting.version + 1})
            self._postings[posting.rollout] = stored
            return stored

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
