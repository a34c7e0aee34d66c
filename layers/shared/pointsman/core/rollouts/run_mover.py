"""Moves one run when CodeBuild reports its build: what that reads and writes is the same for every number of targets.

A look at the whole rollout is left to the caller where it is needed: when the last open run has ended, in a wave that
has failed, in one with `max_parallel` if no turn can simply begin, and before a run by hand whose commit may be bad.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from zlib import crc32

from pointsman.core.identity import route_of
from pointsman.core.model import Rollout, RolloutId, Run, RunKey, TargetName, TargetQueue
from pointsman.core.ports import BuildReport, RolloutStore, RunOfBuild, Surroundings, Transition, Turn
from pointsman.core.rollouts.ending import ending_of
from pointsman.core.rollouts.executor import Executor, StepProgress
from pointsman.core.rollouts.queue_steps import AcquireTarget
from pointsman.core.rollouts.reconcile import Step, step_of_target
from pointsman.core.rollouts.releases import ReleaseTarget
from pointsman.core.rollouts.route_line import rolled_back_since
from pointsman.core.rollouts.situation import Facts, Reports, Situation, is_unavailable, wave_of
from pointsman.core.rollouts.turns import handed_over, hands_over, is_judged, is_paused, is_stale, situation_of_turn
from pointsman.core.route_state import Freezes
from pointsman.core.run_request import Trigger
from pointsman.errors import Conflict

LOST_RACES_ALLOWED = 25
TURNS = 2  # that are read beside a rollout
MORE_TURNS = 16  # if these cannot begin; and after a lost race, so that not all who lost it choose the same one


class _End(Enum):
    """What became of the end of a run."""

    LOST_RACE = auto()  # not written
    READ_MORE = auto()  # not written: none of the turns that were read can begin
    WRITTEN = auto()
    CONCERNS_ALL = auto()  # written, and the whole rollout has to be looked at


@dataclass(frozen=True)
class _Ended:
    """A run whose build has ended, and the transition that says so."""

    known: RunOfBuild
    step: Transition
    read_at: datetime
    before: _End | None  # what became of it before

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns, in the order in which to try them."""
        turns = self.known.turns
        if self.before is not _End.LOST_RACE or not turns:
            return turns
        first = crc32(self.known.run.target.name.encode()) % len(turns)
        return (*turns[first:], *turns[:first])


@dataclass(frozen=True)
class RunMover:
    """Moves single runs. Each method returns the rollouts at which the caller has to look as a whole."""

    store: RolloutStore
    executor: Executor
    clock: Callable[[], datetime]

    def take(self, rollout_id: RolloutId, key: RunKey, report: BuildReport, progress: StepProgress) -> list[RolloutId]:
        """Take the report on a build. If the run ends by it, the next runs of its queue and of its wave begin."""
        result: _End | None = None
        for _ in range(LOST_RACES_ALLOWED):
            read_at = self.clock()
            known = self.store.load_run_of_build(rollout_id, key, MORE_TURNS if result else TURNS)
            if known is None or known.rollout.attempts.get(key[0], 1) != key[1]:
                return [rollout_id]
            run = known.run
            step = self._step(known.rollout, run, Surroundings(queues={run.queue: known.queue}), {key: report})
            if step is None:
                return []
            if not isinstance(step, Transition) or isinstance(step, AcquireTarget | ReleaseTarget):
                return [rollout_id]
            if not any(each.state.ended for each in step.runs):
                if self._is_written(step, progress) and known.rollout.waves and is_unavailable(run, read_at):
                    return [rollout_id]  # it takes its place in the wave again
                continue
            result = self._end(_Ended(known, step, read_at, result), progress)
            if result in (_End.WRITTEN, _End.CONCERNS_ALL):
                freed = [name for queue in step.queues for name in self._next_in(queue, known.rollout, progress)]
                return [*([rollout_id] if result is _End.CONCERNS_ALL else []), *freed]
        return [rollout_id]

    def _end(self, ended: _Ended, progress: StepProgress) -> _End:
        """Write the end of a run, with the beginning of the next turn if its place is free for that."""
        rollout, run = ended.known.rollout, ended.step.runs[0]
        if not hands_over(rollout, run) or ending_of(rollout):
            return self._end_alone(ended, progress, lambda: self._concerns_all(rollout, run))
        turns = ended.turns
        for turn in turns:
            if is_stale(rollout, turn) or (ended.before and self.store.load_run(rollout.id, turn.key)):
                self.store.commit(Transition(turns_taken=(turn,)))
                continue
            around = self.store.surroundings((rollout.spec.queue_for(turn.target.name),), _routes_of(rollout))
            if _is_bad(rollout, around):
                return self._end_alone(ended, progress, lambda: True)
            situation = situation_of_turn(rollout, turn, around, self.clock())
            if is_paused(situation):
                turns = ()
                break
            if step := handed_over(situation, ended.step, turn):
                return self._hand_over(ended, step, around.freezes, progress)
        if turns and not ended.before:
            return _End.READ_MORE
        return self._end_alone(ended, progress, lambda: bool(turns) or not self.store.has_open_runs(rollout.id))

    def _hand_over(self, ended: _Ended, step: Transition, freezes: Freezes, progress: StepProgress) -> _End:
        try:
            is_done = self.executor.hand_over(ended.known.rollout, step, freezes, ended.read_at, progress)
        except Conflict:
            return _End.LOST_RACE
        return _End.WRITTEN if is_done else _End.CONCERNS_ALL

    def _end_alone(self, ended: _Ended, progress: StepProgress, concerns_all: Callable[[], bool]) -> _End:
        if not self._is_written(ended.step, progress):
            return _End.LOST_RACE
        return _End.CONCERNS_ALL if concerns_all() else _End.WRITTEN

    def _next_in(self, written: TargetQueue, ended: Rollout, progress: StepProgress) -> list[RolloutId]:
        """Let the first run of a queue that was just written acquire its target. The caller does what else it needs.

        A run of `ended` is over there. If it is of the same commit, a rollback may follow.
        """
        if written.holder or not written.waiting:
            return []
        read_at, first = self.clock(), written.waiting[0]
        loaded = self.store.load_run(first.rollout, (TargetName(written.name.removesuffix("#check")), first.attempt))
        if loaded is None:
            return [first.rollout]
        rollout, run = loaded
        queues = {written.name: written.replace(version=written.version + 1)}
        around = self.store.surroundings((), _routes_of(rollout)).replace(queues=queues)
        if _is_bad(rollout, around) or (_routes_of(rollout) and rollout.change.after == ended.change.after):
            return [first.rollout]
        step = self._step(rollout, run, around, {})
        if not isinstance(step, AcquireTarget):
            return [entry.rollout for entry in written.waiting]
        try:
            is_done = self.executor.hand_over(rollout, step, around.freezes, read_at, progress)
        except Conflict:
            is_done = False
        return [] if is_done else [first.rollout]

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
            if is_judged(rollout, run) or wave.max_parallel is not None:
                return True  # it may halt, or it is not known whose turn it is
        return not self.store.has_open_runs(rollout.id)


def _routes_of(rollout: Rollout) -> tuple[str, ...]:
    """The route that says whether the commit is bad. Only what a person runs has to ask before each start."""
    return (route_of(rollout),) if rollout.request and rollout.request.trigger is Trigger.PERSON else ()


def _is_bad(rollout: Rollout, around: Surroundings) -> bool:
    """Whether the rollout halts, because its commit was rolled back since a person asked for it."""
    return any(rolled_back_since(around.routes[key], rollout) for key in _routes_of(rollout))
