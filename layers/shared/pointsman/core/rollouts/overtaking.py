"""What a newer commit says of the older one that it overtakes: which targets that one had not reached."""

from collections.abc import Callable, Iterable

from pointsman.core.model import Rollout, RolloutId, Run, TargetName, WhenBusy
from pointsman.core.ports import Loaded
from pointsman.core.rollouts.ending import ending_of, may_have_reached
from pointsman.core.rollouts.route_line import superseding, unfinished_of
from pointsman.core.route_state import RouteState, Unfinished
from pointsman.core.trail.wave_events import Overtaken

type Load = Callable[[RolloutId], Loaded | None]
"""Reads a rollout; None if it is gone or unreadable."""


def not_reached(rollout: Rollout, runs: Iterable[Run]) -> tuple[TargetName, ...]:
    """The targets on which no build of the rollout is or was, in its order. `runs` has every attempt."""
    reached = {run.target.name for run in runs if may_have_reached(run)}
    return tuple(target.name for target in rollout.spec.targets if target.name not in reached)


def overtaken_by(route: RouteState, rollout: Rollout, load: Load) -> Overtaken | None:
    """What a new rollout has to say of the one before it; None if that one reaches its targets.

    That is the newest open one, which `load` reads, or else the one that ended half-way.
    """
    if not _overtakes(route, rollout):
        return None
    older = _open_before(route, rollout, load)
    present = {str(target.name) for target in rollout.spec.targets}
    before = _unfinished(*older, rollout, present) if older else route.unfinished
    if before is None:
        return None
    return Overtaken(
        rollout=before.rollout,
        commit=before.commit,
        reason=before.reason,
        not_started=before.not_started,
        not_started_total=before.not_started_total,
        left_out=tuple(name for name in before.not_started if name not in present),
    )


def _open_before(route: RouteState, rollout: Rollout, load: Load) -> Loaded | None:
    older = [ref for ref in route.open if ref.ordering_time < rollout.ordering_time]
    return load(max(older, key=lambda ref: ref.ordering_time).rollout) if older else None


def _overtakes(route: RouteState, rollout: Rollout) -> bool:
    is_newest = route.newest is None or route.newest.ordering_time <= rollout.ordering_time
    return rollout.is_of_whole_route and is_newest


def _unfinished(older: Rollout, runs: tuple[Run, ...], rollout: Rollout, present: set[str]) -> Unfinished | None:
    """What an open rollout leaves to a newer one. With `queue` that is nothing, unless it has halted."""
    ending, when_busy = ending_of(older), older.spec.when_busy
    if ending is None and when_busy is WhenBusy.QUEUE:
        return None
    left = not_reached(older, runs)
    if not (ending or older.waves or when_busy is WhenBusy.CANCEL):  # it goes on where the newer one does not run
        left = tuple(name for name in left if name in present)
    return unfinished_of(older, left, ending.reason if ending else superseding(rollout.id)) if left else None
