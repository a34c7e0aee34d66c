"""A recorder on the twins, with runs that the engine has stored."""

from datetime import datetime
from typing import Any, Self

from pointsman.adapters.run_lookup_memory import MemoryRunLookup
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.audit.authorize import StoredRun
from pointsman.core.audit.recorder import AuditRecorder, RecordOutcome
from pointsman.core.model import Rollout, Run
from tests.support.events import after
from tests.support.rollouts import Clock

NOW = after(100)


class AuditWorld:
    """A recorder with its trail, its clock and the stored runs of one rollout."""

    def __init__(self, stored: StoredRun, *other_runs: Run, now: datetime = NOW) -> None:
        self.trail, self.run_lookup, self.clock = MemoryTrail(), MemoryRunLookup(), Clock(now)
        assert stored.run
        self.run_lookup.add(stored.rollout, stored.run, *other_runs)
        self.recorder = AuditRecorder(self.trail, self.run_lookup, self.clock)

    @classmethod
    def of(cls, rollout: Rollout, run: Run, now: datetime) -> Self:
        return cls(StoredRun(rollout=rollout, run=run), now=now)

    def take(self, event: dict[str, Any]) -> RecordOutcome:
        return self.recorder.record(event).outcome

    def of_type[E](self, kind: type[E]) -> list[E]:
        return [event for event in self.trail.all() if isinstance(event, kind)]

    def only(self) -> Any:
        """The one event of the trail."""
        (event,) = self.trail.all()
        return event
