"""Whether the sender of an event may report what the event says, by what the engine has stored.

A build must not write the history of another account: EventBridge sets the sender's account, and the rollout has the
target's account. A build must not write the history of another run: the engine stores the build of a run, and CodeBuild
reports who started a build. Nobody else can send CodeBuild's events.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, assert_never

from pointsman.core.audit.build_event import BuildEvent, ManualBuildEvent
from pointsman.core.audit.host_event import CHECK_SOURCE, HostEvent, InboundEvent, PlaybookEvent, RawEvent
from pointsman.core.codebuild import LONGEST_BUILD
from pointsman.core.identity import is_engine
from pointsman.core.model import Mode, Rollout, Run, RunState
from pointsman.core.trail.events import (
    BuildReported,
    HostResultRecorded,
    PlaybookEnded,
    RawReportRecorded,
    TrailEvent,
    build_id,
)
from pointsman.core.value import Value

# The sender may set the time of an event. Clocks differ, and EventBridge truncates times to seconds.
CLOCK_SKEW = timedelta(minutes=5)
CHECK_PROJECT = "-check"  # the end of the project's name in the worker stack, and of no other project's
# CodeBuild's event usually arrives minutes before the first host result. If it is late, results wait this long for it.
BUILD_EVENT_DELAY = timedelta(minutes=2)


class StoredRun(Value, kw_only=True, frozen=True):
    """A rollout and one of its runs, as the engine stored them. `run` is None when there is no such attempt."""

    rollout: Rollout
    run: Run | None


class Origin(Value, kw_only=True, frozen=True):
    """Who started a build: the engine, or somebody outside Pointsman."""

    started_by: str | None = None  # None: the engine


ENGINE = Origin()


type RunInboundEvent = BuildEvent | HostEvent | PlaybookEvent | RawEvent
type RecordedEvent = BuildReported | HostResultRecorded | PlaybookEnded | RawReportRecorded


def build_location(build_arn: str) -> str:
    """`222222222222/eu-west-1`: the target of a build without a run. Anybody can set the build's variables."""
    region, account = build_arn.split(":")[3:5]
    return f"{account}/{region}"


def is_own_build(inbound: InboundEvent) -> bool:
    """Whether the build runs in the account that sent the event."""
    return inbound.account == inbound.build_arn.split(":")[4]


def exceeds_check_role(inbound: InboundEvent) -> bool:
    """Whether a check reports on an apply. A check runs code that nobody has reviewed."""
    if isinstance(inbound, BuildEvent | ManualBuildEvent) or inbound.source != CHECK_SOURCE:
        return False
    project = build_id(inbound.build_arn).partition(":")[0]
    return inbound.mode is Mode.APPLY or not project.endswith(CHECK_PROJECT)


def violations(inbound: RunInboundEvent, stored: StoredRun | None, now: datetime) -> tuple[str, ...]:
    """Every reason to reject the event. Empty: record it."""
    if stored is None:
        return (f"there is no rollout {inbound.rollout}",)
    if stored.run is None:
        return (f"rollout {inbound.rollout} has no attempt {inbound.attempt} on {inbound.target}",)
    return tuple(_violations(inbound, stored.rollout, stored.run, now))


def _violations(inbound: RunInboundEvent, rollout: Rollout, run: Run, now: datetime) -> Iterator[str]:
    target = run.target
    if inbound.account != target.account_id:
        yield f"account {inbound.account} may not report on {target.name}, which is in account {target.account_id}"
    if not target.has_build(inbound.build_arn):
        region, account = inbound.build_arn.split(":")[3:5]
        yield f"the build is in account {account}, region {region}, not in {target.name}"
    # The earlier of both: a repeated push must not lose a result, and neither must one that reopens the rollout.
    if not min(rollout.created_at, run.created_at) - CLOCK_SKEW <= inbound.at <= now + CLOCK_SKEW:
        yield f"its time {inbound.at.isoformat()} is not between the run's start and now"


def origin(inbound: RunInboundEvent, run: Run, reports: Iterable[TrailEvent]) -> Origin | None:
    """Who started the event's build. None: CodeBuild has not reported that build yet.

    `reports` are CodeBuild's state changes of that build in the trail.
    """
    if run.build_arn == inbound.build_arn:
        return ENGINE
    if isinstance(inbound, BuildEvent):
        starting = run.build_arn is None and run.state is RunState.STARTING
        return (
            ENGINE if starting and is_engine(inbound.initiator) else Origin(started_by=inbound.initiator or "unknown")
        )
    return origin_by_reports(inbound.build_arn, reports)


