"""Places in a lane whose rollout is gone or can't be read: without help, everyone behind them would wait for ever."""

from collections.abc import Callable
from datetime import datetime

from pointsman.core.model import QueueEntry, RolloutId, Run, RunKey, RunState, TargetQueue
from pointsman.core.ports import Builds, RolloutStore, Transition
from pointsman.core.rollouts import target_queue
from pointsman.errors import BuildDelayed, BuildRefused, Conflict, Unavailable, Unreadable


class OrphanCleaner:
    """Finds such places and removes them. `known`: rollouts that are there, and need not be looked at."""

    def __init__(
        self, store: RolloutStore, builds: Builds, clock: Callable[[], datetime], known: set[RolloutId]
    ) -> None:
        self._store = store
        self._builds = builds
        self._clock = clock
        self._known = known
        self._lives: dict[RolloutId, dict[RunKey, RunState]] = {}

    def heal(self, queue: str, waiting: Run) -> bool:
        """Remove ghosts from the lane in which `waiting` waits; a holder only when it certainly has no live build."""
        found = self._store.queues([queue])[queue]
        gone = [entry for entry in found.waiting if self._is_gone(entry, waiting)]
        if found.holder and self._is_gone(found.holder, waiting) and self._has_no_build(found.holder, waiting):
            gone.append(found.holder)
        if not gone:
            return False
        try:
            self._store.commit(Transition(queues=(target_queue.without(found, *gone),)))
        except Conflict:
            return False  # it moved: the next sweep looks again
        return True

    def waiting(self, queue: str) -> list[RolloutId]:
        """The rollouts that wait in a lane."""
        found: TargetQueue = self._store.queues([queue])[queue]
        return [entry.rollout for entry in found.waiting]

    def _is_gone(self, entry: QueueEntry, waiting: Run) -> bool:
        if entry.rollout in self._known or entry.rollout == waiting.rollout:
            return False
        if entry.rollout not in self._lives:
            self._lives[entry.rollout] = self._runs_of(entry.rollout)
        state = self._lives[entry.rollout].get((waiting.target.name, entry.attempt))
        return state is None or state.ended

    def _runs_of(self, rollout_id: RolloutId) -> dict[RunKey, RunState]:
        try:
            loaded = self._store.load(rollout_id)
        except Unreadable:
            return {}
        return {run.key: run.state for run in loaded[1]} if loaded else {}

    def _has_no_build(self, holder: QueueEntry, waiting: Run) -> bool:
        """Whether CodeBuild says that the holder's build ended, or that there is none."""
        run = Run(
            rollout=holder.rollout,
            route=holder.concurrency_group,
            mode=waiting.mode,
            target=waiting.target,
            attempt=holder.attempt,
            created_at=self._clock(),
        )
        try:
            found = self._builds.find(run)
        except (BuildRefused, BuildDelayed, Unavailable):
            return False
        return found is None or found.state.ended
