"""The view of a rollout from all of its events at once. notify keeps it up to date instead: `summaries.py`."""

from collections.abc import Iterable

from pointsman.core.slack.rollout_summary import add, begin, order_of, targets_of
from pointsman.core.slack.rollout_view import RolloutView
from pointsman.core.slack.target_summary import TargetSummary
from pointsman.core.trail.events import RolloutStarted, TrailEvent


def fold(events: Iterable[TrailEvent]) -> RolloutView | None:
    """Return the view of one rollout's partition, or None when it has no RolloutStarted.

    Any order of the events gives the same view, and an event may be in it twice.
    """
    events = list(events)
    start = next((event for event in events if isinstance(event, RolloutStarted)), None)
    if start is None:
        return None
    summary, targets = begin(start, ""), dict[str, TargetSummary]()
    originals = frozenset(start.targets)
    add(summary, targets, [(event, targets_of(event)) for event in events], originals.__contains__)
    for name in set(start.targets) - targets.keys():
        targets[name] = TargetSummary(name, start.targets.index(name))
    members = (target for target in targets.values() if target.is_member)
    return summary.view(target.view() for target in sorted(members, key=order_of))
