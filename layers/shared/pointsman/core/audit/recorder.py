"""Records EventBridge events in the audit trail: exactly once, with their actor, and only from an authorized sender."""

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
from pointsman.core.audit.host_event import HostEvent, InboundEvent, RawEvent, read_inbound_event
from pointsman.core.model import Run
from pointsman.core.ports import Trail
from pointsman.core.text import cut
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import BuildReported, RawReportRecorded, TrailEvent
from pointsman.core.trail.keys import build_partition, rollout_partition
from pointsman.core.trail.refused_events import EventRejected, RecordingCapped
from pointsman.core.trail.shrink_to_fit import shrink_to_fit
from pointsman.core.value import Value
from pointsman.errors import Unavailable

REASON_LENGTH = 2_000
# A build must not fill the trail, since nothing can be deleted there. A run of 1,000 hosts sends some parts for each.
MOST_RESULTS = 10_000
TOO_MANY_RESULTS = f"the build has sent more than {MOST_RESULTS:,} host results; later ones are not recorded"
MOST_REJECTED = 1_000  # of one account on one day
TOO_MANY_REJECTED = (
    f"more than {MOST_REJECTED:,} events were rejected on this day; later ones are only in the log of audit_writer"
)


class RunLookup(Protocol):
    """The runs that the engine stored, and the numbers of events that this function counts."""

    def find(self, run: RunReference) -> StoredRun | None:
        """A run and its rollout, or None when there is no such rollout. Raises Unavailable."""

    def count_result(self, build_arn: str) -> int:
        """Count a host result of a build. Returns how many it has sent, with this one. Raises Unavailable."""

    def count_rejected(self, account: str, day: date) -> int:
        """Count a rejected event of an account. Returns how many it had on this day. Raises Unavailable."""


class RecordOutcome(StrEnum):
    """The result of recording an event."""

    RECORDED = "recorded"
    REPEATED = "repeated"  # the trail already has it
    REJECTED = "rejected"
    IGNORED = "ignored"


class RecordResult(Value, kw_only=True, frozen=True):
    """The outcome of recording an event, and its reason."""

    outcome: RecordOutcome
    reason: str
    outside: bool = False  # somebody started the build outside Pointsman


