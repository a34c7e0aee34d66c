"""Executes steps: independent ones in parallel, and each that acquires a target with the start of its build."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from pointsman.core.model import Rollout, RolloutId, Run, RunKey, Target, TargetQueue
from pointsman.core.ports import RolloutStore, Surroundings, Transition
from pointsman.core.rollouts.build_steps import StartBuild, StopBuild
from pointsman.core.rollouts.fence import Fence
from pointsman.core.rollouts.queue_steps import AcquireTarget
from pointsman.core.rollouts.reconcile import Step
from pointsman.core.rollouts.releases import ReleaseTargets
from pointsman.core.rollouts.starter import Starter
from pointsman.core.rollouts.transitions import no_build
from pointsman.core.route_state import Freezes
from pointsman.errors import Conflict, raise_failures

PARALLEL_STEPS = 16
PARALLEL_IN_A_REGION = 4  # so that regions that do not answer leave threads for the others


@dataclass(frozen=True)
class Touched:
    """Who else may move now."""

    rollouts: dict[RolloutId, None] = field(default_factory=dict)  # that are new, or in a queue or route that changed
    queues: dict[str, None] = field(default_factory=dict)  # in which new instances wait


@dataclass(frozen=True)
class StepProgress:
    """What one call of the engine has done to a rollout."""

    touched: Touched
    acquired: dict[RunKey, int] = field(default_factory=dict)  # runs whose target it acquired, with their version
    delayed: set[RunKey] = field(default_factory=set)  # runs whose build can't be started or stopped now
    failures: list[Exception] = field(default_factory=list)  # unexpected reasons for that

    def is_first(self, run: Run) -> bool:
        """Whether this call acquired the target for `run`, and no other process has changed the run since."""
        return self.acquired.pop(run.key, None) == run.version

    def note(self, transition: Transition) -> None:
        """Note what was written."""
        for queue in transition.queues:
            entries = (*queue.waiting, *((queue.holder,) if queue.holder else ()))
            self.touched.rollouts.update(dict.fromkeys(entry.rollout for entry in entries))
            if queue.new_instances:
                self.touched.queues[queue.name] = None
        if transition.route:
            self.touched.rollouts.update(dict.fromkeys(ref.rollout for ref in transition.route.open))
        if isinstance(transition, AcquireTarget):
            self.acquired.update({run.key: run.version + 1 for run in transition.runs})


def in_parallel[Result](calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Make independent calls at the same time; return their results. Raises after all have ended."""
    if not calls:
        return []
    failures: list[Exception] = []

    def guarded(call: Callable[[], Result]) -> list[Result]:
        try:
            return [call()]
        except Exception as failure:
            failures.append(failure)
            return []

    with ThreadPoolExecutor(max_workers=min(PARALLEL_STEPS, len(calls))) as pool:
        results = list(pool.map(guarded, calls))
    raise_failures(failures)
    return [result for each in results for result in each]


