"""Deliveries with their decisions, the rollouts that followed, and redeliveries."""

from collections.abc import Iterable
from dataclasses import dataclass

from pointsman.core.decision import Decision
from pointsman.core.model import RolloutId
from pointsman.core.trail.events import DeliveryDecided, RolloutRepeated, TrailEvent
from pointsmanctl.stack.rollouts import LoadedRollout, RolloutReader

EVENT_TYPES = ("DeliveryDecided", "RolloutRepeated")


@dataclass(frozen=True)
class DeliveryReport:
    """A delivery, its rollouts by id, and its redeliveries."""

    event: DeliveryDecided
    rollouts: dict[RolloutId, LoadedRollout]
    repeated: tuple[RolloutRepeated, ...]

    def rollout_of(self, decision: Decision) -> LoadedRollout | None:
        """Return the rollout of a decision, or None."""
        return self.rollouts.get(decision.rollout) if decision.rollout else None


def reports_of(events: Iterable[TrailEvent], reader: RolloutReader) -> list[DeliveryReport]:
    """Return a report for each delivery among `events`. Raises Unavailable or Misconfigured."""
    events = list(events)
    repeats = [event for event in events if isinstance(event, RolloutRepeated)]
    loaded: dict[RolloutId, LoadedRollout | None] = {}
    reports = []
    for event in events:
        if not isinstance(event, DeliveryDecided):
            continue
        names = [decision.rollout for decision in event.decisions if decision.rollout]
        loaded |= {name: reader.load(name) for name in names if name not in loaded}
        rollouts = {name: rollout for name in names if (rollout := loaded[name])}
        reports.append(DeliveryReport(event, rollouts, tuple(_repeats_of(event, repeats))))
    return reports


def _repeats_of(event: DeliveryDecided, repeats: list[RolloutRepeated]) -> Iterable[RolloutRepeated]:
    return (each for each in repeats if each.delivery == event.delivery)


def delivered_earlier(events: Iterable[TrailEvent]) -> set[str]:
    """Return the deliveries that `events` has only redeliveries of: their first delivery came earlier."""
    events = list(events)
    redelivered = {event.delivery for event in events if isinstance(event, RolloutRepeated)}
    return redelivered - {event.delivery for event in events if isinstance(event, DeliveryDecided)}
