"""Whether the sender of an event has a say in what it claims, judged by what the engine itself has stored.

A build in one account must not be able to write another account's history: the sender's account is EventBridge's word,
and the target's account is the rollout's. Nor may it write the history of a run that is not its own: which build a run
has is the engine's word, or CodeBuild's, whose events nobody else can send.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, assert_never

from pointsman.core.build_event import BuildByHand, BuildEvent
from pointsman.core.identity import is_engine
from pointsman.core.model import Mode, Rollout, Run, RunState, Value
from pointsman.core.outside_event import CHECK_SOURCE, Claim, HostClaim, PlaybookClaim
from pointsman.events import BuildReported, HostResultRecorded, PlaybookEnded, TrailEvent, build_id

# An entry's time may be set by who puts it; clocks differ, and EventBridge cuts times to seconds.
CLOCKS_DIFFER = timedelta(minutes=5)
LONGEST_BUILD = timedelta(hours=45)  # CodeBuild's longest, in the queue and at work
CHECK_PROJECT = "pointsman-check"  # of the worker stack
# CodeBuild's event of a build usually comes minutes before the first host result; results wait so long for a late one.
BUILD_EVENT_LATE = timedelta(minutes=2)


class Asked(Value):
    """What the engine stored of a run: its rollout tells who asked. `run` is None when there is no such attempt."""

    rollout: Rollout
    run: Run | None


class Origin(Value):
    """Where a build comes from: the engine, or somebody who started it outside of the queue."""

    started_by: str | None = None  # None: the engine started it


ENGINE = Origin()


type ClaimOfRun = BuildEvent | HostClaim | PlaybookClaim
type Told = BuildReported | HostResultRecorded | PlaybookEnded


def place(build_arn: str) -> str:
    """`222222222222/eu-west-1`: the target of a build that belongs to no run. Its variables are anybody's word."""
    region, account = build_arn.split(":")[3:5]
    return f"{account}/{region}"


def is_own_build(claim: Claim) -> bool:
    """Whether the build is in the account that speaks of it."""
    return claim.account == claim.build_arn.split(":")[4]


def speaks_for_another_project(claim: Claim) -> bool:
    """Whether a check, which runs code that nobody has reviewed, speaks of what is no check."""
    if isinstance(claim, BuildEvent | BuildByHand) or claim.source != CHECK_SOURCE:
        return False
    return claim.mode is Mode.APPLY or build_id(claim.build_arn).partition(":")[0] != CHECK_PROJECT


def doubts(claim: ClaimOfRun, asked: Asked | None, now: datetime) -> tuple[str, ...]:
    """Every reason not to believe `claim`; none when it may enter the trail."""
    if asked is None:
        return (f"there is no rollout {claim.rollout}",)
    if asked.run is None:
        return (f"rollout {claim.rollout} has no attempt {claim.attempt} on {claim.target}",)
    return tuple(_doubts(claim, asked.rollout, asked.run, now))


def _doubts(claim: ClaimOfRun, rollout: Rollout, run: Run, now: datetime) -> Iterator[str]:
    target = run.target
    if claim.account != target.account_id:
        yield f"account {claim.account} has no say in {target.name}, which is account {target.account_id}"
    if not target.has_build(claim.build_arn):
        region, account = claim.build_arn.split(":")[3:5]
        yield f"the build is in account {account}, {region}, and not in {target.name}"
    # The earlier of both: neither a push that asks again nor one that opens the rollout anew may lose a result.
    if not min(rollout.created_at, run.created_at) - CLOCKS_DIFFER <= claim.at <= now + CLOCKS_DIFFER:
        yield f"its time {claim.at.isoformat()} is not between the run's start and now"


def origin(claim: ClaimOfRun, run: Run, reports: Iterable[TrailEvent]) -> Origin | None:
    """Who started the build of `claim`; None when nobody has named that build yet.

    `reports` is what the trail holds of CodeBuild's word on that build.
    """
    if run.build_arn == claim.build_arn:
        return ENGINE
    if isinstance(claim, BuildEvent):
        starting = run.build_arn is None and run.state is RunState.STARTING
        return ENGINE if starting and is_engine(claim.initiator) else Origin(started_by=claim.initiator or "unknown")
    return origin_by_reports(claim.build_arn, reports)


