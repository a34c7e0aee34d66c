"""Keep one Slack message for each rollout in line with the trail, with notes in its thread, and one for each alarm.

Slack notifies people of a new message, never of an edit. So a rollout that failed gets a note, also sent to the
channel, once for each round; and another when a later rollout of the same route and ref succeeded where it had failed.
A rollout that halts gets the note at once: its end edits it. A gate that waits for an approval gets one, too.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pointsman.core.model import RolloutState
from pointsman.core.slack.alarm_notifier import AlarmNotifier
from pointsman.core.slack.alarm_status import AlarmStatusStore, is_alarm_message
from pointsman.core.slack.drift_notifier import DriftNotifier, KeyedTrail, is_drift_check, is_quiet
from pointsman.core.slack.message import SlackMessage, render
from pointsman.core.slack.message_sync import MessageRef, MessageSync, NotifyResult
from pointsman.core.slack.port import SlackChannel, SlackMessageStore, WaitBudget
from pointsman.core.slack.rollout_view import RolloutView
from pointsman.core.slack.route_status import RouteStatus, RouteStatusStore, update_route_status
from pointsman.core.slack.summaries import PagedTrail, RolloutSummaries, SummaryStore
from pointsman.core.slack.thread_notes import (
    approval_note,
    failed_note,
    failed_round,
    fixed_note,
    waits_for_approval,
)
from pointsman.core.trail.event import Event
from pointsman.errors import SlackRefused


class SlackNotifierStore(SlackMessageStore, RouteStatusStore, AlarmStatusStore, Protocol):
    """Keeps the state of the messages and the status of routes and alarms."""


class SlackTrail(PagedTrail, KeyedTrail, Protocol):
    """The trail, as far as Slack shows it."""


class SlackNotifier:
    """Shows rollouts and alarms in a channel. `members` has Slack's member ids by GitHub login, in lower case."""

    def __init__(
        self,
        trail: SlackTrail,
        store: SlackNotifierStore,
        channel: SlackChannel,
        clock: Callable[[], datetime],
        members: Mapping[str, str] | None = None,
        *,
        summaries: SummaryStore,
    ) -> None:
        self._summaries = RolloutSummaries(trail, summaries)
        self._store = store
        self._message_sync = MessageSync(store, channel, clock)
        self._alarms = AlarmNotifier(store, self._message_sync)
        self._drift = DriftNotifier(trail, self._message_sync)
        self._members = members or {}

    def note(self, rollout: str, events: Sequence[Event]) -> None:
        """Note new events of a rollout, which the next `sync` shows.

        Raises Unavailable to be called again with the same events.
        """
        self._summaries.add(rollout, events)

    def sync(self, message: str, wait_budget: WaitBudget) -> NotifyResult:
        """Make the channel show the rollout or the alarm with this id.

        Raises SlackRefused, or Unavailable to be called again.
        """
        if is_alarm_message(message):
            return self._alarms.sync(message, wait_budget)
        return self._sync_rollout(message, wait_budget)

    def _sync_rollout(self, rollout: str, wait_budget: WaitBudget) -> NotifyResult:
        views: list[RolloutView] = []

        def render_newest() -> SlackMessage | None:
            view = self._view(rollout)
            if view is None:
                return None
            views.append(view)
            # A check that failed and is retried has a message, which must not say for ever that it failed.
            is_shown = not is_quiet(view) or self._message_sync.has_begun(rollout)
            return render(view) if is_shown else None

        refusal: SlackRefused | None = None
        result = NotifyResult.UNKNOWN
        try:
            result = self._message_sync.sync(MessageRef(rollout), render_newest, wait_budget)
        except SlackRefused as error:  # what notifies is a message of its own, and Slack may accept it
            refusal = error
        if views:
            self._sync_others(views[-1], wait_budget)
        if refusal:
            raise refusal
        return result

    def _sync_others(self, view: RolloutView, wait_budget: WaitBudget) -> None:
        if is_drift_check(view):
            self._drift.sync(view.rollout, wait_budget)
        else:
            self._sync_notes(view, wait_budget)

    def _sync_notes(self, view: RolloutView, wait_budget: WaitBudget) -> None:
        if mark := waits_for_approval(view):
            self._sync_approval_note(view.rollout, mark, wait_budget)
        if number := failed_round(view):
            self._sync_failed_note(view.rollout, number, wait_budget)
        if view.state not in (RolloutState.FAILED, RolloutState.SUCCEEDED):
            return
        if view.request and view.request.is_partial:
            return  # a run on some hosts says nothing about the route on all of them
        status = update_route_status(self._store, view)
        if status.is_fixed:
            self._sync_fixed_note(status, wait_budget)

    def _sync_approval_note(self, rollout: str, mark: str, wait_budget: WaitBudget) -> None:
        def render_newest() -> SlackMessage | None:
            newest = self._view(rollout)
            return approval_note(newest) if newest and waits_for_approval(newest) == mark else None

        ref = MessageRef(rollout, mark, self._message_sync.message_ts(rollout), once=True)
        self._message_sync.sync(ref, render_newest, wait_budget)

    def _sync_failed_note(self, rollout: str, number: int, wait_budget: WaitBudget) -> None:
        def render_newest() -> SlackMessage | None:
            newest = self._view(rollout)
            if newest is None or failed_round(newest) != number:
                return None  # the rollout was retried
            return failed_note(newest, self._members)

        thread = self._message_sync.message_ts(rollout)
        self._message_sync.sync(MessageRef(rollout, f"failed#{number}", thread), render_newest, wait_budget)

    def _sync_fixed_note(self, status: RouteStatus, wait_budget: WaitBudget) -> None:
        failure, success = status.failure, status.success
        if failure is None or success is None:
            return
        note = fixed_note(status.route, success)
        thread = self._message_sync.message_ts(failure.rollout)
        ref = MessageRef(failure.rollout, f"fixed#{failure.round}", thread, once=True)
        self._message_sync.sync(ref, lambda: note, wait_budget)

    def _view(self, rollout: str) -> RolloutView | None:
        return self._summaries.view(rollout)
