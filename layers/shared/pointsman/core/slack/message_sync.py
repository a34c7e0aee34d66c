"""Post one Slack message once and then keep it up to date, whatever fails on the way.

The message's state is loaded before the message is rendered, and saved under its version. Who loses that race renders
the message again, so an older message cannot replace a newer one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pointsman.core.slack.message import SlackMessage
from pointsman.core.slack.port import SlackChannel, SlackMessageState, SlackMessageStore, WaitBudget
from pointsman.errors import Conflict, MessageGone, SlackBusy, SlackRefused, Unavailable

MAX_CONFLICTS = 5
# A first post without a response may still arrive: longer than the client waits for a response.
POST_PENDING = timedelta(seconds=15)


class NotifyResult(StrEnum):
    """What was done for a message."""

    POSTED = "posted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    UNKNOWN = "unknown"  # the trail has no RolloutStarted of this rollout: there is nothing to show


@dataclass(frozen=True)
class MessageRef:
    """Which message: a rollout's own, or a note on it."""

    rollout: str
    note: str = ""  # "failed#1"; empty: the rollout's own message
    thread: str | None = None  # timestamp of the message to which a note replies
    once: bool = False  # it is posted and never updated

    def is_done(self, state: SlackMessageState, digest: str) -> bool:
        """Whether the channel certainly shows the message with this digest, or one that is never updated."""
        posted = self.once and state.ts is not None and not state.sending
        return posted or state.shows(digest)


class MessageSync:
    """Keeps messages in a channel up to date."""

    def __init__(self, store: SlackMessageStore, channel: SlackChannel, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._channel = channel
        self._clock = clock

    def message_ts(self, rollout: str) -> str | None:
        """Return the timestamp of a rollout's own message."""
        state = self._store.load(rollout)
        return state.ts if state else None

    def has_begun(self, rollout: str) -> bool:
        """Whether a rollout has its own message, or may have it."""
        return self._store.load(rollout) is not None

    def sync(self, ref: MessageRef, render: Callable[[], SlackMessage | None], wait_budget: WaitBudget) -> NotifyResult:
        """Make the channel show what `render` returns. Raises SlackRefused, or Unavailable to be called again."""
        overtaken = False
        for _ in range(MAX_CONFLICTS):
            state = self._store.load(ref.rollout, ref.note) or SlackMessageState(
                rollout=ref.rollout, note=ref.note, created_at=self._clock()
            )
            message = render()
            if message is None:
                return NotifyResult.UNKNOWN
            if ref.is_done(state, message.digest) and not overtaken:
                return NotifyResult.UNCHANGED
            try:
                return self._send(ref, state, message, wait_budget)
            except Conflict:
                overtaken = True
        raise Unavailable(f"Slack message of {ref.rollout}: {MAX_CONFLICTS} updates conflicted with other writers")

    def _send(
        self, ref: MessageRef, state: SlackMessageState, message: SlackMessage, wait_budget: WaitBudget
    ) -> NotifyResult:
        maybe_posted = state.ts is None and state.sending
        if maybe_posted:
            self._await_pending_post(state, wait_budget)
        state = self._save(state, sending=True, sending_since=self._clock())
        if maybe_posted:
            ts = _within_budget(wait_budget, lambda: self._channel.find(ref.rollout, state.created_at, ref.note))
            state = state.replace(ts=ts)
        if state.ts:
            return self._update(ref, state, message, wait_budget)
        return self._post(ref, state, message, wait_budget)

    def _update(
        self, ref: MessageRef, state: SlackMessageState, message: SlackMessage, wait_budget: WaitBudget
    ) -> NotifyResult:
        ts = state.ts or ""
        try:
            self._call(state, wait_budget, lambda: self._channel.update(ts, ref.rollout, message, ref.note))
        except MessageGone:
            if ref.note:  # somebody deleted it: it has notified, so it is not posted again
                self._save(state, sending=False, digest=message.digest)
                return NotifyResult.UNCHANGED
            return self._post(ref, self._save(state, ts=None), message, wait_budget)
        self._save(state, sending=False, digest=message.digest)
        return NotifyResult.UPDATED

    def _post(
        self, ref: MessageRef, state: SlackMessageState, message: SlackMessage, wait_budget: WaitBudget
    ) -> NotifyResult:
        ts = self._call(state, wait_budget, lambda: self._post_in_thread(ref, message))
        self._save(state, sending=False, digest=message.digest, ts=ts)
        return NotifyResult.POSTED

    def _post_in_thread(self, ref: MessageRef, message: SlackMessage) -> str:
        try:
            return self._channel.post(ref.rollout, message, ref.note, ref.thread)
        except MessageGone:  # the thread was deleted
            return self._channel.post(ref.rollout, message, ref.note)

    def _call[Result](self, state: SlackMessageState, wait_budget: WaitBudget, call: Callable[[], Result]) -> Result:
        """Return the result of `call`. When Slack refuses, no call is in progress, and the state says so."""
        try:
            return _within_budget(wait_budget, call)
        except (SlackBusy, SlackRefused):
            self._save(state, sending=False)
            raise

    def _save(self, state: SlackMessageState, **changes: object) -> SlackMessageState:
        return self._store.save(state.replace(**changes))

    def _await_pending_post(self, state: SlackMessageState, wait_budget: WaitBudget) -> None:
        elapsed = self._clock() - (state.sending_since or state.created_at)
        left = (POST_PENDING - elapsed).total_seconds()
        if left > 0 and not wait_budget.wait(left):
            raise Unavailable(f"the first Slack message of {state.rollout} may still arrive; retry in {left:.0f} s")


def _within_budget[Result](wait_budget: WaitBudget, call: Callable[[], Result]) -> Result:
    """Return the result of `call`, waiting as long as Slack asks if there is time for it."""
    while True:
        try:
            return call()
        except SlackBusy as busy:
            if not wait_budget.wait(busy.retry_after):
                raise