def origin_by_reports(build_arn: str, reports: Iterable[TrailEvent]) -> Origin | None:
    """Who started a build, by what the trail holds of CodeBuild's word on it."""
    named = [each for each in reports if isinstance(each, BuildReported) and each.build_arn == build_arn]
    return Origin(started_by=named[0].started_by) if named else None


def is_in_time(claim: Claim, reports: Iterable[TrailEvent], now: datetime) -> bool:
    """Whether a claim about a build that is no run's lies in the time that the build can have had."""
    told = [each.at for each in reports] or [now]
    return min(told) - LONGEST_BUILD <= claim.at <= now + CLOCKS_DIFFER


def may_be_named_later(claim: Claim, run: Run | None, now: datetime) -> bool:
    """Whether to wait for somebody who names the build of `claim`, rather than to refuse it."""
    if run and run.state is RunState.STARTING and run.build_arn is None:
        return True
    return -CLOCKS_DIFFER <= now - claim.at < BUILD_EVENT_LATE


def doubts_of_origin(claim: ClaimOfRun, origin: Origin, rollout: Rollout) -> tuple[str, ...]:
    """Why a build of the engine's can't have done what it claims. Who starts a build by hand may choose both."""
    if isinstance(claim, BuildEvent):
        return ()
    found = []
    if speaks_for_another_project(claim) or (claim.source == CHECK_SOURCE and rollout.order.mode is Mode.APPLY):
        found.append(f"a check has no say in a rollout that is to {rollout.order.mode}")
    if origin.started_by:
        return tuple(found)
    if claim.commit and claim.commit != rollout.change.after:
        found.append(f"it ran commit {claim.commit}, and the rollout is of {rollout.change.after}")
    if claim.mode is not rollout.order.mode:
        found.append(f"it ran in mode {claim.mode}, and the rollout is to {rollout.order.mode}")
    return tuple(found)


def fact(claim: ClaimOfRun, rollout: Rollout, origin: Origin) -> Told:
    """The trail's event of a believed claim: it tells by itself who asked for it, and which commit."""
    ran = rollout.change.after if isinstance(claim, BuildEvent) else claim.commit or rollout.change.after
    about: dict[str, Any] = {
        "actor": origin.started_by or rollout.change.actor,
        "repository": rollout.change.repository,
        "commit": ran,
        "route": rollout.order.route,
        "rollout": claim.rollout,
        "target": claim.target,
        "attempt": claim.attempt,
    }
    return _told(claim, about, origin)


def fact_of_no_run(claim: Claim, origin: Origin) -> Told:
    """The trail's event of a build that is no run's: where it was, and who started it."""
    about: dict[str, Any] = {
        "actor": origin.started_by,
        "commit": claim.commit if isinstance(claim, HostClaim | PlaybookClaim) else None,
        "rollout": "",
        "target": place(claim.build_arn),
        "attempt": 1,
    }
    return _told(claim, about, origin)


def _told(claim: Claim, about: dict[str, Any], origin: Origin) -> Told:
    about |= {"at": claim.at, "build_arn": claim.build_arn, "started_by": origin.started_by}
    match claim:
        case BuildEvent() | BuildByHand():
            said = {"status": claim.status, "phase": claim.phase, "message": claim.message, "log_url": claim.log_url}
            return BuildReported(**about, **said)
        case HostClaim():
            return HostResultRecorded(**about, **_said(claim, about))
        case PlaybookClaim():
            return PlaybookEnded(**about, **_said(claim, about))
        case _:
            assert_never(claim)


def _said(claim: HostClaim | PlaybookClaim, about: dict[str, Any]) -> dict[str, Any]:
    known = {*about, "version", "event_id", "account", "source", "rollout", "target", "attempt", "commit"}
    return {name: getattr(claim, name) for name in type(claim).model_fields if name not in known}
