"""What became of deliveries: their decisions, the rollouts that followed, and redeliveries."""

from collections.abc import Iterable
from dataclasses import dataclass

from pointsman.core.model import Decision
from pointsman.core.trail.events import DeliveryDecided, RolloutRepeated, TrailEvent
from pointsmanctl.stack.rollouts import LoadedRollout, RolloutReader

EVENT_TYPES = ("DeliveryDecided", "RolloutRepeated")


@dataclass(frozen=True)
class DeliveryReport:
    """A delivery, the rollouts that followed from it by their ids, and each time it was redelivered."""

    event: DeliveryDecided
    rollouts: dict[str, LoadedRollout]
    repeated: tuple[RolloutRepeated, ...]

    def rollout_of(self, decision: Decision) -> LoadedRollout | None:
        """The rollout that followed from a decision."""
        return self.rollouts.get(decision.rollout) if decision.rollout else None


def reports_of(events: Iterable[TrailEvent], reader: RolloutReader) -> list[DeliveryReport]:
    """A report for each delivery among `events`. Raises Unavailable or Misconfigured."""
    events = list(events)
    repeats = [event for event in events if isinstance(event, RolloutRepeated)]
    loaded: dict[str, LoadedRollout | None] = {}
    reports = []
    for event in events:
        if not isinstance(event, DeliveryDecided):
            continue
        names = [decision.rollout for decision in event.decisions if decision.rollout]
        loaded |= {name: reader.load(name) for name in names if name not in loaded}
        rollouts = {name: found for name in names if (found := loaded[name])}
        reports.append(DeliveryReport(event, rollouts, tuple(_of(event, repeats))))
    return reports


def _of(event: DeliveryDecided, repeats: list[RolloutRepeated]) -> Iterable[RolloutRepeated]:
    return (each for each in repeats if each.delivery == event.delivery)


def delivered_before(events: Iterable[TrailEvent]) -> set[str]:
    """The deliveries that were redelivered among `events`, and first came before them."""
    events = list(events)
    again = {event.delivery for event in events if isinstance(event, RolloutRepeated)}
    return again - {event.delivery for event in events if isinstance(event, DeliveryDecided)}
