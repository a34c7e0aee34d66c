"""One Slack message for each rollout, kept true to the trail, and notes in its thread.

Slack notifies of a message, never of an edit. So a rollout that failed gets a reply, also sent to the channel, once for
each round; and one more when a later rollout of the same route and ref succeeded where it had failed.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from pointsman.core.model import RolloutState
from pointsman.core.ports import Trail
from pointsman.core.slack.fold_rollout import fold
from pointsman.core.slack.message import Message, render
from pointsman.core.slack.message_sync import MessageRef, MessageSync, NotifyResult
from pointsman.core.slack.port import Slack, SlackMessageStore, WaitBudget
from pointsman.core.slack.rollout_view import RolloutView
from pointsman.core.slack.route_status import RouteStatus, RouteStatusStore, update_route_status
from pointsman.core.slack.thread_notes import failed_note, fixed_note
from pointsman.core.trail.keys import rollout_partition


class ChannelStore(SlackMessageStore, RouteStatusStore, Protocol):
    """Where the board keeps what it knows of the channel."""


class SlackNotifier:
    """The channel, as a view of the trail. `members` are Slack's member ids by GitHub login, in lower case."""

    def __init__(
        self,
        trail: Trail,
        store: ChannelStore,
        slack: Slack,
        clock: Callable[[], datetime],
        members: Mapping[str, str] | None = None,
    ) -> None:
        self._trail = trail
        self._store = store
        self._message_sync = MessageSync(store, slack, clock)
        self._members = members or {}

    def show(self, rollout: str, wait_budget: WaitBudget) -> NotifyResult:
        """Make the channel show how `rollout` stands. Raises SlackRefused, or Unavailable to be called again."""
        drawn: list[RolloutView] = []

        def draw() -> Message | None:
            view = self._view(rollout)
            if view is None:
                return None
            drawn.append(view)
            return render(view)

        shown = self._message_sync.keep(MessageRef(rollout), draw, wait_budget)
        if drawn and drawn[-1].state in (RolloutState.FAILED, RolloutState.SUCCEEDED):
            self._tell_end(drawn[-1], wait_budget)
        return shown

    def _tell_end(self, view: RolloutView, wait_budget: WaitBudget) -> None:
        if view.state is RolloutState.FAILED:
            self._tell_failure(view, wait_budget)
        status = update_route_status(self._store, view)
        if status.is_fixed:
            self._tell_fix(status, wait_budget)

    def _tell_failure(self, view: RolloutView, wait_budget: WaitBudget) -> None:
        def draw() -> Message | None:
            now = self._view(view.rollout)
            if now is None or (now.state, now.round) != (view.state, view.round):
                return None  # it goes on
            return failed_note(now, self._members)

        thread = self._message_sync.ts_of(view.rollout)
        self._message_sync.keep(MessageRef(view.rollout, f"failed#{view.round}", thread), draw, wait_budget)

    def _tell_fix(self, status: RouteStatus, wait_budget: WaitBudget) -> None:
        failure, success = status.failure, status.success
        if failure is None or success is None:
            return
        note = fixed_note(status.route, success)
        thread = self._message_sync.ts_of(failure.rollout)
        ref = MessageRef(failure.rollout, f"fixed#{failure.round}", thread, once=True)
        self._message_sync.keep(ref, lambda: note, wait_budget)

    def _view(self, rollout: str) -> RolloutView | None:
        return fold(self._trail.of_partition(rollout_partition(rollout)))
