"""Operations on the queue of a target: which run may acquire it, and which is superseded."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import takewhile

from pointsman.core.identity import work_id
from pointsman.core.model import Mode, QueueEntry, Rollout, Run, TargetQueue, WhenBusy

# Pushes older than a week are refused, and a run may wait for days. Nothing older than this can still arrive.
KEPT_FOR = timedelta(days=30)


def reason_to_yield(rollout: Rollout, run: Run, queue: TargetQueue) -> str | None:
    """Why `run` is superseded by a newer commit; None if it is not.

    The commit that was pushed later is newer, whatever its position in the queue: deliveries arrive late or again. On a
    route that queues, a newer commit waits behind older ones and supersedes none; but no commit runs after a newer one.
    """
    competitors = [
        entry
        for entry in _competitors(rollout, run, queue)
        if entry.concurrency_group == run.queue_entry.concurrency_group
    ]
    if newer := [entry for entry in competitors if entry.ordering_time > run.ordering_time]:
        return f"superseded by {newer[-1].rollout}, a newer commit on the same route"
    if is_outdated(rollout, run, queue):
        return "superseded: a newer commit on the same route has run on this target"
    return None


def is_outdated(rollout: Rollout, run: Run, queue: TargetQueue) -> bool:
    """Whether something newer has held the target since the push of `run`.

    A run by hand on some hosts is beside the commits of the route; what rolls it back yields to them.
    """
    keys = _keys(rollout, run)
    if rollout.request and rollout.request.rolls_back:
        keys = (*keys, rollout.spec.route)
    times = (queue.newest_applied.get(key) for key in keys)
    return any(time > run.ordering_time for time in times if time)


def _competitors(rollout: Rollout, run: Run, queue: TargetQueue) -> Iterable[QueueEntry]:
    """The entries that supersede `run` if they are newer."""
    if rollout.spec.when_busy is not WhenBusy.QUEUE:
        return queue.waiting
    return takewhile(lambda entry: not entry.same_run(run.queue_entry), queue.waiting)


def acquire(rollout: Rollout, run: Run, queue: TargetQueue, now: datetime) -> TargetQueue:
    """The queue after `run` has acquired the target."""
    return mark_applied(rollout, run, without(queue, run.queue_entry).replace(holder=run.queue_entry), now)


def mark_applied(rollout: Rollout, run: Run, queue: TargetQueue, now: datetime) -> TargetQueue:
    """The queue in which nothing older than the push of `run` may run any more.

    A check changes nothing, and a run on some hosts is not the commit of the target.
    """
    if rollout.spec.mode is Mode.CHECK or (rollout.request and rollout.request.is_partial):
        return queue
    times = {key: time for key, time in queue.newest_applied.items() if now - time < KEPT_FOR}
    times |= {key: max(run.ordering_time, times.get(key, run.ordering_time)) for key in _keys(rollout, run)}
    return queue.replace(newest_applied=times)


def _keys(rollout: Rollout, run: Run) -> tuple[str, ...]:
    """The keys of `newest_applied`: the concurrency group, and what runs, in case the route is renamed."""
    return run.queue_entry.concurrency_group, work_id(rollout.change, rollout.spec.settings_on(run.target))


def holds(run: Run, queue: TargetQueue) -> bool:
    """Whether `run` holds the target."""
    return queue.holder is not None and queue.holder.same_run(run.queue_entry)


def waits(run: Run, queue: TargetQueue) -> bool:
    """Whether `run` waits in the queue."""
    return any(entry.same_run(run.queue_entry) for entry in queue.waiting)


def is_next(run: Run, queue: TargetQueue) -> bool:
    """Whether the target is free and `run` is the first in the queue."""
    return queue.holder is None and bool(queue.waiting) and queue.waiting[0].same_run(run.queue_entry)


def without(queue: TargetQueue, *entries: QueueEntry) -> TargetQueue:
    """The queue without these entries."""
    waiting = tuple(entry for entry in queue.waiting if not any(entry.same_run(other) for other in entries))
    is_held = queue.holder is not None and any(queue.holder.same_run(other) for other in entries)
    return queue.replace(waiting=waiting, holder=None if is_held else queue.holder)
