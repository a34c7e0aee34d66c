"""One Slack message for each rollout, posted once and then kept true to the trail.

The posting is loaded before the trail is read, and saved under its version: who loses that race reads the trail anew
and shows that. So an older view can't stay in the place of a newer one.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from pointsman.core.fold_rollout import fold
from pointsman.core.ports import Trail
from pointsman.core.slack_message import Message, render
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
    """What was done for a rollout."""

    POSTED = "MessagesPosted"
    UPDATED = "MessagesUpdated"
    UNCHANGED = "MessagesUnchanged"
    NOTHING = "RolloutsUnknown"  # the partition has no RolloutStarted: there is nothing to show


class Board:
    """The channel, as a view of the trail."""

    def __init__(self, trail: Trail, postings: Postings, slack: Slack, clock: Callable[[], datetime]) -> None:
        self._trail = trail
        self._postings = postings
        self._slack = slack
        self._clock = clock

    def show(self, rollout: str, patience: Patience) -> Shown:
        """Make the channel show how `rollout` stands. Raises SlackRefused, or Unavailable to be called again."""
        overtaken = False
        for _ in range(LOST_RACES_ALLOWED):
            posting = self._postings.load(rollout) or Posting(rollout=rollout, created_at=self._clock())
            view = fold(self._trail.of_partition(f"ROLLOUT#{rollout}"))
            if view is None:
                return Shown.NOTHING
            message = render(view)
            if posting.shows(message.digest) and not overtaken:
                return Shown.UNCHANGED
            try:
                return self._send(posting, message, patience)
            except Conflict:
                overtaken = True
        raise Unavailable(f"the message of {rollout} keeps moving")

    def _send(self, posting: Posting, message: Message, patience: Patience) -> Shown:
        maybe_posted = posting.ts is None and posting.sending
        if maybe_posted:
            self._let_post_arrive(posting, patience)
        claim = self._save(posting, sending=True, sending_since=self._clock())
        if maybe_posted:
            ts = _patiently(patience, lambda: self._slack.find(posting.rollout, posting.created_at))
            claim = claim.model_copy(update={"ts": ts})
        if claim.ts:
            try:
                self._call(claim, patience, lambda: self._slack.update(claim.ts or "", posting.rollout, message))
            except MessageGone:
                claim = self._save(claim, ts=None)
            else:
                self._save(claim, sending=False, digest=message.digest)
                return Shown.UPDATED
        ts = self._call(claim, patience, lambda: self._slack.post(posting.rollout, message))
        self._save(claim, sending=False, digest=message.digest, ts=ts)
        return Shown.POSTED

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
