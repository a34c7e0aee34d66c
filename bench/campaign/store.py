"""The twins of the tables, in a process that may die at each write or get no answer."""

from collections.abc import Iterable, Sequence

from bench.campaign.faults import FaultInjector
from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.model import Rollout, RolloutId, Run, RunKey, TargetQueue
from pointsman.core.ports import RunOfBuild, Transition, Turn
from pointsman.core.trail.event import Event
from pointsman.errors import Unavailable


class FailingTrail(MemoryTrail):
    """The trail. The store writes a transition's events, in one transaction with it."""

    def __init__(self, faults: FaultInjector) -> None:
        super().__init__()
        self._faults = faults
        self.in_transaction = False

    def record(self, event: Event) -> bool:
        """See Trail.record."""
        if self.in_transaction:
            return super().record(event)
        if self._faults.happens("unavailable"):
            raise Unavailable("the trail does not answer")
        return self._faults.effect(lambda: MemoryTrail.record(self, event))


class FailingRollouts(MemoryRollouts):
    """The rollouts table."""

    def __init__(self, trail: FailingTrail, faults: FaultInjector) -> None:
        super().__init__(trail)
        self._failing, self._faults = trail, faults

    def load(self, rollout_id: RolloutId) -> tuple[Rollout, tuple[Run, ...]] | None:
        """See RolloutStore.load."""
        self._may_fail()
        return super().load(rollout_id)

    def queues(self, names: Iterable[str]) -> dict[str, TargetQueue]:
        """See RolloutStore.queues."""
        self._may_fail()
        return super().queues(names)

    def versions(self, rollout_id: RolloutId) -> tuple[int, int]:
        """See RolloutStore.versions."""
        self._may_fail()
        return super().versions(rollout_id)

    def has_open_runs(self, rollout_id: RolloutId) -> bool:
        """See RolloutStore.has_open_runs."""
        self._may_fail()
        return super().has_open_runs(rollout_id)

    def load_run_of_build(self, rollout_id: RolloutId, key: RunKey, turns: int) -> RunOfBuild | None:
        """See RolloutStore.load_run_of_build."""
        self._may_fail()
        return super().load_run_of_build(rollout_id, key, turns)

    def list_turns(self, rollout_id: RolloutId, turns: Sequence[Turn]) -> None:
        """See RolloutStore.list_turns."""
        self._may_fail()
        self._faults.effect(lambda: MemoryRollouts.list_turns(self, rollout_id, turns))

    def commit(self, transition: Transition) -> None:
        """See RolloutStore.commit."""
        self._may_fail()
        self._faults.effect(lambda: self._commit(transition))
        if self._faults.happens("unavailable"):
            raise Unavailable("the answer of the transaction was lost")

    def _commit(self, transition: Transition) -> None:
        self._failing.in_transaction = True
        try:
            super().commit(transition)
        finally:
            self._failing.in_transaction = False

    def _may_fail(self) -> None:
        if self._faults.happens("unavailable"):
            raise Unavailable("the table does not answer")
