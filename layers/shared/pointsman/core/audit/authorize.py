"""Whether the sender of an event has a say in what it claims, judged by what the engine itself has stored.

A build in one account must not be able to write another account's history: the sender's account is EventBridge's word,
and the target's account is the rollout's. Nor may it write the history of a run that is not its own: which build a run
has is the engine's word, or CodeBuild's, whose events nobody else can send.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, assert_never

from pointsman.core.audit.build_event import BuildEvent, ManualBuildEvent
from pointsman.core.audit.host_event import CHECK_SOURCE, HostEvent, InboundEvent, PlaybookEvent
from pointsman.core.identity import is_engine
from pointsman.core.model import Mode, Rollout, Run, RunState, Value
from pointsman.core.trail.events import BuildReported, HostResultRecorded, PlaybookEnded, TrailEvent, build_id

# An entry's time may be set by who puts it; clocks differ, and EventBridge cuts times to seconds.
CLOCK_SKEW = timedelta(minutes=5)
LONGEST_BUILD = timedelta(hours=45)  # CodeBuild's longest, in the queue and at work
CHECK_PROJECT = "pointsman-check"  # of the worker stack
# CodeBuild's event of a build usually comes minutes before the first host result; results wait so long for a late one.
BUILD_EVENT_LATE = timedelta(minutes=2)


class StoredRun(Value):
    """What the engine stored of a run: its rollout tells who asked. `run` is None when there is no such attempt."""

    rollout: Rollout
    run: Run | None


class Origin(Value):
    """Where a build comes from: the engine, or somebody who started it outside of the queue."""

    started_by: str | None = None  # None: the engine started it


ENGINE = Origin()


type RunInboundEvent = BuildEvent | HostEvent | PlaybookEvent
type RecordedEvent = BuildReported | HostResultRecorded | PlaybookEnded


def build_location(build_arn: str) -> str:
    """`222222222222/eu-west-1`: the target of a build that belongs to no run. Its variables are anybody's word."""
    region, account = build_arn.split(":")[3:5]
    return f"{account}/{region}"


def is_own_build(inbound: InboundEvent) -> bool:
    """Whether the build is in the account that speaks of it."""
    return inbound.account == inbound.build_arn.split(":")[4]


def exceeds_check_role(inbound: InboundEvent) -> bool:
    """Whether a check, which runs code that nobody has reviewed, speaks of what is no check."""
    if isinstance(inbound, BuildEvent | ManualBuildEvent) or inbound.source != CHECK_SOURCE:
        return False
    return inbound.mode is Mode.APPLY or build_id(inbound.build_arn).partition(":")[0] != CHECK_PROJECT


def violations(inbound: RunInboundEvent, stored: StoredRun | None, now: datetime) -> tuple[str, ...]:
    """Every reason not to believe `claim`; none when it may enter the trail."""
    if stored is None:
        return (f"there is no rollout {inbound.rollout}",)
    if stored.run is None:
        return (f"rollout {inbound.rollout} has no attempt {inbound.attempt} on {inbound.target}",)
    return tuple(_violations(inbound, stored.rollout, stored.run, now))


def _violations(inbound: RunInboundEvent, rollout: Rollout, run: Run, now: datetime) -> Iterator[str]:
    target = run.target
    if inbound.account != target.account_id:
        yield f"account {inbound.account} has no say in {target.name}, which is account {target.account_id}"
    if not target.has_build(inbound.build_arn):
        region, account = inbound.build_arn.split(":")[3:5]
        yield f"the build is in account {account}, {region}, and not in {target.name}"
    # The earlier of both: neither a push that asks again nor one that opens the rollout anew may lose a result.
    if not min(rollout.created_at, run.created_at) - CLOCK_SKEW <= inbound.at <= now + CLOCK_SKEW:
        yield f"its time {inbound.at.isoformat()} is not between the run's start and now"


