"""Queue entries whose rollout is gone or can't be read. Runs behind them would wait forever."""

from collections.abc import Callable
from datetime import datetime

from pointsman.core.model import QueueEntry, RolloutId, Run, RunKey, RunState, TargetQueue
from pointsman.core.ports import Builds, RolloutStore, Transition, load_readable
from pointsman.core.rollouts import target_queue
from pointsman.errors import BuildDelayed, BuildRefused, Conflict, Unavailable


class OrphanCleaner:
    """Removes orphaned entries. `existing`: rollouts that exist and need not be loaded."""

    def __init__(
        self, store: RolloutStore, builds: Builds, clock: Callable[[], datetime], existing: set[RolloutId]
    ) -> None:
        self._store = store
        self._builds = builds
        self._clock = clock
        self._existing = existing
        self._states: dict[RolloutId, dict[RunKey, RunState]] = {}

    def clean(self, queue_name: str, waiting: Run) -> bool:
        """Remove the orphans of the queue of `waiting`. The holder goes only if it certainly has no live build."""
        queue = self._store.queues([queue_name])[queue_name]
        orphans = [entry for entry in queue.waiting if self._is_gone(entry, waiting)]
        if queue.holder and self._is_gone(queue.holder, waiting) and self._has_no_build(queue.holder, waiting):
            orphans.append(queue.holder)
        if not orphans:
            return False
        try:
            self._store.commit(Transition(queues=(target_queue.without(queue, *orphans),)))
        except Conflict:
            return False  # another process changed the queue: the next sweep tries again
        return True

    def clean_route(self, key: str) -> bool:
        """Remove the rollouts of a route that are not open any more, so that none waits for them."""
        route = self._store.surroundings((), (key,)).routes[key]
        left = tuple(ref for ref in route.open if ref.rollout in self._existing or self._is_open(ref.rollout))
        if left == route.open:
            return False
        try:
            self._store.commit(Transition(route=route.replace(open=left)))
        except Conflict:
            return False  # as above
        return True

    def _is_open(self, rollout_id: RolloutId) -> bool:
        loaded = load_readable(self._store, rollout_id)
        return loaded is not None and not loaded[0].state.ended

    def waiting(self, queue_name: str) -> list[RolloutId]:
        """The rollouts that wait in a queue."""
        queue: TargetQueue = self._store.queues([queue_name])[queue_name]
        return [entry.rollout for entry in queue.waiting]

    def _is_gone(self, entry: QueueEntry, waiting: Run) -> bool:
        if entry.rollout in self._existing or entry.rollout == waiting.rollout:
            return False
        if entry.rollout not in self._states:
            self._states[entry.rollout] = self._runs_of(entry.rollout)
        state = self._states[entry.rollout].get((waiting.target.name, entry.attempt))
        return state is None or state.ended

    def _runs_of(self, rollout_id: RolloutId) -> dict[RunKey, RunState]:
        loaded = load_readable(self._store, rollout_id)
        return {run.key: run.state for run in loaded[1]} if loaded else {}

    def _has_no_build(self, holder: QueueEntry, waiting: Run) -> bool:
        """Whether the holder's build has ended, or certainly does not exist."""
        run = Run(
            rollout=holder.rollout,
            route=holder.concurrency_group,
            mode=waiting.mode,
            target=waiting.target,
            attempt=holder.attempt,
            created_at=self._clock(),
        )
        try:
            report = self._builds.find(run)
        except (BuildRefused, BuildDelayed, Unavailable):
            return False
        return report is None or report.state.ended
