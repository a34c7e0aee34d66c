"""What happens outside the engine enters the trail here: once, with who asked for it, and if its sender has a say."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from pointsman.core.believe import Asked, doubts, fact
from pointsman.core.build_event import NotOurs, RunName
from pointsman.core.envelope import read_envelope
from pointsman.core.model import Value
from pointsman.core.outside_event import Claim, read_claim
from pointsman.core.ports import Trail
from pointsman.core.text import cut
from pointsman.events import EventRejected

REASON_LENGTH = 2_000


class AskedFor(Protocol):
    """Who asked for a run."""

    def find(self, run: RunName) -> Asked | None:
        """The rollout of `run` and the run; None when there is no such rollout. Raises Unavailable."""


class Outcome(StrEnum):
    """What became of an event."""

    RECORDED = "EventsRecorded"
    REPEATED = "EventsRepeated"  # the trail had it already
    REJECTED = "EventsRejected"
    IGNORED = "EventsIgnored"


class Testimony(Value):
    """What became of an event, and why."""

    outcome: Outcome
    reason: str


class Witness:
    """Takes events from outside into the trail."""

    def __init__(self, trail: Trail, asked_for: AskedFor, clock: Callable[[], datetime]) -> None:
        self._trail = trail
        self._asked_for = asked_for
        self._clock = clock

    def take(self, event: Mapping[str, Any]) -> Testimony:
        """Record a raw EventBridge event. Raises Unavailable to be called again; the same event is recorded once."""
        claim = read_claim(event)
        if isinstance(claim, NotOurs):
            return self._reject(event, claim.reason) if claim.malformed else _ignored(claim.reason)
        asked = self._asked_for.find(claim)
        reasons = doubts(claim, asked, self._clock())
        if asked is None or reasons:
            return self._reject(event, f"{_name(claim)}: " + "; ".join(reasons))
        is_new = self._trail.record(fact(claim, asked.rollout))
        return Testimony(outcome=Outcome.RECORDED if is_new else Outcome.REPEATED, reason=_name(claim))

    def _reject(self, event: Mapping[str, Any], reason: str) -> Testimony:
        envelope = read_envelope(event)
        rejected = EventRejected(
            at=self._clock(),
            event_id=cut(envelope.id, 200),
            source=cut(envelope.source, 256),
            detail_type=cut(envelope.detail_type, 256),
            sender_account=cut(envelope.account, 64),
            reason=cut(reason, REASON_LENGTH),
        )
        self._trail.record(rejected)
        return Testimony(outcome=Outcome.REJECTED, reason=rejected.reason)


def _ignored(reason: str) -> Testimony:
    return Testimony(outcome=Outcome.IGNORED, reason=reason)


def _name(claim: Claim) -> str:
    return f"{claim.rollout} on {claim.target}, attempt {claim.attempt}"