def origin(inbound: RunInboundEvent, run: Run, reports: Iterable[TrailEvent]) -> Origin | None:
    """Who started the build of `claim`; None when nobody has named that build yet.

    `reports` is what the trail holds of CodeBuild's word on that build.
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
    """Who started a build, by what the trail holds of CodeBuild's word on it."""
    named = [each for each in reports if isinstance(each, BuildReported) and each.build_arn == build_arn]
    return Origin(started_by=named[0].started_by) if named else None


def is_in_time(inbound: InboundEvent, reports: Iterable[TrailEvent], now: datetime) -> bool:
    """Whether a claim about a build that is no run's lies in the time that the build can have had."""
    recorded = [each.at for each in reports] or [now]
    return min(recorded) - LONGEST_BUILD <= inbound.at <= now + CLOCK_SKEW


def may_be_identified_later(inbound: InboundEvent, run: Run | None, now: datetime) -> bool:
    """Whether to wait for somebody who names the build of `claim`, rather than to refuse it."""
    if run and run.state is RunState.STARTING and run.build_arn is None:
        return True
    return -CLOCK_SKEW <= now - inbound.at < BUILD_EVENT_LATE


def origin_violations(inbound: RunInboundEvent, origin: Origin, rollout: Rollout) -> tuple[str, ...]:
    """Why a build of the engine's can't have done what it claims. Who starts a build by hand may choose both."""
    if isinstance(inbound, BuildEvent):
        return ()
    found = []
    if exceeds_check_role(inbound) or (inbound.source == CHECK_SOURCE and rollout.spec.mode is Mode.APPLY):
        found.append(f"a check has no say in a rollout that is to {rollout.spec.mode}")
    if origin.started_by:
        return tuple(found)
    if inbound.commit and inbound.commit != rollout.change.after:
        found.append(f"it ran commit {inbound.commit}, and the rollout is of {rollout.change.after}")
    if inbound.mode is not rollout.spec.mode:
        found.append(f"it ran in mode {inbound.mode}, and the rollout is to {rollout.spec.mode}")
    return tuple(found)


def to_trail_event(inbound: RunInboundEvent, rollout: Rollout, origin: Origin) -> RecordedEvent:
    """The trail's event of a believed claim: it tells by itself who asked for it, and which commit."""
    ran = rollout.change.after if isinstance(inbound, BuildEvent) else inbound.commit or rollout.change.after
    about: dict[str, Any] = {
        "actor": origin.started_by or rollout.change.actor,
        "repository": rollout.change.repository,
        "commit": ran,
        "route": rollout.spec.route,
        "rollout": inbound.rollout,
        "target": inbound.target,
        "attempt": inbound.attempt,
    }
    return _recorded(inbound, about, origin)


def to_unassigned_trail_event(inbound: InboundEvent, origin: Origin) -> RecordedEvent:
    """The trail's event of a build that is no run's: where it was, and who started it."""
    about: dict[str, Any] = {
        "actor": origin.started_by,
        "commit": inbound.commit if isinstance(inbound, HostEvent | PlaybookEvent) else None,
        "rollout": "",
        "target": build_location(inbound.build_arn),
        "attempt": 1,
    }
    return _recorded(inbound, about, origin)


def _recorded(inbound: InboundEvent, about: dict[str, Any], origin: Origin) -> RecordedEvent:
    about |= {"at": inbound.at, "build_arn": inbound.build_arn, "started_by": origin.started_by}
    match inbound:
        case BuildEvent() | ManualBuildEvent():
            said = {
                "status": inbound.status,
                "phase": inbound.phase,
                "message": inbound.message,
                "log_url": inbound.log_url,
            }
            return BuildReported(**about, **said)
        case HostEvent():
            return HostResultRecorded(**about, **_content(inbound, about))
        case PlaybookEvent():
            return PlaybookEnded(**about, **_content(inbound, about))
        case _:
            assert_never(inbound)


def _content(inbound: HostEvent | PlaybookEvent, about: dict[str, Any]) -> dict[str, Any]:
    known = {*about, "version", "event_id", "account", "source", "rollout", "target", "attempt", "commit"}
    return {name: getattr(inbound, name) for name in type(inbound).model_fields if name not in known}
