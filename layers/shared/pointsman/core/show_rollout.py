"""One Slack message for each rollout, kept true to the trail, and notes in its thread.

Slack notifies of a message, never of an edit. So a rollout that failed gets a reply, also sent to the channel, once for
each round; and one more when a later rollout of the same route and ref succeeded where it had failed.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from pointsman.core.fold_rollout import fold
from pointsman.core.keep_message import Keeper, Sheet, Shown
from pointsman.core.model import RolloutState
from pointsman.core.ports import Trail
from pointsman.core.rollout_view import RolloutView
from pointsman.core.slack_message import Message, render
from pointsman.core.slack_notes import failed_note, fixed_note
from pointsman.core.slack_port import Patience, Postings, Slack
from pointsman.core.standing import Standing, StandingStore, settle

__all__ = ["Board", "Shown"]


class Store(Postings, StandingStore, Protocol):
    """Where the board keeps what it knows of the channel."""


class Board:
    """The channel, as a view of the trail. `members` are Slack's member ids by GitHub login, in lower case."""

    def __init__(
        self,
        trail: Trail,
        store: Store,
        slack: Slack,
        clock: Callable[[], datetime],
        members: Mapping[str, str] | None = None,
    ) -> None:
        self._trail = trail
        self._store = store
        self._keeper = Keeper(store, slack, clock)
        self._members = members or {}

    def show(self, rollout: str, patience: Patience) -> Shown:
        """Make the channel show how `rollout` stands. Raises SlackRefused, or Unavailable to be called again."""
        drawn: list[RolloutView] = []

        def draw() -> Message | None:
            view = self._view(rollout)
            if view is None:
                return None
            drawn.append(view)
            return render(view)

        shown = self._keeper.keep(Sheet(rollout), draw, patience)
        if drawn and drawn[-1].state in (RolloutState.FAILED, RolloutState.SUCCEEDED):
            self._tell_end(drawn[-1], patience)
        return shown

    def _tell_end(self, view: RolloutView, patience: Patience) -> None:
        if view.state is RolloutState.FAILED:
            self._tell_failure(view, patience)
        standing = settle(self._store, view)
        if standing.is_fixed:
            self._tell_fix(standing, patience)

    def _tell_failure(self, view: RolloutView, patience: Patience) -> None:
        def draw() -> Message | None:
            now = self._view(view.rollout)
            if now is None or (now.state, now.round) != (view.state, view.round):
                return None  # it goes on
            return failed_note(now, self._members)

        thread = self._keeper.ts_of(view.rollout)
        self._keeper.keep(Sheet(view.rollout, f"failed#{view.round}", thread), draw, patience)

    def _tell_fix(self, standing: Standing, patience: Patience) -> None:
        failure, success = standing.failure, standing.success
        if failure is None or success is None:
            return
        note = fixed_note(standing.route, success)
        thread = self._keeper.ts_of(failure.rollout)
        sheet = Sheet(failure.rollout, f"fixed#{failure.round}", thread, once=True)
        self._keeper.keep(sheet, lambda: note, patience)

    def _view(self, rollout: str) -> RolloutView | None:
        return fold(self._trail.of_partition(f"ROLLOUT#{rollout}"))