class Executor:
    """Executes the steps of a rollout."""

    def __init__(self, store: RolloutStore, starter: Starter, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._starter = starter

    def execute(self, rollout: Rollout, steps: Sequence[Step], around: Surroundings, progress: StepProgress) -> None:
        """Execute independent steps in parallel. A failed step stops no other."""
        fence = Fence(self._store, rollout, around.freezes, self._clock)
        looks = [fence.look] if any(isinstance(step, AcquireTarget | StartBuild) for step in steps) else []
        in_parallel([*looks, lambda: self._execute(rollout, steps, around.queues, progress, fence)])

    def hand_over(
        self, rollout: Rollout, step: Transition, freezes: Freezes, read_at: datetime, progress: StepProgress
    ) -> bool:
        """Write the end of a run and the beginning of another, whose build starts if it acquired its target.

        `read_at` is when the rollout and the freezes were read. False: it was too long ago, and they have changed, so
        that the build did not start. Raises Conflict if nothing was written.
        """
        self._write(step, progress)
        if not isinstance(step, AcquireTarget):
            return True
        fence = Fence(self._store, rollout, freezes, self._clock, read_at)
        with suppress(Conflict):  # as below
            self._start_acquired(rollout, step, progress, fence)
        return fence.is_passed()

    def _execute(
        self,
        rollout: Rollout,
        steps: Iterable[Step],
        queues: Mapping[str, TargetQueue],
        progress: StepProgress,
        fence: Fence,
    ) -> None:
        failures: list[Exception] = []

        def work(queue: deque[Step]) -> None:
            while queue:
                try:
                    self._execute_step(rollout, queue.popleft(), queues, progress, fence)
                except IndexError:
                    return  # another thread took the last step
                except Exception as failure:
                    failures.append(failure)

        shared = workers(steps)
        with ThreadPoolExecutor(max_workers=min(PARALLEL_STEPS, len(shared))) as pool:
            list(pool.map(work, shared))
        raise_failures(failures)

    def _execute_step(
        self, rollout: Rollout, step: Step, queues: Mapping[str, TargetQueue], progress: StepProgress, fence: Fence
    ) -> None:
        try:
            match step:
                case AcquireTarget():
                    self._acquire(rollout, step, progress, fence)
                case ReleaseTargets():
                    self._release(step, progress)
                case StartBuild():
                    if fence.is_passed():
                        self._write(self._start(rollout, step, queues, progress), progress)
                case StopBuild():
                    self._write(self._stop(step, progress), progress)
                case Transition():
                    self._write(step, progress)
                case _:
                    pass  # it concerns the rollout as a whole
        except Conflict:
            return  # the caller loads and plans again

    def _write(self, transition: Transition | None, progress: StepProgress) -> None:
        if transition:
            self._store.commit(transition)
            progress.note(transition)

    def _acquire(self, rollout: Rollout, step: AcquireTarget, progress: StepProgress, fence: Fence) -> None:
        """Acquire a target and start the build, unless it is known by now that it would not start."""
        if not fence.has_failed:
            self._write(step, progress)
            self._start_acquired(rollout, step, progress, fence)

    def _release(self, step: ReleaseTargets, progress: StepProgress) -> None:
        for transition in step.transitions:
            self._write(transition, progress)

    def _start_acquired(self, rollout: Rollout, acquired: AcquireTarget, progress: StepProgress, fence: Fence) -> None:
        """Start the build of a run whose target was acquired a moment ago: nothing has to be read for that."""
        stored, queue = _as_stored(acquired.runs[-1]), acquired.queues[-1]
        if not fence.is_passed():  # decide again; until then it is certain that there is no build
            self._write(no_build(stored), progress)
            return
        held = {queue.name: queue.replace(version=queue.version + 1)}
        self._write(self._start(rollout, StartBuild(stored), held, progress), progress)

    def _start(
        self, rollout: Rollout, step: StartBuild, queues: Mapping[str, TargetQueue], progress: StepProgress
    ) -> Transition | None:
        """Start a build. If it can't be started now, a later call retries it, and the other steps go on."""
        run = step.run
        try:
            transition = self._starter.start(rollout, run, queues[run.queue], progress.is_first(run))
        except Conflict:
            raise
        except Exception as failure:
            progress.failures.append(failure)
            transition = None
        if transition is None:
            progress.delayed.add(run.key)
        return transition

    def _stop(self, step: StopBuild, progress: StepProgress) -> Transition | None:
        """Stop a build. If that fails, the sweep tries again."""
        try:
            return self._starter.stop(step.run)
        except Conflict:
            raise
        except Exception as failure:
            progress.failures.append(failure)
            progress.delayed.add(step.run.key)
            return None


def _as_stored(run: Run) -> Run:
    """A run that was written a moment ago."""
    return run.replace(version=run.version + 1)


def workers(steps: Iterable[Step]) -> list[deque[Step]]:
    """The steps of each thread: a region's steps share a few threads, and regions take turns."""
    regions: dict[tuple[str, str], deque[Step]] = defaultdict(deque)
    writes: deque[Step] = deque()
    for step in steps:
        target = _target_of(step)
        (regions[target.account_id, target.region] if target else writes).append(step)
    queues = [queue for queue in (writes, *regions.values()) if queue]
    return [queue for turn in range(PARALLEL_IN_A_REGION) for queue in queues if len(queue) > turn]


def _target_of(step: Step) -> Target | None:
    """The target whose region a step calls."""
    match step:
        case StartBuild() | StopBuild():
            return step.run.target
        case AcquireTarget():
            return step.runs[-1].target
        case _:
            return None
