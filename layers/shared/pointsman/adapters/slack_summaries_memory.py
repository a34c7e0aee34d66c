"""The SummaryStore port in memory, for tests. Everything is kept as JSON, so that a field that is lost is noticed."""

from collections.abc import Iterable, Sequence
from threading import RLock

import msgspec

from pointsman.core.slack.rollout_summary import RolloutSummary
from pointsman.core.slack.summaries import ListPlace, TargetChange
from pointsman.core.slack.target_summary import TargetSummary
from pointsman.errors import Conflict


class MemorySummaries:
    """Keeps summaries in dictionaries."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._summaries: dict[str, bytes] = {}
        self._targets: dict[tuple[str, str], dict[str, bytes]] = {}
        self._places: dict[tuple[str, str], set[ListPlace]] = {}

    def load_summary(self, rollout: str) -> RolloutSummary | None:
        """See SummaryStore.load_summary."""
        with self._lock:
            stored = self._summaries.get(rollout)
            return msgspec.json.decode(stored, type=RolloutSummary) if stored else None

    def load_targets(self, rollout: str, epoch: str, names: Iterable[str]) -> dict[str, TargetSummary]:
        """See SummaryStore.load_targets."""
        with self._lock:
            stored = self._targets.get((rollout, epoch), {})
            return {name: msgspec.json.decode(stored[name], type=TargetSummary) for name in names if name in stored}

    def first_places(self, rollout: str, epoch: str, limit: int) -> list[ListPlace]:
        """See SummaryStore.first_places."""
        with self._lock:
            return sorted(self._places.get((rollout, epoch), set()))[:limit]

    def save_summary(self, summary: RolloutSummary, changes: Sequence[TargetChange] = ()) -> None:
        """See SummaryStore.save_summary."""
        with self._lock:
            current = self.load_summary(summary.rollout)
            if summary.version != (current.version if current else 0):
                raise Conflict(f"another writer changed the summary of {summary.rollout}")
            summary.version += 1
            self._summaries[summary.rollout] = msgspec.json.encode(summary)
            about = (summary.rollout, summary.epoch)
            for change in changes:
                self._targets.setdefault(about, {})[change.target.name] = msgspec.json.encode(change.target)
                places = self._places.setdefault(about, set())
                if change.before:
                    places.discard(change.before)
                if change.after:
                    places.add(change.after)

    def drop_summary(self, rollout: str) -> None:
        """See SummaryStore.drop_summary."""
        with self._lock:
            self._summaries.pop(rollout, None)
