"""Twins in a process that may die, or get no answer, or be overtaken by another process, at each side effect."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pointsman.adapters.alarms_memory import MemoryAlarms
from pointsman.adapters.builds_memory import MemoryBuilds
from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.model import Rollout, RolloutId, Run, Target
from pointsman.core.ports import AlarmReading, BuildReport, Transition, Turn
from pointsman.core.route_state import RouteState
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import TrailEvent
from pointsman.errors import Unavailable

POINTS = ("commit", "record", "start", "stop", "find", "report", "alarms", "versions", "turns")


class DiedError(BaseException):
    """The process died: no `except Exception` sees this."""


def die() -> None:
    """The process dies."""
    raise DiedError


def lose_the_answer() -> None:
    """The call fails: its effect is unknown to the caller."""
    raise Unavailable("no answer")


@dataclass
class Fault:
    """What happens at a side effect, once, after it was let pass `skip` times."""

    point: str
    act: Callable[[], None]
    skip: int = 0
    is_before: bool = True


@dataclass
class Faults:
    """The faults that are to come."""

    coming: list[Fault] = field(default_factory=list)

    def effect[Answer](self, point: str, act: Callable[[], Answer]) -> Answer:
        """Make a side effect, with the fault that is due."""
        fault = self._due(point)
        if fault and fault.is_before:
            fault.act()
        answer = act()
        if fault and not fault.is_before:
            fault.act()
        return answer

    def _due(self, point: str) -> Fault | None:
        fault = next((each for each in self.coming if each.point == point), None)
        if fault is None:
            return None
        fault.skip -= 1
        if fault.skip >= 0:
            return None
        self.coming.remove(fault)
        return fault


class Observer(Protocol):
    """Sees what has really happened."""

    def committed(self, before: "Stored", transition: Transition) -> None:
        """A transition was stored."""

    def build_began(self, rollout: Rollout, run: Run, arn: str) -> None:
        """A build began, whether or not anybody gets to know."""


@dataclass(frozen=True)
class Stored:
    """Records before a transition; None: they are new."""

    rollout: Rollout | None
    runs: tuple[Run | None, ...]  # in the order of the transition's


class ChaosTrail(MemoryTrail):
    """The trail, which remembers what was added. The store writes a transition's events, in one transaction with it."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self.faults, self.in_transaction = faults, False
        self.added: list[TrailEvent] = []

    def record(self, event: Event) -> bool:
        """See Trail.record."""
        if self.in_transaction:
            return self._add(event)
        return self.faults.effect("record", lambda: self._add(event))

    def _add(self, event: Event) -> bool:
        is_new = super().record(event)
        if is_new:
            self.added.append(self._events[event.partition][event.key])
        return is_new


class ChaosRollouts(MemoryRollouts):
    """The rollouts table."""

    trail: ChaosTrail
    observer: Observer

    def __init__(self, trail: ChaosTrail, faults: Faults) -> None:
        super().__init__(trail)
        self.faults = faults

    def commit(self, transition: Transition) -> None:
        """See RolloutStore.commit."""
        self.faults.effect("commit", lambda: self._commit(transition))

    def _commit(self, transition: Transition) -> None:
        rollout = self._rollouts.get(transition.rollout.id) if transition.rollout else None
        runs = tuple(self._stored_run(run) for run in transition.runs)
        self.trail.in_transaction = True
        try:
            super().commit(transition)
        finally:
            self.trail.in_transaction = False
        self.observer.committed(Stored(rollout, runs), transition)

    def list_turns(self, rollout_id: RolloutId, turns: Sequence[Turn]) -> None:
        """See RolloutStore.list_turns."""
        self.faults.effect("turns", lambda: MemoryRollouts.list_turns(self, rollout_id, turns))

    def versions(self, rollout_id: RolloutId) -> tuple[int, int]:
        """See RolloutStore.versions."""
        return self.faults.effect("versions", lambda: MemoryRollouts.versions(self, rollout_id))

    def _stored_run(self, run: Run) -> Run | None:
        return next((each for each in self.runs_of(run.rollout) if each.key == run.key), None)

    def rollout(self, rollout_id: str) -> Rollout:
        """A stored rollout, without faults."""
        return self._rollouts[rollout_id]

    @property
    def all_rollouts(self) -> list[Rollout]:
        """Every rollout."""
        return list(self._rollouts.values())

    def runs_of(self, rollout_id: str) -> tuple[Run, ...]:
        """Every attempt of a rollout, in order, without faults."""
        loaded = MemoryRollouts.load(self, RolloutId(rollout_id))
        return loaded[1] if loaded else ()

    @property
    def all_runs(self) -> list[Run]:
        """Every attempt of every rollout."""
        return [run for rollout in self.all_rollouts for run in self.runs_of(rollout.id)]

    @property
    def all_routes(self) -> list[RouteState]:
        """The rollouts of each route."""
        return list(self._routes.values())


class ChaosBuilds(MemoryBuilds):
    """CodeBuild. `deleted` are builds that a person deleted after their end."""

    observer: Observer

    def __init__(self, clock: Callable[[], object], faults: Faults) -> None:
        super().__init__(clock)  # type: ignore[arg-type]
        self.faults = faults
        self.deleted: set[str] = set()
        self._rollout: Rollout | None = None

    def start(self, rollout: Rollout, run: Run) -> BuildReport:
        """See Builds.start."""

        def start() -> BuildReport:
            self._rollout = rollout
            return MemoryBuilds.start(self, rollout, run)

        return self.faults.effect("start", start)

    def _new(self, run: Run) -> str:
        arn = super()._new(run)
        assert self._rollout
        self.observer.build_began(self._rollout, run, arn)
        return arn

    def stop(self, target: Target, arn: str) -> None:
        """See Builds.stop."""
        self.faults.effect("stop", lambda: MemoryBuilds.stop(self, target, arn))

    def find(self, run: Run) -> BuildReport | None:
        """See Builds.find."""
        found = self.faults.effect("find", lambda: MemoryBuilds.find(self, run))
        return None if found and found.arn in self.deleted else found

    def report(self, target: Target, arns: Sequence[str]) -> list[BuildReport]:
        """See Builds.report."""
        reports = self.faults.effect("report", lambda: MemoryBuilds.report(self, target, arns))
        return [report for report in reports if report.arn not in self.deleted]

    @property
    def live(self) -> list[str]:
        """The builds that have not ended."""
        return [arn for arn, build in self.builds.items() if not build.state.ended]


class ChaosAlarms(MemoryAlarms):
    """CloudWatch's alarms."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self.faults = faults

    def states(self, arns: Collection[str]) -> dict[str, AlarmReading]:
        """See Alarms.states."""
        return self.faults.effect("alarms", lambda: MemoryAlarms.states(self, arns))

    def state(self, arn: str) -> str:
        """The real state of an alarm."""
        return self._state(arn).state
