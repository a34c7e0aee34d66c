"""The queue before a target as a value: who may take it, who gives way, and what leaving it does."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import takewhile

from pointsman.core.identity import work_id
from pointsman.core.model import Lane, Mode, Place, Rollout, Run, WhenBusy

# Pushes older than a week are refused, and a run may wait for days: what is older than this can meet nothing any more.
KEPT_FOR = timedelta(days=30)


def newer(rollout: Rollout, run: Run, lane: Lane) -> str | None:
    """Why `run` gives way to a newer commit; None when it need not.

    Newer is what was pushed later, wherever it stands in the lane: deliveries come late, and are delivered again. On a
    route that queues, a newer commit waits behind its elders and takes nobody's place; but none goes after a newer one.
    """
    before = [place for place in _rivals(rollout, run, lane) if place.line == run.place.line]
    if later := [place for place in before if place.ordering_time > run.ordering_time]:
        return f"superseded by {later[-1].rollout}, a newer commit on the same route"
    if overtaken(rollout, run, lane):
        return "superseded: a newer commit on the same route has reached this target"
    return None


def overtaken(rollout: Rollout, run: Run, lane: Lane) -> bool:
    """Whether something newer has held the lane since the push that `run` is for."""
    times = (lane.newest_applied.get(key) for key in _keys(rollout, run))
    return any(time > run.ordering_time for time in times if time)


def _rivals(rollout: Rollout, run: Run, lane: Lane) -> Iterable[Place]:
    """The places to which `run` gives way when they are newer."""
    if rollout.order.when_busy is WhenBusy.SUPERSEDE:
        return lane.waiting
    return takewhile(lambda place: not place.is_of(run.place), lane.waiting)


def claimed(rollout: Rollout, run: Run, lane: Lane, now: datetime) -> Lane:
    """The lane, held by `run`."""
    return applied(rollout, run, without(lane, run.place).model_copy(update={"holder": run.place}), now)


def applied(rollout: Rollout, run: Run, lane: Lane, now: datetime) -> Lane:
    """The lane, in which nothing older than the push of `run` may follow. A check leaves nothing to be undone."""
    if rollout.order.mode is Mode.CHECK:
        return lane
    times = {key: time for key, time in lane.newest_applied.items() if now - time < KEPT_FOR}
    times |= {key: max(run.ordering_time, times.get(key, run.ordering_time)) for key in _keys(rollout, run)}
    return lane.model_copy(update={"newest_applied": times})


def _keys(rollout: Rollout, run: Run) -> tuple[str, str]:
    """By what one is newer than another: its route, and what it runs, so that renaming the route forgets nothing."""
    return run.place.line, work_id(rollout.change, rollout.order.settings_on(run.target))


def holds(run: Run, lane: Lane) -> bool:
    """Whether `run` holds the lane."""
    return lane.holder is not None and lane.holder.is_of(run.place)


def waits(run: Run, lane: Lane) -> bool:
    """Whether `run` has a place in the lane."""
    return any(place.is_of(run.place) for place in lane.waiting)


def is_next(run: Run, lane: Lane) -> bool:
    """Whether the lane is free and `run` is the first who waits."""
    return lane.holder is None and bool(lane.waiting) and lane.waiting[0].is_of(run.place)


def without(lane: Lane, *gone: Place) -> Lane:
    """The lane without these places."""
    stays = tuple(place for place in lane.waiting if not any(place.is_of(other) for other in gone))
    held = lane.holder is not None and any(lane.holder.is_of(other) for other in gone)
    return lane.model_copy(update={"waiting": stays, "holder": None if held else lane.holder})


def left(lane: Lane, place: Place) -> tuple[Lane, ...]:
    """The lane to write when `place` leaves it; none when it had no place."""
    after = without(lane, place)
    return () if after == lane else (after,)
