"""Whether the sender of an event has a say in what it claims, judged by what the engine itself has stored.

A build in one account must not be able to write another account's history: the sender's account is EventBridge's word,
and the target's account is the rollout's.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, assert_never

from pointsman.core.build_event import BuildEvent
from pointsman.core.model import Mode, Rollout, Run, Value
from pointsman.core.outside_event import CHECK_SOURCE, Claim, HostClaim
from pointsman.events import BuildReported, HostResultRecorded

# An entry's time may be set by who puts it; clocks differ, and EventBridge cuts times to seconds.
CLOCKS_DIFFER = timedelta(minutes=5)


class Asked(Value):
    """What the engine stored of a run: its rollout tells who asked. `run` is None when there is no such attempt."""

    rollout: Rollout
    run: Run | None


def doubts(claim: Claim, asked: Asked | None, now: datetime) -> tuple[str, ...]:
    """Every reason not to believe `claim`; none when it may enter the trail."""
    if asked is None:
        return (f"there is no rollout {claim.rollout}",)
    if asked.run is None:
        return (f"rollout {claim.rollout} has no attempt {claim.attempt} on {claim.target}",)
    return tuple(_doubts(claim, asked.rollout, asked.run, now))


def _doubts(claim: Claim, rollout: Rollout, run: Run, now: datetime) -> Iterator[str]:
    target = run.target
    if claim.account != target.account_id:
        yield f"account {claim.account} has no say in {target.name}, which is account {target.account_id}"
    if not target.has_build(claim.build_arn):
        region, account = claim.build_arn.split(":")[3:5]
        yield f"the build is in account {account}, {region}, and not in {target.name}"
    if run.build_arn and claim.build_arn != run.build_arn:
        yield f"the run's build is {run.build_arn}, and not {claim.build_arn}"
    if not rollout.created_at - CLOCKS_DIFFER <= claim.at <= now + CLOCKS_DIFFER:
        yield f"its time {claim.at.isoformat()} is not between the rollout's start and now"
    if isinstance(claim, HostClaim):
        yield from _host_doubts(claim, rollout)


def _host_doubts(claim: HostClaim, rollout: Rollout) -> Iterator[str]:
    if claim.source == CHECK_SOURCE and rollout.order.mode is not Mode.CHECK:
        yield f"a check has no say in a rollout that is to {rollout.order.mode}"
    if claim.commit and claim.commit != rollout.change.after:
        yield f"it ran commit {claim.commit}, and the rollout is of {rollout.change.after}"
    if claim.mode is not rollout.order.mode:
        yield f"it ran in mode {claim.mode}, and the rollout is to {rollout.order.mode}"


def fact(claim: Claim, rollout: Rollout) -> BuildReported | HostResultRecorded:
    """The trail's event of a believed claim: it tells by itself who asked for it, and which commit."""
    about: dict[str, Any] = {
        "at": claim.at,
        "actor": rollout.change.actor,
        "repository": rollout.change.repository,
        "commit": rollout.change.after,
        "route": rollout.order.route,
        "rollout": claim.rollout,
        "target": claim.target,
        "attempt": claim.attempt,
        "build_arn": claim.build_arn,
    }
    match claim:
        case BuildEvent():
            said = {"status": claim.status, "phase": claim.phase, "message": claim.message, "log_url": claim.log_url}
            return BuildReported(**about, **said)
        case HostClaim():
            known = {*about, "version", "event_id", "account", "source"}
            return HostResultRecorded(
                **about, **{name: getattr(claim, name) for name in HostClaim.model_fields if name not in known}
            )
        case _:
            assert_never(claim)
