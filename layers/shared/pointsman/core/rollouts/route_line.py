"""The rollouts of a route, in the order of their pushes: which are open, and which supersedes which."""

from datetime import datetime

from pointsman.core.model import Mode, Rollout, RolloutId, TargetName, WhenBusy
from pointsman.core.rollouts.situation import Situation
from pointsman.core.route_state import RolloutRef, RouteState, Unfinished
from pointsman.core.run_request import Trigger

NAMES_KEPT = 50
BAD_KEPT = 100


def opened(route: RouteState, rollout: Rollout) -> RouteState:
    """The route with an open rollout, which is the newest unless a later push was there already."""
    ref = RolloutRef(
        rollout=rollout.id,
        commit=rollout.change.after,
        ordering_time=rollout.ordering_time,
        is_held=rollout.hold is not None,
    )
    others = tuple(each for each in route.open if each.rollout != rollout.id)
    newest, last_pushed = (_later(each, ref) for each in (route.newest, route.newest_commit))
    return route.replace(open=(*others, ref), newest=newest, last_pushed=last_pushed)


def _later(known: RolloutRef | None, ref: RolloutRef) -> RolloutRef:
    return ref if known is None or known.ordering_time <= ref.ordering_time else known


def with_hold(route: RouteState, rollout: Rollout) -> RouteState | None:
    """The route, which knows whether a person holds `rollout`; None if it does not list it, or knew."""

    def noted(ref: RolloutRef) -> RolloutRef:
        return ref.replace(is_held=rollout.hold is not None) if ref.rollout == rollout.id else ref

    newest = noted(route.newest) if route.newest else None
    after = route.replace(open=tuple(map(noted, route.open)), newest=newest)
    return after if after != route else None


def wanted_again(route: RouteState, rollout: Rollout) -> RouteState:
    """The route after a person had an older rollout repeated: nothing that was pushed before supersedes it."""
    again = opened(route, rollout)
    return again.replace(newest=again.open[-1])


def rolled_back(route: RouteState, rollout: Rollout, at: datetime) -> RouteState:
    """The route, whose commit of `rollout` is bad: nothing but a person who runs it brings it back."""
    bad = sorted((route.bad | {rollout.change.after: at}).items(), key=lambda each: each[1])
    return route.replace(bad=dict(bad[-BAD_KEPT:]))


def bad_since(route: RouteState, rollout: Rollout) -> datetime | None:
    """When the commit of `rollout` was rolled back, so that it does not run any more. A check of it changes nothing."""
    return route.bad.get(rollout.change.after) if rollout.spec.mode is Mode.APPLY else None


def rolled_back_since(route: RouteState, rollout: Rollout) -> datetime | None:
    """When the commit that a person runs with `rollout` was rolled back, if that was after the person asked for it."""
    request, at = rollout.request, bad_since(route, rollout)
    is_by_hand = request is not None and request.trigger is Trigger.PERSON
    return at if is_by_hand and at and at > rollout.created_at else None


def was_rolled_back(rollout: Rollout, at: datetime) -> str:
    """Why a person's run does not go on."""
    return f"commit {rollout.change.after[:7]} was rolled back at {at:%Y-%m-%d %H:%M} UTC, after this was requested"


def run_again(route: RouteState, rollout: Rollout) -> RouteState:
    """The route, whose commit of `rollout` a person runs on the whole of it: it is not bad any more."""
    bad = {commit: at for commit, at in route.bad.items() if commit != rollout.change.after}
    return opened(route.replace(bad=bad), rollout)


def ended(route: RouteState, rollout: Rollout, not_started: tuple[TargetName, ...], reason: str) -> RouteState:
    """The route without a rollout that has ended. One whose commit is bad was never among its open ones.

    If a newer one is there, that has said already what this one did not start on.
    """
    if all(each.rollout != rollout.id for each in route.open):
        return route
    unfinished, newest = route.unfinished, route.newest
    if not_started and not (newest and newest.ordering_time > rollout.ordering_time):
        unfinished = unfinished_of(rollout, not_started, reason)
    elif not not_started and newest and newest.rollout == rollout.id:
        unfinished = None
    return route.replace(open=tuple(each for each in route.open if each.rollout != rollout.id), unfinished=unfinished)


def unfinished_of(rollout: Rollout, not_started: tuple[TargetName, ...], reason: str) -> Unfinished:
    """A rollout that has not started on some of its targets, and why."""
    return Unfinished(
        rollout=rollout.id,
        commit=rollout.change.after,
        reason=reason,
        not_started=tuple(map(str, not_started[:NAMES_KEPT])),
        not_started_total=len(not_started),
    )


def superseding(newer: RolloutId) -> str:
    """Why a rollout halts for a newer commit."""
    return f"superseded by {newer}, a newer commit on the same route"


def superseded_by(route: RouteState | None, rollout: Rollout) -> list[RolloutId]:
    """The open rollouts of the route that may have to end because `rollout` is new."""
    if route is None or not (rollout.waves or rollout.spec.when_busy is WhenBusy.CANCEL):
        return []
    return [ref.rollout for ref in route.open if ref.ordering_time < rollout.ordering_time]


def newer_rollout(situation: Situation) -> RolloutRef | None:
    """The newest rollout of the route, if it supersedes this one."""
    newest, rollout = situation.route.newest, situation.rollout
    if newest is None or not rollout.is_of_whole_route or newest.rollout == rollout.id:
        return None
    return newest if newest.ordering_time > rollout.ordering_time else None
