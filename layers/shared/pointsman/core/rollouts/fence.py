"""The last look before a build starts: nobody has cancelled, held or frozen it since it was decided.

A run acquires its target and then starts its build without reading anything in between. What was decided may be some
seconds old by then. So the versions of the rollout and of the freezes are read beside the first write, and again when
many targets take their time. The end of one build reads little before it begins another run: that counts as a look.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from pointsman.core.model import Rollout
from pointsman.core.ports import RolloutStore
from pointsman.core.route_state import Freezes

FRESH_FOR = timedelta(seconds=2)


class Fence:
    """Knows the versions from which steps were decided. `read_at`: when they were read, if that was a moment ago."""

    def __init__(
        self,
        store: RolloutStore,
        rollout: Rollout,
        freezes: Freezes,
        clock: Callable[[], datetime],
        read_at: datetime | None = None,
    ) -> None:
        self._store = store
        self._rollout = rollout
        self._decided = (rollout.version, freezes.version)
        self._clock = clock
        self._lock = Lock()
        self._read_at = read_at
        self._is_passed = read_at is not None

    def look(self) -> None:
        """Read the versions, unless that was done a moment ago. Raises Unavailable."""
        with self._lock:
            now = self._clock()
            if self._read_at is None or (self._is_passed and now - self._read_at > FRESH_FOR):
                self._is_passed = self._store.versions(self._rollout.id) == self._decided
                self._read_at = now

    @property
    def has_failed(self) -> bool:
        """Whether it is known that no build may start: versions never go back. Reads nothing."""
        return self._read_at is not None and not self._is_passed

    def is_passed(self) -> bool:
        """Whether a build may still start. Raises Unavailable."""
        self.look()
        return self._is_passed
