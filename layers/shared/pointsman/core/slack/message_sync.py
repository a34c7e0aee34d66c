"""One Slack message, posted once and then kept true, whatever fails on the way.

The posting is loaded before the message is drawn, and saved under its version: who loses that race draws the message
anew. So an older one can't stay in the place of a newer one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pointsman.core.slack.message import Message
from pointsman.core.slack.port import Slack, SlackMessageState, SlackMessageStore, WaitBudget
from pointsman.errors import Conflict, MessageGone, SlackBusy, SlackRefused, Unavailable

LOST_RACES_ALLOWED = 5
# A first post whose answer never came may still be on its way: longer than the client waits for an answer.
POST_UNDER_WAY = timedelta(seconds=15)


class NotifyResult(StrEnum):
    """What was done for a message."""

    POSTED = "MessagesPosted"
    UPDATED = "MessagesUpdated"
    UNCHANGED = "MessagesUnchanged"
    NOTHING = "RolloutsUnknown"  # the partition has no RolloutStarted: there is nothing to show


@dataclass(frozen=True)
class MessageRef:
    """Which message: a rollout's own, or a note on it."""

    rollout: str
    note: str = ""  # "failed#1"; empty: the rollout's own message
    thread: str | None = None  # timestamp of the message under which a note stands
    once: bool = False  # posted, it stays as it is

    def is_done(self, state: SlackMessageState, digest: str) -> bool:
        """Whether the channel is known to show the message of this digest, or one that stays as it is."""
        posted = self.once and state.ts is not None and not state.sending
        return posted or state.shows(digest)


class MessageSync:
    """Keeps messages in a channel."""

    def __init__(self, postings: SlackMessageStore, slack: Slack, clock: Callable[[], datetime]) -> None:
        self._messages = postings
        self._slack = slack
        self._clock = clock

    def ts_of(self, rollout: str) -> str | None:
        """The timestamp of a rollout's own message."""
        state = self._messages.load(rollout)
        return state.ts if state else None

    def keep(self, ref: MessageRef, draw: Callable[[], Message | None], wait_budget: WaitBudget) -> NotifyResult:
        """Make the channel show what `draw` gives. Raises SlackRefused, or Unavailable to be called again."""
        overtaken = False
        for _ in range(LOST_RACES_ALLOWED):
            state = self._messages.load(ref.rollout, ref.note) or SlackMessageState(
                rollout=ref.rollout, note=ref.note, created_at=self._clock()
            )
            message = draw()
            if message is None:
                return NotifyResult.NOTHING
            if ref.is_done(state, message.digest) and not overtaken:
                return NotifyResult.UNCHANGED
            try:
                return self._send(ref, state, message, wait_budget)
            except Conflict:
                overtaken = True
        raise Unavailable(f"the message of {ref.rollout} keeps moving")

    def _send(
        self, ref: MessageRef, state: SlackMessageState, message: Message, wait_budget: WaitBudget
    ) -> NotifyResult:
        maybe_posted = state.ts is None and state.sending
        if maybe_posted:
            self._let_post_arrive(state, wait_budget)
        claim = self._save(state, sending=True, sending_since=self._clock())
        if maybe_posted:
            ts = _within_budget(wait_budget, lambda: self._slack.find(ref.rollout, state.created_at, ref.note))
            claim = claim.model_copy(update={"ts": ts})
        if claim.ts:
            try:
                self._call(
                    claim,
                    wait_budget,
                    lambda: self._slack.update(claim.ts or "", ref.rollout, message, ref.note),
                )
            except MessageGone:
                if ref.note:  # it has notified, and somebody took it away
                    self._save(claim, sending=False, digest=message.digest)
                    return NotifyResult.UNCHANGED
                claim = self._save(claim, ts=None)
            else:
                self._save(claim, sending=False, digest=message.digest)
                return NotifyResult.UPDATED
        ts = self._call(claim, wait_budget, lambda: self._post(ref, message))
        self._save(claim, sending=False, digest=message.digest, ts=ts)
        return NotifyResult.POSTED

    def _post(self, ref: MessageRef, message: Message) -> str:
        try:
            return self._slack.post(ref.rollout, message, ref.note, ref.thread)
        except MessageGone:  # there is no such thread any more
            return self._slack.post(ref.rollout, message, ref.note)

    def _call[Answer](self, claim: SlackMessageState, wait_budget: WaitBudget, call: Callable[[], Answer]) -> Answer:
        """The answer of `call`. Where Slack said no, nothing is under way and the claim is given back."""
        try:
            return _within_budget(wait_budget, call)
        except (SlackBusy, SlackRefused):
            self._save(claim, sending=False)
            raise

    def _save(self, state: SlackMessageState, **changes: object) -> SlackMessageState:
        return self._messages.save(state.model_copy(update=changes))

    def _let_post_arrive(self, state: SlackMessageState, wait_budget: WaitBudget) -> None:
        since = self._clock() - (state.sending_since or state.created_at)
        left = (POST_UNDER_WAY - since).total_seconds()
        if left > 0 and not wait_budget.wait(left):
            raise Unavailable(f"a first message of {state.rollout} may be on its way: its answer is awaited")


def _within_budget[Answer](wait_budget: WaitBudget, call: Callable[[], Answer]) -> Answer:
    """The answer of `call`, waiting as long as Slack asks where there is time for it."""
    while True:
        try:
            return call()
        except SlackBusy as busy:
            if not wait_budget.wait(busy.retry_after):
                raise
