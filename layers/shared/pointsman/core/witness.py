"""What happens outside the engine enters the trail here: once, with who asked for it, and if its sender has a say."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from redaction import Redactor

from pointsman.core.believe import (
    Asked,
    ClaimOfRun,
    Origin,
    Told,
    doubts,
    doubts_of_origin,
    fact,
    fact_of_no_run,
    is_in_time,
    is_own_build,
    may_be_named_later,
    origin,
    origin_by_reports,
    place,
    speaks_for_another_project,
)
from pointsman.core.build_event import BuildByHand, BuildEvent, NotOurs, RunName
from pointsman.core.envelope import read_envelope
from pointsman.core.fit_event import fitted
from pointsman.core.model import Run, Value
from pointsman.core.outside_event import Claim, HostClaim, read_claim
from pointsman.core.ports import Trail
from pointsman.core.text import cut
from pointsman.errors import Unavailable
from pointsman.events import BuildReported, EventRejected, RecordingCapped, TrailEvent

REASON_LENGTH = 2_000
# A build may not fill the trail, which nobody can empty. A run of 1,000 hosts sends some parts of each.
MOST_RESULTS = 10_000
TOO_MANY_RESULTS = f"the build has sent more than {MOST_RESULTS:,} host results; those after them are not recorded"
MOST_REJECTED = 1_000  # of one account on one day
TOO_MANY_REJECTED = (
    f"more than {MOST_REJECTED:,} events were rejected on this day; those after them are in the log alone"
)


class AskedFor(Protocol):
    """What the engine and this function stored of runs."""

    def find(self, run: RunName) -> Asked | None:
        """The rollout of `run` and the run; None when there is no such rollout. Raises Unavailable."""

    def count_result(self, build_arn: str) -> int:
        """How many host results this build has sent, with this one. Raises Unavailable."""

    def count_rejected(self, account: str, day: date) -> int:
        """How many events of this account were rejected on this day, with this one. Raises Unavailable."""


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
        if isinstance(claim, BuildByHand) or not claim.rollout:
            return self._take_of_no_run(event, claim, "the build names no rollout")
        asked = self._asked_for.find(claim)
        reasons = doubts(claim, asked, self._clock())
        if asked is None or asked.run is None:
            return self._take_of_no_run(event, claim, "; ".join(reasons))
        if not reasons:
            came_from = self._origin(claim, asked.run)
            reasons = doubts_of_origin(claim, came_from, asked.rollout) if came_from else (_nobody_started(claim),)
            if came_from and not reasons:
                return self._record(event, claim, fact(claim, asked.rollout, came_from))
        return self._reject(event, f"{_name(claim)}: " + "; ".join(reasons))

    def _take_of_no_run(self, event: Mapping[str, Any], claim: Claim, reason: str) -> Testimony:
        """What a build did that no run of the engine's is behind, by CodeBuild's word alone."""
        if not is_own_build(claim):
            return self._reject(event, f"{_name(claim)}: {reason}; the build is of another account")
        if speaks_for_another_project(claim):
            return self._reject(event, f"{_name(claim)}: {reason}; a check has no say in it")
        if isinstance(claim, BuildEvent | BuildByHand):
            return self._record(event, claim, fact_of_no_run(claim, Origin(started_by=claim.initiator or "unknown")))
        key = BuildReported.key_of_build(place(claim.build_arn), 1, claim.build_arn)
        reports = self._trail.with_key(f"BUILD#{claim.build_arn}", key)
        came_from = origin_by_reports(claim.build_arn, reports)
        if not is_in_time(claim, reports, self._clock()):
            return self._reject(event, f"{_name(claim)}: its time {claim.at.isoformat()} is not the build's")
        if came_from:
            return self._record(event, claim, fact_of_no_run(claim, came_from))
        if not claim.rollout and may_be_named_later(claim, None, self._clock()):
            raise Unavailable(f"{_name(claim)}: who started {claim.build_arn} is not known yet")
        return self._reject(event, f"{_name(claim)}: {reason}")

    def _origin(self, claim: ClaimOfRun, run: Run) -> Origin | None:
        """Who started the claim's build. Raises Unavailable while that may still become known."""
        key = BuildReported.key_of_build(claim.target, claim.attempt, claim.build_arn)
        needs_reports = not isinstance(claim, BuildEvent) and run.build_arn != claim.build_arn
        reports = self._trail.with_key(f"ROLLOUT#{claim.rollout}", key) if needs_reports else []
        found = origin(claim, run, reports)
        if found is None and may_be_named_later(claim, run, self._clock()):
            raise Unavailable(f"{_name(claim)}: which build runs it is not known yet")
        return found

    def _record(self, event: Mapping[str, Any], claim: Claim, told: Told) -> Testimony:
        if isinstance(claim, HostClaim) and self._asked_for.count_result(claim.build_arn) > MOST_RESULTS:
            return self._cap_results(claim, told)
        outside = told.started_by is not None
        if self._trail.record(told):
            return Testimony(outcome=Outcome.RECORDED, reason=_name(claim), outside=outside)
        stored = [each for each in self._trail.with_key(told.partition, told.key) if each.key == told.key]
        if any(_same(each, told) for each in stored):
            return Testimony(outcome=Outcome.REPEATED, reason=_name(claim), outside=outside)
        return self._reject(event, f"{_name(claim)}: the trail holds another content under {told.key}")

    def _cap_results(self, claim: HostClaim, told: Told) -> Testimony:
        """Say once, beside the build's results, that they are not all."""
        about = {name: getattr(told, name) for name in ("actor", "repository", "commit", "route", "rollout", "target")}
        capped = RecordingCapped(
            at=self._clock(), **about, sender_account=claim.account, build_arn=claim.build_arn, reason=TOO_MANY_RESULTS
        )
        self._trail.record(capped)
        return Testimony(outcome=Outcome.REJECTED, reason=f"{_name(claim)}: {capped.reason}")

    def _reject(self, event: Mapping[str, Any], reason: str) -> Testimony:
        envelope = read_envelope(event)
        now, account = self._clock(), cut(envelope.account, 64)
        reason = cut(Redactor().redact(reason), REASON_LENGTH)
        if self._asked_for.count_rejected(account, now.date()) > MOST_REJECTED:
            self._trail.record(RecordingCapped(at=now, sender_account=account, reason=TOO_MANY_REJECTED))
            return Testimony(outcome=Outcome.REJECTED, reason=reason)
        rejected = EventRejected(
            at=now,
            event_id=cut(envelope.id, 200),
            source=cut(envelope.source, 256),
            detail_type=cut(envelope.detail_type, 256),
            sender_account=account,
            reason=reason,
        )
        self._trail.record(rejected)
        return Testimony(outcome=Outcome.REJECTED, reason=reason)


def _same(stored: TrailEvent, told: Told) -> bool:
    """Whether two say the same. What is sent again may come at another time, and once the run's build is known."""
    left = {"at", "actor", "started_by"}
    return stored.model_dump(exclude=left) == fitted(told).model_dump(exclude=left)


def _nobody_started(claim: Claim) -> str:
    return f"nobody started the build {claim.build_arn} for this run"


def _ignored(reason: str) -> Testimony:
    return Testimony(outcome=Outcome.IGNORED, reason=reason)


def _name(claim: Claim) -> str:
    if isinstance(claim, BuildByHand) or not claim.rollout:
        return f"build {claim.build_arn}"
    return f"{claim.rollout} on {claim.target}, attempt {claim.attempt}"
