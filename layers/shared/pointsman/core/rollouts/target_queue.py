"""The queue before a target as a value: who may take it, who gives way, and what leaving it does."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import takewhile

from pointsman.core.identity import work_id
from pointsman.core.model import Mode, QueueEntry, Rollout, Run, TargetQueue, WhenBusy

# Pushes older than a week are refused, and a run may wait for days: what is older than this can meet nothing any more.
KEPT_FOR = timedelta(days=30)


def reason_to_yield(rollout: Rollout, run: Run, queue: TargetQueue) -> str | None:
    """Why `run` gives way to a newer commit; None when it need not.

    Newer is what was pushed later, wherever it stands in the lane: deliveries come late, and are delivered again. On a
    route that queues, a newer commit waits behind its elders and takes nobody's place; but none goes after a newer one.
    """
    before = [
        entry
        for entry in _competitors(rollout, run, queue)
        if entry.concurrency_group == run.queue_entry.concurrency_group
    ]
    if later := [entry for entry in before if entry.ordering_time > run.ordering_time]:
        return f"superseded by {later[-1].rollout}, a newer commit on the same route"
    if overtaken(rollout, run, queue):
        return "superseded: a newer commit on the same route has reached this target"
    return None


def overtaken(rollout: Rollout, run: Run, queue: TargetQueue) -> bool:
    """Whether something newer has held the lane since the push that `run` is for."""
    times = (queue.newest_applied.get(key) for key in _keys(rollout, run))
    return any(time > run.ordering_time for time in times if time)


def _competitors(rollout: Rollout, run: Run, queue: TargetQueue) -> Iterable[QueueEntry]:
    """The places to which `run` gives way when they are newer."""
    if rollout.spec.when_busy is WhenBusy.SUPERSEDE:
        return queue.waiting
    return takewhile(lambda entry: not entry.same_run(run.queue_entry), queue.waiting)


def acquire(rollout: Rollout, run: Run, queue: TargetQueue, now: datetime) -> TargetQueue:
    """The lane, held by `run`."""
    return mark_applied(
        rollout, run, without(queue, run.queue_entry).model_copy(update={"holder": run.queue_entry}), now
    )


def mark_applied(rollout: Rollout, run: Run, queue: TargetQueue, now: datetime) -> TargetQueue:
    """The lane, in which nothing older than the push of `run` may follow. A check leaves nothing to be undone."""
    if rollout.spec.mode is Mode.CHECK:
        return queue
    times = {key: time for key, time in queue.newest_applied.items() if now - time < KEPT_FOR}
    times |= {key: max(run.ordering_time, times.get(key, run.ordering_time)) for key in _keys(rollout, run)}
    return queue.model_copy(update={"newest_applied": times})


def _keys(rollout: Rollout, run: Run) -> tuple[str, str]:
    """By what one is newer than another: its route, and what it runs, so that renaming the route forgets nothing."""
    return run.queue_entry.concurrency_group, work_id(rollout.change, rollout.spec.settings_on(run.target))


def holds(run: Run, queue: TargetQueue) -> bool:
    """Whether `run` holds the lane."""
    return queue.holder is not None and queue.holder.same_run(run.queue_entry)


def waits(run: Run, queue: TargetQueue) -> bool:
    """Whether `run` has a place in the lane."""
    return any(entry.same_run(run.queue_entry) for entry in queue.waiting)


def is_next(run: Run, queue: TargetQueue) -> bool:
    """Whether the lane is free and `run` is the first who waits."""
    return queue.holder is None and bool(queue.waiting) and queue.waiting[0].same_run(run.queue_entry)


def without(queue: TargetQueue, *gone: QueueEntry) -> TargetQueue:
    """The lane without these places."""
    stays = tuple(entry for entry in queue.waiting if not any(entry.same_run(other) for other in gone))
    held = queue.holder is not None and any(queue.holder.same_run(other) for other in gone)
    return queue.model_copy(update={"waiting": stays, "holder": None if held else queue.holder})


def leave(queue: TargetQueue, entry: QueueEntry) -> tuple[TargetQueue, ...]:
    """The lane to write when `place` leaves it; none when it had no place."""
    after = without(queue, entry)
    return () if after == queue else (after,)
