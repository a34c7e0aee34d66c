"""What happens outside the engine enters the trail here: once, with who asked for it, and if its sender has a say."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from redaction import Redactor

from pointsman.core.audit.authorize import (
    Origin,
    RecordedEvent,
    RunInboundEvent,
    StoredRun,
    build_location,
    exceeds_check_role,
    is_in_time,
    is_own_build,
    may_be_identified_later,
    origin,
    origin_by_reports,
    origin_violations,
    to_trail_event,
    to_unassigned_trail_event,
    violations,
)
from pointsman.core.audit.build_event import BuildEvent, ManualBuildEvent, RunReference, UnrelatedEvent
from pointsman.core.audit.envelope import read_envelope
from pointsman.core.audit.host_event import HostEvent, InboundEvent, read_inbound_event
from pointsman.core.model import Run, Value
from pointsman.core.ports import Trail
from pointsman.core.text import cut
from pointsman.core.trail.events import BuildReported, EventRejected, RecordingCapped, TrailEvent
from pointsman.core.trail.keys import build_partition, rollout_partition
from pointsman.core.trail.shrink_to_fit import shrink_to_fit
from pointsman.errors import Unavailable

REASON_LENGTH = 2_000
# A build may not fill the trail, which nobody can empty. A run of 1,000 hosts sends some parts of each.
MOST_RESULTS = 10_000
TOO_MANY_RESULTS = f"the build has sent more than {MOST_RESULTS:,} host results; those after them are not recorded"
MOST_REJECTED = 1_000  # of one account on one day
TOO_MANY_REJECTED = (
    f"more than {MOST_REJECTED:,} events were rejected on this day; those after them are in the log alone"
)


class RunLookup(Protocol):
    """What the engine and this function stored of runs."""

    def find(self, run: RunReference) -> StoredRun | None:
        """The rollout of `run` and the run; None when there is no such rollout. Raises Unavailable."""

    def count_result(self, build_arn: str) -> int:
        """How many host results this build has sent, with this one. Raises Unavailable."""

    def count_rejected(self, account: str, day: date) -> int:
        """How many events of this account were rejected on this day, with this one. Raises Unavailable."""


class RecordOutcome(StrEnum):
    """What became of an event."""

    RECORDED = "EventsRecorded"
    REPEATED = "EventsRepeated"  # the trail had it already
    REJECTED = "EventsRejected"
    IGNORED = "EventsIgnored"


class RecordResult(Value):
    """What became of an event, and why."""

    outcome: RecordOutcome
    reason: str
    outside: bool = False  # it tells of a build that was started outside the engine


class AuditRecorder:
    """Takes events from outside into the trail."""

    def __init__(self, trail: Trail, run_lookup: RunLookup, clock: Callable[[], datetime]) -> None:
        self._trail = trail
        self._run_lookup = run_lookup
        self._clock = clock

    def take(self, event: Mapping[str, Any]) -> RecordResult:
        """Record a raw EventBridge event. Raises Unavailable to be called again; the same event is recorded once."""
        inbound = read_inbound_event(event)
        if isinstance(inbound, UnrelatedEvent):
            return self._reject(event, inbound.reason) if inbound.malformed else _ignored(inbound.reason)
        if isinstance(inbound, ManualBuildEvent) or not inbound.rollout:
            return self._take_unassigned(event, inbound, "the build names no rollout")
        stored = self._run_lookup.find(inbound)
        reasons = violations(inbound, stored, self._clock())
        if stored is None or stored.run is None:
            return self._take_unassigned(event, inbound, "; ".join(reasons))
        if not reasons:
            came_from = self._origin(inbound, stored.run)
            reasons = (
                origin_violations(inbound, came_from, stored.rollout) if came_from else (_nobody_started(inbound),)
            )
            if came_from and not reasons:
                return self._record(event, inbound, to_trail_event(inbound, stored.rollout, came_from))
        return self._reject(event, f"{_name(inbound)}: " + "; ".join(reasons))

    def _take_unassigned(self, event: Mapping[str, Any], inbound: InboundEvent, reason: str) -> RecordResult:
        """What a build did that no run of the engine's is behind, by CodeBuild's word alone."""
        if not is_own_build(inbound):
            return self._reject(event, f"{_name(inbound)}: {reason}; the build is of another account")
        if exceeds_check_role(inbound):
            return self._reject(event, f"{_name(inbound)}: {reason}; a check has no say in it")
        if isinstance(inbound, BuildEvent | ManualBuildEvent):
            return self._record(
                event, inbound, to_unassigned_trail_event(inbound, Origin(started_by=inbound.initiator or "unknown"))
            )
        key = BuildReported.key_of_build(build_location(inbound.build_arn), 1, inbound.build_arn)
        reports = self._trail.with_key(build_partition(inbound.build_arn), key)
        came_from = origin_by_reports(inbound.build_arn, reports)
        if not is_in_time(inbound, reports, self._clock()):
            return self._reject(event, f"{_name(inbound)}: its time {inbound.at.isoformat()} is not the build's")
        if came_from:
            return self._record(event, inbound, to_unassigned_trail_event(inbound, came_from))
        if not inbound.rollout and may_be_identified_later(inbound, None, self._clock()):
            raise Unavailable(f"{_name(inbound)}: who started {inbound.build_arn} is not known yet")
        return self._reject(event, f"{_name(inbound)}: {reason}")

    def _origin(self, inbound: RunInboundEvent, run: Run) -> Origin | None:
        """Who started the claim's build. Raises Unavailable while that may still become known."""
        key = BuildReported.key_of_build(inbound.target, inbound.attempt, inbound.build_arn)
        needs_reports = not isinstance(inbound, BuildEvent) and run.build_arn != inbound.build_arn
        reports = self._trail.with_key(rollout_partition(inbound.rollout), key) if needs_reports else []
        found = origin(inbound, run, reports)
        if found is None and may_be_identified_later(inbound, run, self._clock()):
            raise Unavailable(f"{_name(inbound)}: which build runs it is not known yet")
        return found

    def _record(self, event: Mapping[str, Any], inbound: InboundEvent, recorded: RecordedEvent) -> RecordResult:
        if isinstance(inbound, HostEvent) and self._run_lookup.count_result(inbound.build_arn) > MOST_RESULTS:
            return self._cap_results(inbound, recorded)
        outside = recorded.started_by is not None
        if self._trail.record(recorded):
            return RecordResult(outcome=RecordOutcome.RECORDED, reason=_name(inbound), outside=outside)
        stored = [each for each in self._trail.with_key(recorded.partition, recorded.key) if each.key == recorded.key]
        if any(_same(each, recorded) for each in stored):
            return RecordResult(outcome=RecordOutcome.REPEATED, reason=_name(inbound), outside=outside)
        return self._reject(event, f"{_name(inbound)}: the trail holds another content under {recorded.key}")

    def _cap_results(self, inbound: HostEvent, recorded: RecordedEvent) -> RecordResult:
        """Say once, beside the build's results, that they are not all."""
        about = {
            name: getattr(recorded, name) for name in ("actor", "repository", "commit", "route", "rollout", "target")
        }
        capped = RecordingCapped(
            at=self._clock(),
            **about,
            sender_account=inbound.account,
            build_arn=inbound.build_arn,
            reason=TOO_MANY_RESULTS,
        )
        self._trail.record(capped)
        return RecordResult(outcome=RecordOutcome.REJECTED, reason=f"{_name(inbound)}: {capped.reason}")

    def _reject(self, event: Mapping[str, Any], reason: str) -> RecordResult:
        envelope = read_envelope(event)
        now, account = self._clock(), cut(envelope.account, 64)
        reason = cut(Redactor().redact(reason), REASON_LENGTH)
        if self._run_lookup.count_rejected(account, now.date()) > MOST_REJECTED:
            self._trail.record(RecordingCapped(at=now, sender_account=account, reason=TOO_MANY_REJECTED))
            return RecordResult(outcome=RecordOutcome.REJECTED, reason=reason)
        rejected = EventRejected(
            at=now,
            event_id=cut(envelope.id, 200),
            source=cut(envelope.source, 256),
            detail_type=cut(envelope.detail_type, 256),
            sender_account=account,
            reason=reason,
        )
        self._trail.record(rejected)
        return RecordResult(outcome=RecordOutcome.REJECTED, reason=reason)


def _same(stored: TrailEvent, recorded: RecordedEvent) -> bool:
    """Whether two say the same. What is sent again may come at another time, and once the run's build is known."""
    left = {"at", "actor", "started_by"}
    return stored.model_dump(exclude=left) == shrink_to_fit(recorded).model_dump(exclude=left)


def _nobody_started(inbound: InboundEvent) -> str:
    return f"nobody started the build {inbound.build_arn} for this run"


def _ignored(reason: str) -> RecordResult:
    return RecordResult(outcome=RecordOutcome.IGNORED, reason=reason)


def _name(inbound: InboundEvent) -> str:
    if isinstance(inbound, ManualBuildEvent) or not inbound.rollout:
        return f"build {inbound.build_arn}"
    return f"{inbound.rollout} on {inbound.target}, attempt {inbound.attempt}"
