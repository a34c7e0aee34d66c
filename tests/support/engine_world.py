"""An engine on twins, and short ways to ask about it."""

from datetime import datetime

from pointsman.adapters.builds_memory import MemoryBuilds
from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.delivery import Delivery
from pointsman.core.model import Rollout, Run, RunState
from pointsman.core.ports import BuildReport
from pointsman.core.rollouts.engine import Engine
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.trail.events import TrailEvent
from tests.support.rollouts import Clock

DEV = "dev/eu-west-1"
PROD = "prod/eu-west-1"


class World:
    """An engine on twins, and short ways to ask about it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.trail = MemoryTrail()
        self.store = MemoryRollouts(self.trail)
        self.builds = MemoryBuilds(self.clock)
        self.engine = Engine(self.store, self.trail, self.builds, self.clock)
        self._told = 0

    def push(self, told: Delivery, message: str | None = None) -> str:
        """Tell a delivery once more, by a message of its own; its rollout."""
        self._told += 1
        self.engine.reconcile(self.engine.accept(told, message or f"message-{self._told}"))
        return told.specs[0].rollout if told.specs else ""

    def later(self) -> datetime:
        """A minute has passed."""
        self.clock.pass_by(minutes=1)
        return self.clock()

    def rollout(self, name: str) -> Rollout:
        loaded = self.store.load(name)
        assert loaded is not None
        return loaded[0]

    def run(self, rollout: str, target: str) -> Run:
        loaded = self.store.load(rollout)
        assert loaded is not None
        return latest(loaded[1])[target]

    def finish(self, rollout: str, target: str, state: RunState = RunState.SUCCEEDED, reason: str = "") -> BuildReport:
        run = self.run(rollout, target)
        assert run.build_arn
        report = self.builds.finish(run.build_arn, state, reason)
        self.engine.build_ended(rollout, target, run.attempt, report)
        return report

    def events(self, rollout: str) -> list[TrailEvent]:
        return self.trail.of_partition(f"ROLLOUT#{rollout}")

    def types(self, rollout: str) -> list[str]:
        return [event.type for event in self.events(rollout)]
