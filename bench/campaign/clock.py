"""Virtual time."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

BEGINNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class Timeline:
    """Runs scheduled calls in order. Time passes only here."""

    def __init__(self) -> None:
        self.now = BEGINNING
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = count()

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Schedule a call."""
        heapq.heappush(self._due, (self.now + timedelta(seconds=seconds), next(self._numbers), act))

    def run(self, until: datetime) -> None:
        """Let time pass until then."""
        while self._due and self._due[0][0] <= until:
            moment, _, act = heapq.heappop(self._due)
            self.now = max(self.now, moment)
            act()
        self.now = max(self.now, until)
