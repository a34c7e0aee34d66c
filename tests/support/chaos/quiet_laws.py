"""The laws that hold whenever nothing is in the middle of anything: after a step, after a sweep, and at the end."""

from collections import Counter
from collections.abc import Iterator

from pointsman.core.model import Rollout, RunState, TargetQueue
from pointsman.core.rollout_facts import WaitKind
from pointsman.core.rollouts.ending import ending_of
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.trail.events import RolloutEnded, RunEnded, RunStarted
from tests.support.chaos.world import ChaosWorld


def after_a_step(world: ChaosWorld) -> Iterator[str]:
    """Broken laws that no process may leave behind, wherever it died."""
    yield from _queues(world)
    yield from _trail(world)


def _queues(world: ChaosWorld) -> Iterator[str]:
    """A queue entry never outlives its run, and no run is in two queues."""
    states = {(str(run.rollout), str(run.target.name), run.attempt): run.state for run in world.store.all_runs}
    for queue in world.store.queues(world.queue_names()).values():
        name = queue.name.removesuffix("#check")
        if queue.holder and _state(states, queue, name) not in (RunState.STARTING, RunState.RUNNING):
            yield f"queue: {queue.name} is held by {queue.holder.rollout}, {_state(states, queue, name)}"
        for entry in queue.waiting:
            state = states.get((entry.rollout, name, entry.attempt))
            if state is not RunState.WAITING:
                yield f"queue: {entry.rollout} waits in {queue.name} and is {state}"
    holding = [run for run in world.store.all_runs if run.state in (RunState.STARTING, RunState.RUNNING)]
    for name, number in Counter(run.queue for run in holding).items():
        if number > 1:
            yield f"double: {number} runs hold {name}"


def _state(states: dict[tuple[str, str, int], RunState], queue: TargetQueue, name: str) -> RunState | None:
    return states.get((queue.holder.rollout, name, queue.holder.attempt)) if queue.holder else None


def _trail(world: ChaosWorld) -> Iterator[str]:
    """The trail says what is, and nothing of it is lost."""
    runs = {(str(run.rollout), str(run.target.name), run.attempt): run for run in world.store.all_runs}
    added = world.trail.added
    ended = Counter((e.rollout, e.target, e.attempt) for e in added if isinstance(e, RunEnded))
    for name, run in runs.items():
        if ended[name] != int(run.state.ended):
            yield f"trail: {name} is {run.state} and has {ended[name]} ends"
    for event in added:
        if isinstance(event, RunStarted):
            run_ = runs.get((str(event.rollout), str(event.target), event.attempt))
            if run_ is None or run_.build_arn != event.build_arn:
                yield f"trail: {event.build_arn} of {event.rollout} is not the run's build"
    if len(world.trail.all()) != len(added):
        yield "trail: an event is lost"


def after_a_sweep(world: ChaosWorld) -> Iterator[str]:
    """Within one sweep without faults the state is right: what is open moves, or waits for something that ends."""
    for rollout in world.rollouts:
        if not rollout.state.ended and (reason := _stands_still(world, rollout)):
            yield f"stuck: {rollout.id} of {rollout.spec.route} {reason}"


def _stands_still(world: ChaosWorld, rollout: Rollout) -> str | None:
    """Why an open rollout is neither moving nor waiting for something with an end."""
    newest = latest(world.store.runs_of(rollout.id))
    states = Counter(run.state for run in newest.values())
    for run in newest.values():
        if run.state is RunState.STARTING and not run.reason and not rollout.wait:
            return f"has no build on {run.target.name}, without a reason"
    if states[RunState.STARTING] or states[RunState.RUNNING]:
        return None
    if rollout.wait is None:
        return None if _is_queued(world, rollout) else f"waits for nothing: {dict(states)}, {ending_of(rollout)}"
    if not rollout.wait.reason:
        return "waits without a reason"
    if rollout.wait.until is None:
        is_of_route = rollout.wait.kind is WaitKind.ROUTE
        older = [other for other in world.rollouts if other.id in rollout.wait.reason and not other.state.ended]
        return None if is_of_route and older else f"waits without a bound: {rollout.wait}"
    return None if rollout.wait.until > world.clock() else f"waits for what is over: {rollout.wait}"


def _is_queued(world: ChaosWorld, rollout: Rollout) -> bool:
    """Whether a run of the rollout waits behind one that moves."""
    queues = world.store.queues(world.queue_names()).values()
    return any(entry.rollout == rollout.id and queue.holder for queue in queues for entry in queue.waiting)


def at_the_end(world: ChaosWorld) -> Iterator[str]:
    """Once faults have stopped, everything ends, and everything has a result."""
    for rollout in world.rollouts:
        yield from _has_a_result(world, rollout)
    for queue in world.store.queues(world.queue_names()).values():
        if queue.holder or queue.waiting:
            yield f"queue: {queue.name} is not empty: {queue}"
    for state in world.store.all_routes:
        if state.open:
            yield f"route: {state.key} has open rollouts: {state.open}"
    runs = {(run.rollout, *run.key): run for run in world.store.all_runs}
    for began in world.oracle.began:
        run = runs[began.run.rollout, *began.run.key]
        is_unknown = run.state is RunState.FAULTED and run.build_arn is None  # for 45 hours, as its reason says
        if run.build_arn != began.arn and not is_unknown:
            yield f"trail: {began.arn} of {began.run.rollout} ran and is missing"


def _has_a_result(world: ChaosWorld, rollout: Rollout) -> Iterator[str]:
    if not rollout.state.ended:
        yield f"stuck: {rollout.id} of {rollout.spec.route} is open: {rollout.wait or rollout.halt}"
    rounds = [e.round for e in world.trail.added if isinstance(e, RolloutEnded) and e.rollout == rollout.id]
    if rounds[-1:] != [rollout.round]:
        yield f"events: {rollout.id} is in round {rollout.round}, and ended in {rounds}"
    newest = latest(world.store.runs_of(rollout.id))
    left = [target.name for target in rollout.spec.targets if target.name not in newest]
    if left and ending_of(rollout) is None:
        yield f"lost: {rollout.id} never ran on {left}, without a reason"


def describe(world: ChaosWorld) -> str:
    """What is stored, for whoever looks for the cause of a breach."""
    lines = [f"now {world.clock()}, freezes {[(scope, each.until) for scope, each in world.oracle.freezes.items()]}"]
    for rollout in world.rollouts:
        about = [f"{name} {value}" for name in ("halt", "hold", "wait") if (value := getattr(rollout, name))]
        kind = rollout.request.trigger if rollout.request else rollout.change.after[:1]
        wave = f"wave {rollout.waves_started}/{len(rollout.waves)} round {rollout.round}"
        lines.append(f"{rollout.id} {rollout.spec.route} {kind} {rollout.state} {wave} {'; '.join(about)}")
        lines += [
            f"    {run.target.name}#{run.attempt} {run.state} {run.reason}" for run in world.store.runs_of(rollout.id)
        ]
    for queue in world.store.queues(world.queue_names()).values():
        if queue.holder or queue.waiting:
            waiting = ", ".join(f"{entry.rollout}#{entry.attempt}" for entry in queue.waiting)
            lines.append(f"{queue.name}: {queue.holder.rollout if queue.holder else None} before {waiting or 'nobody'}")
    return "\n".join(lines)
