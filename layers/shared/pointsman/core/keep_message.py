"""One Slack message, posted once and then kept true, whatever fails on the way.

The posting is loaded before the message is drawn, and saved under its version: who loses that race draws the message
anew. So an older one can't stay in the place of a newer one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pointsman.core.slack_message import Message
from pointsman.core.slack_port import (
    MessageGone,
    Patience,
    Posting,
    Postings,
    Slack,
    SlackBusy,
    SlackRefused,
)
from pointsman.errors import Conflict, Unavailable

LOST_RACES_ALLOWED = 5
# A first post whose answer never came may still be on its way: longer than the client waits for an answer.
POST_UNDER_WAY = timedelta(seconds=15)


class Shown(StrEnum):
    """What was done for a message."""

    POSTED = "MessagesPosted"
    UPDATED = "MessagesUpdated"
    UNCHANGED = "MessagesUnchanged"
    NOTHING = "RolloutsUnknown"  # the partition has no RolloutStarted: there is nothing to show


@dataclass(frozen=True)
class Sheet:
    """Which message: a rollout's own, or a note on it."""

    rollout: str
    note: str = ""  # "failed#1"; empty: the rollout's own message
    thread: str | None = None  # timestamp of the message under which a note stands
    once: bool = False  # posted, it stays as it is

    def is_done(self, posting: Posting, digest: str) -> bool:
        """Whether the channel is known to show the message of this digest, or one that stays as it is."""
        posted = self.once and posting.ts is not None and not posting.sending
        return posted or posting.shows(digest)


class Keeper:
    """Keeps messages in a channel."""

    def __init__(self, postings: Postings, slack: Slack, clock: Callable[[], datetime]) -> None:
        self._postings = postings
        self._slack = slack
        self._clock = clock

    def ts_of(self, rollout: str) -> str | None:
        """The timestamp of a rollout's own message."""
        posting = self._postings.load(rollout)
        return posting.ts if posting else None

    def keep(self, sheet: Sheet, draw: Callable[[], Message | None], patience: Patience) -> Shown:
        """Make the channel show what `draw` gives. Raises SlackRefused, or Unavailable to be called again."""
        overtaken = False
        for _ in range(LOST_RACES_ALLOWED):
            posting = self._postings.load(sheet.rollout, sheet.note) or Posting(
                rollout=sheet.rollout, note=sheet.note, created_at=self._clock()
            )
            message = draw()
            if message is None:
                return Shown.NOTHING
            if sheet.is_done(posting, message.digest) and not overtaken:
                return Shown.UNCHANGED
            try:
                return self._send(sheet, posting, message, patience)
            except Conflict:
                overtaken = True
        raise Unavailable(f"the message of {sheet.rollout} keeps moving")

    def _send(self, sheet: Sheet, posting: Posting, message: Message, patience: Patience) -> Shown:
        maybe_posted = posting.ts is None and posting.sending
        if maybe_posted:
            self._let_post_arrive(posting, patience)
        claim = self._save(posting, sending=True, sending_since=self._clock())
        if maybe_posted:
            ts = _patiently(patience, lambda: self._slack.find(sheet.rollout, posting.created_at, sheet.note))
            claim = claim.model_copy(update={"ts": ts})
        if claim.ts:
            try:
                self._call(
                    claim,
                    patience,
                    lambda: self._slack.update(claim.ts or "", sheet.rollout, message, sheet.note),
                )
            except MessageGone:
                if sheet.note:  # it has notified, and somebody took it away
                    self._save(claim, sending=False, digest=message.digest)
                    return Shown.UNCHANGED
                claim = self._save(claim, ts=None)
            else:
                self._save(claim, sending=False, digest=message.digest)
                return Shown.UPDATED
        ts = self._call(claim, patience, lambda: self._post(sheet, message))
        self._save(claim, sending=False, digest=message.digest, ts=ts)
        return Shown.POSTED

    def _post(self, sheet: Sheet, message: Message) -> str:
        try:
            return self._slack.post(sheet.rollout, message, sheet.note, sheet.thread)
        except MessageGone:  # there is no such thread any more
            return self._slack.post(sheet.rollout, message, sheet.note)

    def _call[Answer](self, claim: Posting, patience: Patience, call: Callable[[], Answer]) -> Answer:
        """The answer of `call`. Where Slack said no, nothing is under way and the claim is given back."""
        try:
            return _patiently(patience, call)
        except (SlackBusy, SlackRefused):
            self._save(claim, sending=False)
            raise

    def _save(self, posting: Posting, **changes: object) -> Posting:
        return self._postings.save(posting.model_copy(update=changes))

    def _let_post_arrive(self, posting: Posting, patience: Patience) -> None:
        since = self._clock() - (posting.sending_since or posting.created_at)
        left = (POST_UNDER_WAY - since).total_seconds()
        if left > 0 and not patience.wait(left):
            raise Unavailable(f"a first message of {posting.rollout} may be on its way: its answer is awaited")


def _patiently[Answer](patience: Patience, call: Callable[[], Answer]) -> Answer:
    """The answer of `call`, waiting as long as Slack asks where there is time for it."""
    while True:
        try:
            return call()
        except SlackBusy as busy:
            if not patience.wait(busy.retry_after):
                raise
