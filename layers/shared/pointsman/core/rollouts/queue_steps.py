"""The steps of a run in its target's queue: join it, leave it, acquire the target, or yield to a newer commit."""

from pointsman.core.model import Mode, Run, RunState, Target
from pointsman.core.ports import Transition
from pointsman.core.rollouts import target_queue
from pointsman.core.rollouts.situation import Situation
from pointsman.core.rollouts.transitions import about, end
from pointsman.core.rollouts.waits import wait_before
from pointsman.core.trail.events import RunWaited


class AcquireTarget(Transition, kw_only=True, frozen=True):
    """A run acquires its target: the last one of `runs`, and its queue the last one of `queues`.

    The process that writes this is the first to call StartBuild for the run.
    """


def new_run(situation: Situation, target: Target, attempt: int) -> Run:
    """The next run on a target."""
    rollout = situation.rollout
    return Run(
        rollout=rollout.id,
        route=rollout.spec.route,
        concurrency_group=rollout.spec.concurrency_group,
        mode=rollout.spec.mode,
        target=target,
        attempt=attempt,
        hosts=rollout.attempt_hosts.get(target.name, ()) if attempt == rollout.attempts.get(target.name) else (),
        created_at=rollout.ordering_time,
    )


def enter(situation: Situation, run: Run) -> Transition | None:
    """Acquire the target if it is free, else join the queue; unless the run may not start, or a newer commit has run.

    While the target is frozen or the rollout is held, the run stays outside, so that it holds up no other.
    """
    rollout, queue, now = situation.rollout, situation.queue(run.target), situation.now
    if ending := situation.ending:
        return end(rollout, run, queue, ending.state, ending.reason, now)
    if reason := target_queue.reason_to_yield(rollout, run, queue):
        return end(rollout, run, queue, RunState.SUPERSEDED, reason, now)
    if wait_before(situation, run.target):
        return None
    if queue.holder is None and not queue.waiting:
        return _acquire(situation, run)
    ahead = queue.holder or queue.waiting[0]
    is_new = run.version == 0  # a run that lost its entry joins again, without a second event
    event = RunWaited(**about(rollout, run, now), blocked_by=ahead.rollout)
    return Transition(
        runs=(run.replace(blocked_by=ahead.rollout, waiting_since=run.waiting_since or now),),
        queues=(queue.replace(waiting=(*queue.waiting, run.queue_entry)),),
        events=(event,) if is_new else (),
    )


def advance(situation: Situation, run: Run, *, may_join: bool) -> Transition | None:
    """Bring a run that waits forward. `may_join`: it may join its queue again, if it is outside."""
    rollout, queue = situation.rollout, situation.queue(run.target)
    if reason := target_queue.reason_to_yield(rollout, run, queue):
        return end(rollout, run, queue, RunState.SUPERSEDED, reason, situation.now)
    if wait_before(situation, run.target):
        left = target_queue.without(queue, run.queue_entry)
        return Transition(queues=(left,)) if left != queue else None
    if target_queue.is_next(run, queue):
        return _acquire(situation, run)
    if may_join and situation.is_outside(run.target):
        return enter(situation, run)
    return None


def pushed_again(situation: Situation, run: Run) -> Transition | None:
    """The commit of `run` was pushed again, perhaps after other commits.

    A waiting run moves to the position of the newer push. A run that is running, or was the last to run, is kept, and
    nothing older may run after it. One that never ran, that was cancelled, or that another commit followed, is wanted
    again: see Situation.
    """
    rollout, queue, now = situation.rollout, situation.queue(run.target), situation.now
    renewed = run.replace(ordering_time=rollout.ordering_time)
    if run.state is RunState.WAITING:
        if situation.is_outside(run.target):
            return Transition(runs=(renewed,))
        others = target_queue.without(queue, run.queue_entry)
        return Transition(runs=(renewed,), queues=(others.replace(waiting=(*others.waiting, renewed.queue_entry)),))
    if run.state is RunState.RUNNING and run.stop_requested_at:
        return None  # it was cancelled, and its build is being stopped
    if rollout.spec.mode is Mode.CHECK:
        return None  # a check is not repeated
    marked = target_queue.mark_applied(rollout, renewed, queue, now)
    if target_queue.holds(run, queue):
        marked = marked.replace(holder=renewed.queue_entry)
    return Transition(runs=(renewed,), queues=(marked,))


def _acquire(situation: Situation, run: Run) -> AcquireTarget:
    """Acquire the target. The process that writes this calls StartBuild next, so from here on a build may exist."""
    now = situation.now
    queue = target_queue.acquire(situation.rollout, run, situation.queue(run.target), now)
    starting = run.replace(state=RunState.STARTING, acquired_at=now, start_requested_at=now)
    return AcquireTarget(runs=(starting,), queues=(queue,))
