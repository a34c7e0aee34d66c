"""How long events wait for their digest: the measure of an archiver that has stopped."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from pointsman.core.archive.ports import SegmentWriter
from pointsman.core.archive.stream import segment_hour

_EVERY: Final = timedelta(minutes=5)


class ArchiveAge:
    """Measures it every few minutes: each look is a request to S3."""

    def __init__(self, segments: SegmentWriter, now: Callable[[], datetime]) -> None:
        self._segments, self._now = segments, now
        self._last: datetime | None = None

    def measure(self) -> float | None:
        """The age of the oldest hour that has events without a digest, in seconds; None: it is too early to look."""
        now = self._now()
        if self._last and now - self._last < _EVERY:
            return None
        self._last = now
        oldest = self._segments.oldest_segment()
        return (now - segment_hour(oldest)).total_seconds() if oldest else 0
