"""The RolloutStore port in memory, for tests. It raises the same errors as DynamoDB."""

from collections.abc import Iterable, Sequence
from threading import RLock

from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.drift import TargetDrift
from pointsman.core.model import Rollout, RolloutId, Run, RunKey, TargetQueue
from pointsman.core.ports import RunOfBuild, Surroundings, Transition, Turn
from pointsman.core.route_state import Freezes, RouteState
from pointsman.core.trail.events import TrailEvent
from pointsman.errors import Conflict, Unreadable


class MemoryRollouts:
    """Keeps rollouts, runs and queues in dictionaries. The events of a transition go to `trail`."""

    def __init__(self, trail: MemoryTrail) -> None:
        self.trail = trail
        self._lock = RLock()
        self._rollouts: dict[str, Rollout] = {}
        self._runs: dict[str, dict[tuple[str, int], Run]] = {}  # by rollout, then by target and attempt
        self._queues: dict[str, TargetQueue] = {}
        self._routes: dict[str, RouteState] = {}
        self._freezes = Freezes()
        self._turns: dict[str, dict[int, Turn]] = {}  # by rollout, then by position
        self._drifts: dict[tuple[str, str], TargetDrift] = {}
        self._cursor: RolloutId | None = None
        self.unreadable: set[str] = set()  # rollouts and queues that a newer version wrote

    def load(self, rollout_id: RolloutId) -> tuple[Rollout, tuple[Run, ...]] | None:
        """See RolloutStore.load."""
        with self._lock:
            if rollout_id in self.unreadable:
                raise Unreadable(f"rollout {rollout_id} was written by another version")
            if rollout_id not in self._rollouts:
                return None
            runs = tuple(run for _, run in sorted(self._runs.get(rollout_id, {}).items()))
            return self._rollouts[rollout_id], runs

    def load_run(self, rollout_id: RolloutId, key: RunKey) -> tuple[Rollout, Run] | None:
        """See RolloutStore.load_run."""
        loaded = self.load(rollout_id)
        run = next((run for run in loaded[1] if run.key == key), None) if loaded else None
        if loaded is None or run is None:
            return None
        rollout = loaded[0]
        return rollout.replace(spec=rollout.spec.replace(targets=(run.target,))), run

    def load_run_of_build(self, rollout_id: RolloutId, key: RunKey, turns: int) -> RunOfBuild | None:
        """See RolloutStore.load_run_of_build."""
        with self._lock:
            loaded = self.load_run(rollout_id, key)
            if loaded is None:
                return None
            rollout, run = loaded
            first = tuple(turn for _, turn in sorted(self._turns.get(rollout_id, {}).items()))[:turns]
            return RunOfBuild(rollout=rollout, run=run, queue=self.queues((run.queue,))[run.queue], turns=first)

    def list_turns(self, rollout_id: RolloutId, turns: Sequence[Turn]) -> None:
        """See RolloutStore.list_turns."""
        with self._lock:
            self._turns[rollout_id] = {turn.position: turn for turn in turns}

    def has_open_runs(self, rollout_id: RolloutId) -> bool:
        """See RolloutStore.has_open_runs."""
        with self._lock:
            return any(not run.state.ended for run in self._runs.get(rollout_id, {}).values())

    def queues(self, names: Iterable[str]) -> dict[str, TargetQueue]:
        """See RolloutStore.queues."""
        with self._lock:
            if broken := self.unreadable.intersection(names := list(names)):
                raise Unreadable(f"the queue of {min(broken)} was written by another version")
            return {name: self._queues.get(name, TargetQueue(name=name)) for name in names}

    def surroundings(self, queues: Iterable[str], routes: Iterable[str]) -> Surroundings:
        """See RolloutStore.surroundings."""
        with self._lock:
            return Surroundings(
                queues=self.queues(queues),
                routes={key: self._routes.get(key, RouteState(key=key)) for key in routes},
                freezes=self._freezes,
            )

    def versions(self, rollout_id: RolloutId) -> tuple[int, int]:
        """See RolloutStore.versions."""
        with self._lock:
            rollout = self._rollouts.get(rollout_id)
            return (rollout.version if rollout else 0), self._freezes.version

    def routes_named(self, route: str) -> list[RouteState]:
        """See RolloutStore.routes_named."""
        with self._lock:
            return [state for key, state in sorted(self._routes.items()) if key.partition("#")[2] == route]

    def commit(self, transition: Transition) -> None:
        """See RolloutStore.commit."""
        with self._lock, self.trail.lock:
            self._check(transition)
            if transition.rollout:
                self._put_rollout(transition.rollout, has_new_targets=transition.has_new_targets)
            for run in transition.runs:
                self._runs.setdefault(run.rollout, {})[run.key] = _with_next_version(run)
            for queue in transition.queues:
                self._queues[queue.name] = _with_next_version(queue)
            if transition.route:
                self._routes[transition.route.key] = _with_next_version(transition.route)
            if transition.freezes:
                self._freezes = _with_next_version(transition.freezes)
            self._put_beside(transition)

    def _put_beside(self, transition: Transition) -> None:
        for drift in transition.drifts:
            self._drifts[drift.id] = _with_next_version(drift)
        for turn in transition.turns_taken:
            self._turns.get(turn.rollout, {}).pop(turn.position, None)
        for event in transition.events:
            self.trail.record(event)

    def _put_rollout(self, rollout: Rollout, *, has_new_targets: bool) -> None:
        stored = self._rollouts.get(rollout.id)
        if stored and not has_new_targets:  # the table has them as items of their own
            rollout = rollout.replace(spec=rollout.spec.replace(targets=stored.spec.targets))
        self._rollouts[rollout.id] = _with_next_version(rollout)

    def open_rollouts(self) -> list[RolloutId]:
        """See RolloutStore.open_rollouts."""
        with self._lock:
            return sorted(rollout.id for rollout in self._rollouts.values() if not rollout.state.ended)

    def queues_with_new_instances(self) -> list[str]:
        """See RolloutStore.queues_with_new_instances."""
        with self._lock:
            return sorted(name for name, queue in self._queues.items() if queue.new_instances)

    def drifts(self) -> list[TargetDrift]:
        """See DriftStore.drifts."""
        with self._lock:
            return [drift for _, drift in sorted(self._drifts.items())]

    def sweep_cursor(self) -> RolloutId | None:
        """See RolloutStore.sweep_cursor."""
        return self._cursor

    def keep_sweep_cursor(self, rollout_id: RolloutId | None) -> None:
        """See RolloutStore.keep_sweep_cursor."""
        self._cursor = rollout_id

    def forget(self, rollout_id: RolloutId) -> None:
        """Delete a rollout and its runs, as a person might do by hand."""
        with self._lock:
            del self._rollouts[rollout_id]
            self._runs.pop(rollout_id, None)

    def stored_queues(self) -> list[TargetQueue]:
        """Every queue that is stored."""
        with self._lock:
            return list(self._queues.values())

    def _check(self, transition: Transition) -> None:
        if transition.rollout:
            _same_version(transition.rollout, self._rollouts.get(transition.rollout.id))
        for run in transition.runs:
            _same_version(run, self._runs.get(run.rollout, {}).get(run.key))
        for queue in transition.queues:
            _same_version(queue, self._queues.get(queue.name))
        if transition.route:
            _same_version(transition.route, self._routes.get(transition.route.key))
        if transition.freezes:
            _same_version(transition.freezes, self._freezes)
        for drift in transition.drifts:
            _same_version(drift, self._drifts.get(drift.id))
        self._check_events(transition.events)

    def _check_events(self, events: Iterable[TrailEvent]) -> None:
        for event in events:
            if any(stored.key == event.key for stored in self.trail.of_partition(event.partition)):
                raise Conflict(f"{event.key} is already in the trail")


type _Record = Rollout | Run | TargetQueue | RouteState | Freezes | TargetDrift


def _with_next_version[Record: (Rollout, Run, TargetQueue, RouteState, Freezes, TargetDrift)](record: Record) -> Record:
    return record.replace(version=record.version + 1)


def _same_version(record: _Record, stored: _Record | None) -> None:
    if record.version != (stored.version if stored else 0):
        raise Conflict("another writer changed the record")
