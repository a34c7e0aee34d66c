"""Moves one run when CodeBuild reports its build: what that reads and writes is the same for every number of targets.

A look at the whole rollout is left to the caller where it is needed: when the last open run has ended, and in a wave
that has failed, or that limits how many targets run at a time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pointsman.core.model import Rollout, RolloutId, Run, RunKey, TargetName, TargetQueue
from pointsman.core.ports import BuildReport, RolloutStore, Surroundings, Transition
from pointsman.core.rollouts.executor import Executor, StepProgress
from pointsman.core.rollouts.queue_steps import AcquireTarget
from pointsman.core.rollouts.reconcile import Step, step_of_target
from pointsman.core.rollouts.situation import Facts, Reports, Situation, wave_of
from pointsman.errors import Conflict

LOST_RACES_ALLOWED = 25


@dataclass(frozen=True)
class RunMover:
    """Moves single runs. Each method returns the rollouts at which the caller has to look as a whole."""

    store: RolloutStore
    executor: Executor
    clock: Callable[[], datetime]

    def take(self, rollout_id: RolloutId, key: RunKey, report: BuildReport, progress: StepProgress) -> list[RolloutId]:
        """Take the report on a build. If the run ends by it, the next run of the target's queue begins."""
        for _ in range(LOST_RACES_ALLOWED):
            loaded = self.store.load_run(rollout_id, key)
            if loaded is None or loaded[0].attempts.get(key[0], 1) != key[1]:
                return [rollout_id]
            rollout, run = loaded
            step = self._step(rollout, run, Surroundings(queues=self.store.queues((run.queue,))), {key: report})
            if step is None:
                return []
            if not isinstance(step, Transition) or isinstance(step, AcquireTarget):
                return [rollout_id]
            if self._is_written(step, progress) and any(each.state.ended for each in step.runs):
                freed = [name for queue in step.queues for name in self._next_in(queue, progress)]
                return [*([rollout_id] if self._concerns_all(rollout, step.runs[0]) else []), *freed]
        return [rollout_id]

    def _next_in(self, queue: TargetQueue, progress: StepProgress) -> list[RolloutId]:
        """Let the first run of a free queue acquire its target. Whatever else it needs, the caller does."""
        if queue.holder or not queue.waiting:
            return []
        first = queue.waiting[0]
        loaded = self.store.load_run(first.rollout, (TargetName(queue.name.removesuffix("#check")), first.attempt))
        if loaded is None:
            return [first.rollout]
        rollout, run = loaded
        around = self.store.surroundings((queue.name,), ())
        step = self._step(rollout, run, around, {})
        if not isinstance(step, AcquireTarget):
            return [entry.rollout for entry in queue.waiting]
        self.executor.execute(rollout, (step,), around, progress)
        return []

    def _step(self, rollout: Rollout, run: Run, around: Surroundings, reports: Reports) -> Step | None:
        situation = Situation(rollout, {run.target.name: run}, around, reports, Facts(), self.clock())
        return None if rollout.state.ended else step_of_target(situation, run.target, may_begin=False)

    def _is_written(self, step: Transition, progress: StepProgress) -> bool:
        try:
            self.store.commit(step)
        except Conflict:
            return False
        progress.note(step)
        return True

    def _concerns_all(self, rollout: Rollout, run: Run) -> bool:
        """Whether the end of `run` may change more than the run and its queue."""
        if run.ordering_time < rollout.ordering_time:
            return True  # its commit was pushed again
        if rollout.waves:
            wave = rollout.waves[wave_of(rollout, run.target)]
            if run.state.failed or wave.max_parallel is not None:
                return True
        return not self.store.has_open_runs(rollout.id)