def origin_by_reports(build_arn: str, reports: Iterable[TrailEvent]) -> Origin | None:
    """Who started a build, by CodeBuild's state changes in the trail."""
    of_build = [each for each in reports if isinstance(each, BuildReported) and each.build_arn == build_arn]
    return Origin(started_by=of_build[0].started_by) if of_build else None


def is_in_time(inbound: InboundEvent, reports: Iterable[TrailEvent], now: datetime) -> bool:
    """Whether a build without a run can have sent the event at its time."""
    reported = [each.at for each in reports] or [now]
    return min(reported) - LONGEST_BUILD <= inbound.at <= now + CLOCK_SKEW


def may_be_identified_later(inbound: InboundEvent, run: Run | None, now: datetime) -> bool:
    """Whether to retry an event of an unidentified build, instead of rejecting it."""
    if run and run.state is RunState.STARTING and run.build_arn is None:
        return True
    return -CLOCK_SKEW <= now - inbound.at < BUILD_EVENT_DELAY


def origin_violations(inbound: RunInboundEvent, origin: Origin, rollout: Rollout) -> tuple[str, ...]:
    """Why the build cannot have done what the event says. A manual build may run any commit, in any mode."""
    if isinstance(inbound, BuildEvent):
        return ()
    reasons = []
    if exceeds_check_role(inbound) or (inbound.source == CHECK_SOURCE and rollout.spec.mode is Mode.APPLY):
        reasons.append(f"a check may not report on a rollout in mode {rollout.spec.mode}")
    if origin.started_by:
        return tuple(reasons)
    if inbound.commit and inbound.commit != rollout.change.after:
        reasons.append(f"it ran commit {inbound.commit}, but the rollout has commit {rollout.change.after}")
    if inbound.mode is not rollout.spec.mode:
        reasons.append(f"it ran in mode {inbound.mode}, but the rollout has mode {rollout.spec.mode}")
    return tuple(reasons)


def to_trail_event(inbound: RunInboundEvent, rollout: Rollout, origin: Origin) -> RecordedEvent:
    """The event to record, with the actor and the commit that it ran."""
    commit = rollout.change.after if isinstance(inbound, BuildEvent) else inbound.commit or rollout.change.after
    about: dict[str, Any] = {
        "actor": origin.started_by or rollout.actor,
        "repository": rollout.change.repository,
        "commit": commit,
        "route": rollout.spec.route,
        "rollout": inbound.rollout,
        "target": inbound.target,
        "attempt": inbound.attempt,
    }
    return _recorded(inbound, about, origin)


def to_unassigned_trail_event(inbound: InboundEvent, origin: Origin) -> RecordedEvent:
    """The event to record of a build without a run: where it ran, and who started it."""
    about: dict[str, Any] = {
        "actor": origin.started_by,
        "commit": None if isinstance(inbound, BuildEvent | ManualBuildEvent) else inbound.commit,
        "rollout": "",
        "target": build_location(inbound.build_arn),
        "attempt": 1,
    }
    return _recorded(inbound, about, origin)


def _recorded(inbound: InboundEvent, about: dict[str, Any], origin: Origin) -> RecordedEvent:
    about |= {"at": inbound.at, "build_arn": inbound.build_arn, "started_by": origin.started_by}
    match inbound:
        case BuildEvent() | ManualBuildEvent():
            return BuildReported(
                **about,
                status=inbound.status,
                phase=inbound.phase,
                message=inbound.message,
                log_url=inbound.log_url,
                image=inbound.image,
                **inbound.usage.to_dict(),
            )
        case HostEvent():
            return HostResultRecorded(**about, **_content(inbound, about))
        case PlaybookEvent():
            return PlaybookEnded(**about, **_content(inbound, about))
        case RawEvent():
            return RawReportRecorded(**about, **_content(inbound, about), event_id=inbound.event_id)
        case _:
            assert_never(inbound)


def _content(inbound: HostEvent | PlaybookEvent | RawEvent, about: dict[str, Any]) -> dict[str, Any]:
    others = {*about, "version", "event_id", "account", "source", "rollout", "target", "attempt", "commit"}
    return {name: getattr(inbound, name) for name in type(inbound).__struct_fields__ if name not in others}
