"""What keeps a rollout, or one of its targets, from starting now: a hold, a freeze, or an older rollout."""

from collections.abc import Iterable
from datetime import datetime
from fnmatch import fnmatchcase

from pointsman.core.identity import principal_name
from pointsman.core.model import Mode, Rollout, RolloutSpec, Target, WhenBusy
from pointsman.core.rollout_facts import Override, Wait, WaitKind
from pointsman.core.rollouts.situation import Situation
from pointsman.core.route_state import Freezes, RolloutRef
from pointsman.core.text import join_first


def wait_before(situation: Situation, target: Target) -> Wait | None:
    """What a target's next run waits for before it may acquire the target; None if for nothing."""
    return _of_hold(situation.rollout) or _of_freeze(situation, target)


def wait_of(situation: Situation, targets: Iterable[Target]) -> Wait | None:
    """What all of these targets, or some of them, wait for."""
    if wait := _of_hold(situation.rollout) or _of_route(situation):
        return wait
    waits = [(target, wait) for target in targets if (wait := _of_freeze(situation, target))]
    if not waits:
        return None
    names = join_first([target.name for target, _ in waits])
    latest = max((wait for _, wait in waits), key=lambda wait: wait.until or situation.now)
    return latest.replace(reason=f"{names}: {latest.reason}")


def is_behind(situation: Situation) -> bool:
    """Whether the first wave waits for an older rollout of the route."""
    return _of_route(situation) is not None


def is_frozen(situation: Situation, target: Target) -> bool:
    """Whether a newer commit of the route would wait for the end of a freeze."""
    return freeze_of(situation.rollout.spec, target, situation.surroundings.freezes, situation.now) is not None


def _of_hold(rollout: Rollout) -> Wait | None:
    if rollout.hold is None:
        return None
    reason = f": {rollout.hold.reason}" if rollout.hold.reason else ""
    return Wait(
        kind=WaitKind.HOLD, reason=f"held by {principal_name(rollout.hold.caller)}{reason}", until=rollout.hold.until
    )


def _of_route(situation: Situation) -> Wait | None:
    """On a route that queues, the waves of a commit begin when those of older commits have ended."""
    rollout = situation.rollout
    if rollout.spec.when_busy is not WhenBusy.QUEUE or not rollout.waves or rollout.waves_started:
        return None
    older = [ref for ref in situation.route.open if _is_older(ref, rollout)]
    if not older:
        return None
    return Wait(kind=WaitKind.ROUTE, reason=f"{older[0].rollout}, an older commit of the route, has not ended")


def _is_older(ref: RolloutRef, rollout: Rollout) -> bool:
    return ref.rollout != rollout.id and (ref.ordering_time, ref.rollout) < (rollout.ordering_time, rollout.id)


def _of_freeze(situation: Situation, target: Target) -> Wait | None:
    rollout = situation.rollout
    return freeze_of(
        rollout.spec, target, situation.surroundings.freezes, situation.now, override=rollout.freeze_override
    )


def freeze_of(
    spec: RolloutSpec, target: Target, freezes: Freezes, now: datetime, *, override: Override | None = None
) -> Wait | None:
    """The freeze that keeps a spec from a target. A check changes nothing, so no freeze stops it.

    An `override` is about the freezes that its person could know: those that people had made by then, and the window of
    the route that was in effect or came next. It does not pass what is frozen later.
    """
    if spec.mode is Mode.CHECK:
        return None
    return _of_people(freezes, spec.route, target.name, now, override) or _of_windows(spec, now, override)


def _of_people(freezes: Freezes, route: str, target_name: str, now: datetime, override: Override | None) -> Wait | None:
    """The freeze of a person that concerns a route on a target, and that ends last."""
    found = [
        freeze
        for scope, freeze in freezes.scopes.items()
        if freeze.until > now
        and not (override and freeze.at <= override.at)
        and (scope in ("*", route) or ("/" in scope and fnmatchcase(target_name, scope)))
    ]
    if not found:
        return None
    last = max(found, key=lambda freeze: freeze.until)
    return Wait(
        kind=WaitKind.FREEZE, reason=f"frozen by {principal_name(last.caller)}: {last.reason}", until=last.until
    )


def _of_windows(spec: RolloutSpec, now: datetime, override: Override | None) -> Wait | None:
    windows = spec.plan.freezes if spec.plan else ()
    if not windows:
        return None
    from pointsman.core.rollouts.freezes import frozen_until_despite  # noqa: PLC0415 - few routes have windows

    until = frozen_until_despite(windows, override.at if override else None, now)
    return Wait(kind=WaitKind.FREEZE, reason="a freeze window of the route", until=until) if until else None
