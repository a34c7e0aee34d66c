"""The Postings port in memory: the twin for tests."""

from threading import RLock

from pointsman.core.slack_port import Posting
from pointsman.errors import Conflict


class MemoryPostings:
    """Postings in a dictionary."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._postings: dict[str, Posting] = {}

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
