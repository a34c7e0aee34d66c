"""Keep one Slack message for each target whose hosts began or ceased to drift in a scheduled check.

The check itself has no message unless it failed: most checks find nothing, every day.
"""

from collections.abc import Callable
from itertools import groupby
from typing import Protocol

from pointsman.core.model import RolloutState
from pointsman.core.run_request import Trigger
from pointsman.core.slack.drift_message import Drift, render_drift
from pointsman.core.slack.message import SlackMessage
from pointsman.core.slack.message_sync import MessageRef, MessageSync
from pointsman.core.slack.port import WaitBudget
from pointsman.core.slack.rollout_view import RolloutView
from pointsman.core.trail.drift_events import DRIFT, DriftDetected, DriftResolved
from pointsman.core.trail.events import TrailEvent
from pointsman.core.trail.keys import rollout_partition


def is_drift_check(view: RolloutView) -> bool:
    """Return whether a rollout is a scheduled check for drift."""
    return view.request is not None and view.request.trigger is Trigger.DRIFT


def is_quiet(view: RolloutView) -> bool:
    """Return whether a rollout gets no message of its own: a check for drift that has not failed."""
    return is_drift_check(view) and view.state is not RolloutState.FAILED


class KeyedTrail(Protocol):
    """The trail, by the beginnings of keys."""

    def with_key(self, partition: str, beginning: str) -> list[TrailEvent]:
        """See Trail.with_key."""


class DriftNotifier:
    """Shows what checks for drift have found."""

    def __init__(self, trail: KeyedTrail, message_sync: MessageSync) -> None:
        self._trail = trail
        self._message_sync = message_sync

    def sync(self, rollout: str, wait_budget: WaitBudget) -> None:
        """Make the channel show what a check has found. Raises SlackRefused, or Unavailable to be called again."""
        for target in self._by_target(rollout):
            ref = MessageRef(rollout, f"drift#{target}")
            self._message_sync.sync(ref, self._rendering(rollout, target), wait_budget)

    def _rendering(self, rollout: str, target: str) -> Callable[[], SlackMessage | None]:
        def render_newest() -> SlackMessage | None:
            events = self._by_target(rollout).get(target)
            return render_drift(events) if events else None

        return render_newest

    def _by_target(self, rollout: str) -> dict[str, list[Drift]]:
        """The events of a check, by target and in the order of the hosts."""
        events = [
            event
            for event in self._trail.with_key(rollout_partition(rollout), DRIFT)
            if isinstance(event, DriftDetected | DriftResolved)
        ]
        events.sort(key=lambda event: (event.target or "", event.host or ""))
        return {target: list(group) for target, group in groupby(events, key=lambda event: event.target or "")}
