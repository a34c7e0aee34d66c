"""What happens outside the engine enters the trail here: once, with who asked for it, and if its sender has a say."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from pointsman.core.believe import Asked, Origin, doubts, doubts_of_origin, fact, may_be_named_later, origin
from pointsman.core.build_event import BuildEvent, NotOurs, RunName
from pointsman.core.envelope import read_envelope
from pointsman.core.model import Run, Value
from pointsman.core.outside_event import Claim, HostClaim, read_claim
from pointsman.core.ports import Trail
from pointsman.core.text import cut
from pointsman.errors import Unavailable
from pointsman.events import BuildReported, EventRejected, HostResultRecorded, PlaybookEnded

REASON_LENGTH = 2_000
# A build may not fill the trail, which nobody can empty. A run of 1,000 hosts sends some parts of each.
MOST_RESULTS = 10_000

type Told = BuildReported | HostResultRecorded | PlaybookEnded


class AskedFor(Protocol):
    """What the engine and this function stored of runs."""

    def find(self, run: RunName) -> Asked | None:
        """The rollout of `run` and the run; None when there is no such rollout. Raises Unavailable."""

    def count_result(self, build_arn: str) -> int:
        """How many host results this build has sent, with this one. Raises Unavailable."""


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
    outside: bool = False  # it tells of a build that was started outside the engine


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
        if asked is None or asked.run is None or reasons:
            return self._reject(event, f"{_name(claim)}: " + "; ".join(reasons))
        came_from = self._origin(claim, asked.run)
        if came_from is None:
            return self._reject(event, f"{_name(claim)}: nobody started the build {claim.build_arn} for this run")
        if reasons := doubts_of_origin(claim, came_from, asked.rollout):
            return self._reject(event, f"{_name(claim)}: " + "; ".join(reasons))
        if isinstance(claim, HostClaim) and self._asked_for.count_result(claim.build_arn) > MOST_RESULTS:
            return self._reject(event, f"{_name(claim)}: {_TOO_MANY}", once_for=claim.build_arn)
        return self._record(event, claim, fact(claim, asked.rollout, came_from))

    def _origin(self, claim: Claim, run: Run) -> Origin | None:
        """Who started the claim's build. Raises Unavailable while that may still become known."""
        key = BuildReported.key_of_build(claim.target, claim.attempt, claim.build_arn)
        needs_reports = not isinstance(claim, BuildEvent) and run.build_arn != claim.build_arn
        reports = self._trail.with_key(f"ROLLOUT#{claim.rollout}", key) if needs_reports else []
        found = origin(claim, run, reports)
        if found is None and may_be_named_later(claim, run, self._clock()):
            raise Unavailable(f"{_name(claim)}: which build runs it is not known yet")
        return found

    def _record(self, event: Mapping[str, Any], claim: Claim, told: Told) -> Testimony:
        outside = told.started_by is not None
        if self._trail.record(told):
            return Testimony(outcome=Outcome.RECORDED, reason=_name(claim), outside=outside)
        stored = [each for each in self._trail.with_key(told.partition, told.key) if each.key == told.key]
        if any(_same(each, told) for each in stored):
            return Testimony(outcome=Outcome.REPEATED, reason=_name(claim), outside=outside)
        return self._reject(event, f"{_name(claim)}: the trail holds another content under {told.key}")

    def _reject(self, event: Mapping[str, Any], reason: str, once_for: str | None = None) -> Testimony:
        """Keep that an event was refused; of many with one cause, `once_for` keeps the first."""
        envelope = read_envelope(event)
        rejected = EventRejected(
            at=self._clock(),
            event_id=cut(once_for or envelope.id, 200),
            source=cut(envelope.source, 256),
            detail_type=cut(envelope.detail_type, 256),
            sender_account=cut(envelope.account, 64),
            reason=cut(reason, REASON_LENGTH),
        )
        self._trail.record(rejected)
        return Testimony(outcome=Outcome.REJECTED, reason=rejected.reason)


_TOO_MANY = f"the build has sent more than {MOST_RESULTS} host results: those after them are not recorded"


def _same(stored: Any, told: Told) -> bool:
    """Whether two tell the same. A result that is sent again comes at another time, and is shortened in the table."""
    left = {"at", "tasks", "shortened", "tasks_omitted"} if isinstance(stored, HostResultRecorded) else {"at"}
    same = stored.model_dump(exclude=left) == told.model_dump(exclude=left)
    if isinstance(stored, HostResultRecorded) and isinstance(told, HostResultRecorded):
        return same and (stored.shortened or stored.tasks == told.tasks)
    return bool(same)


def _ignored(reason: str) -> Testimony:
    return Testimony(outcome=Outcome.IGNORED, reason=reason)


def _name(claim: Claim) -> str:
    return f"{claim.rollout} on {claim.target}, attempt {claim.attempt}"