class AuditRecorder:
    """Records events from outside the engine."""

    def __init__(self, trail: Trail, run_lookup: RunLookup, clock: Callable[[], datetime]) -> None:
        self._trail = trail
        self._run_lookup = run_lookup
        self._clock = clock

    def record(self, event: Mapping[str, Any]) -> RecordResult:
        """Record a raw EventBridge event, once however often it arrives. Raises Unavailable for a retry."""
        inbound = read_inbound_event(event)
        if isinstance(inbound, UnrelatedEvent):
            return self._reject(event, inbound.reason) if inbound.malformed else _ignored(inbound.reason)
        if isinstance(inbound, ManualBuildEvent) or not inbound.rollout:
            return self._record_unassigned(event, inbound, "the build names no rollout")
        stored = self._run_lookup.find(inbound)
        reasons = violations(inbound, stored, self._clock())
        if stored is None or stored.run is None:
            return self._record_unassigned(event, inbound, "; ".join(reasons))
        if not reasons:
            build_origin = self._origin(inbound, stored.run)
            reasons = (
                origin_violations(inbound, build_origin, stored.rollout) if build_origin else (_unidentified(inbound),)
            )
            if build_origin and not reasons:
                return self._add(event, inbound, to_trail_event(inbound, stored.rollout, build_origin))
        return self._reject(event, f"{_name(inbound)}: " + "; ".join(reasons))

    def _record_unassigned(self, event: Mapping[str, Any], inbound: InboundEvent, reason: str) -> RecordResult:
        """Record an event of a build without a run, if CodeBuild reported the build."""
        if not is_own_build(inbound):
            return self._reject(event, f"{_name(inbound)}: {reason}; the build is in another account")
        if exceeds_check_role(inbound):
            return self._reject(event, f"{_name(inbound)}: {reason}; a check may not report on it")
        if isinstance(inbound, BuildEvent | ManualBuildEvent):
            manual = Origin(started_by=inbound.initiator or "unknown")
            return self._add(event, inbound, to_unassigned_trail_event(inbound, manual))
        key = BuildReported.key_of_build(build_location(inbound.build_arn), 1, inbound.build_arn)
        reports = self._trail.with_key(build_partition(inbound.build_arn), key)
        build_origin = origin_by_reports(inbound.build_arn, reports)
        if not is_in_time(inbound, reports, self._clock()):
            return self._reject(event, f"{_name(inbound)}: its time {inbound.at.isoformat()} is outside the build's")
        if build_origin:
            return self._add(event, inbound, to_unassigned_trail_event(inbound, build_origin))
        if not inbound.rollout and may_be_identified_later(inbound, None, self._clock()):
            raise Unavailable(f"{_name(inbound)}: CodeBuild has not reported {inbound.build_arn} yet")
        return self._reject(event, f"{_name(inbound)}: {reason}")

    def _origin(self, inbound: RunInboundEvent, run: Run) -> Origin | None:
        """Who started the event's build. Raises Unavailable while CodeBuild may still report it."""
        key = BuildReported.key_of_build(inbound.target, inbound.attempt, inbound.build_arn)
        needs_reports = not isinstance(inbound, BuildEvent) and run.build_arn != inbound.build_arn
        reports = self._trail.with_key(rollout_partition(inbound.rollout), key) if needs_reports else []
        build_origin = origin(inbound, run, reports)
        if build_origin is None and may_be_identified_later(inbound, run, self._clock()):
            raise Unavailable(f"{_name(inbound)}: CodeBuild has not reported {inbound.build_arn} yet")
        return build_origin

    def _add(self, event: Mapping[str, Any], inbound: InboundEvent, recorded: RecordedEvent) -> RecordResult:
        if (
            isinstance(inbound, HostEvent | RawEvent)
            and self._run_lookup.count_result(inbound.build_arn) > MOST_RESULTS
        ):
            return self._cap_results(inbound, recorded)
        outside = recorded.started_by is not None
        if self._trail.record(recorded):
            return RecordResult(outcome=RecordOutcome.RECORDED, reason=_name(inbound), outside=outside)
        stored = [each for each in self._trail.with_key(recorded.partition, recorded.key) if each.key == recorded.key]
        if any(_same(each, recorded) for each in stored):
            return RecordResult(outcome=RecordOutcome.REPEATED, reason=_name(inbound), outside=outside)
        return self._reject(event, f"{_name(inbound)}: the trail has different content under {recorded.key}")

    def _cap_results(self, inbound: HostEvent | RawEvent, recorded: RecordedEvent) -> RecordResult:
        """Record once, beside the build's results, that the others are missing."""
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
    """Whether two events have the same content. The time and who started the build may differ in a repeated event.

    So may what another version of this code did not know, when an event is replayed from the bus's archive.
    """
    if isinstance(recorded, RawReportRecorded):
        return isinstance(stored, RawReportRecorded)  # the key has the content
    ignored = {"at", "actor", "started_by", "unknown_fields"}
    return _without(stored, ignored) == _without(shrink_to_fit(recorded), ignored)


def _unidentified(inbound: InboundEvent) -> str:
    return f"neither Pointsman nor CodeBuild reported {inbound.build_arn} as a build of this run"


def _ignored(reason: str) -> RecordResult:
    return RecordResult(outcome=RecordOutcome.IGNORED, reason=reason)


def _name(inbound: InboundEvent) -> str:
    if isinstance(inbound, ManualBuildEvent) or not inbound.rollout:
        return f"build {inbound.build_arn}"
    return f"{inbound.rollout} on {inbound.target}, attempt {inbound.attempt}"


def _without(event: Event, ignored: set[str]) -> dict[str, Any]:
    return {name: value for name, value in event.to_dict().items() if name not in ignored}
