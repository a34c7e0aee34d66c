"""A trail, its stream and the running summaries, on the twins. Writes fail as told."""

from collections.abc import Sequence
from dataclasses import replace

from pointsman.adapters.slack_summaries_memory import MemorySummaries
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.slack.message import render
from pointsman.core.slack.rollout_summary import RolloutSummary
from pointsman.core.slack.rollout_view import RolloutView
from pointsman.core.slack.summaries import RolloutSummaries, TargetChange
from pointsman.core.trail.events import TrailEvent
from pointsman.core.trail.keys import rollout_partition
from pointsman.errors import Conflict, Unavailable
from tests.support.events import ROLLOUT
from tests.support.fold_rollout import fold


class FaultyStore(MemorySummaries):
    """Fails before or after the next writes, as told."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.writes = 0

    def save_summary(self, summary: RolloutSummary, changes: Sequence[TargetChange] = ()) -> None:
        """See SummaryStore.save_summary."""
        self.writes += 1
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "conflict":
            raise Conflict("another writer was first")
        if fault == "before":
            raise Unavailable("not written")
        super().save_summary(summary, changes)
        if fault == "after":
            raise Unavailable("written, but the answer was lost")


class SummariesWorld:
    """A trail, its stream, and the summaries."""

    def __init__(self) -> None:
        self.trail, self.store = MemoryTrail(), FaultyStore()
        self.trail.page_size = 3
        self.summaries = RolloutSummaries(self.trail, self.store)

    def record(self, *events: TrailEvent) -> None:
        """Record events, without the stream."""
        for event in events:
            self.trail.record(event)

    def happen(self, *events: TrailEvent) -> None:
        """Record events, and deliver them in one batch."""
        self.record(*events)
        self.deliver(events)

    def deliver(self, events: Sequence[TrailEvent]) -> None:
        """Deliver a batch until it is taken, as the stream does."""
        while True:
            try:
                self.summaries.add(ROLLOUT, events)
            except Unavailable:
                continue
            return

    @property
    def view(self) -> RolloutView | None:
        """What is shown."""
        return self.summaries.view(ROLLOUT)

    @property
    def folded(self) -> RolloutView | None:
        """What the whole trail says."""
        return fold(self.trail.of_partition(rollout_partition(ROLLOUT)))

    def check(self) -> None:
        """Compare both."""
        view, folded = self.view, self.folded
        assert (view and replace(view, named=())) == folded
        if view and folded:
            assert render(view) == render(folded)
