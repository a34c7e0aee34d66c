"""Everything that a decision about a rollout takes into account."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pointsman.core.identity import route_of
from pointsman.core.model import Rollout, Run, RunKey, RunState, Target, TargetName, TargetQueue
from pointsman.core.ports import AlarmReading, BuildMissing, BuildReport, Surroundings
from pointsman.core.rollouts import target_queue
from pointsman.core.rollouts.ending import Ending, ending_of, never_ran
from pointsman.core.route_state import RouteState

type Reports = Mapping[RunKey, BuildReport | BuildMissing]

# A start that has failed for so long counts as a region that is down.
UNAVAILABLE_AFTER = timedelta(minutes=15)


@dataclass(frozen=True)
class HostTally:
    """How many hosts a target has, and how many of them failed."""

    hosts: int
    failed: int
    unreachable: int
    explains_failure: bool  # one of them failed or was unreachable in the newest attempt


@dataclass(frozen=True)
class Facts:
    """What has been read for this decision. A gate says which alarms and results it needs."""

    alarms: Mapping[str, AlarmReading] = field(default_factory=dict)
    tallies: Mapping[RunKey, HostTally | None] = field(default_factory=dict)  # None: not all results are there


@dataclass(frozen=True)
class Situation:
    """A rollout, what is around it, and the time."""

    rollout: Rollout
    newest: Mapping[TargetName, Run]  # the newest attempt on each target
    surroundings: Surroundings
    reports: Reports
    facts: Facts
    now: datetime
    runs: tuple[Run, ...] = ()  # every attempt, where it matters

    @property
    def route(self) -> RouteState:
        """The rollouts of the route."""
        key = route_of(self.rollout)
        return self.surroundings.routes.get(key) or RouteState(key=key)

    @property
    def ending(self) -> Ending | None:
        """Why nothing starts any more."""
        return ending_of(self.rollout)

    def queue(self, target: Target) -> TargetQueue:
        """The queue in which a run of the rollout waits for `target`."""
        return self.surroundings.queues[self.rollout.spec.queue_for(target.name)]

    def run(self, target: Target) -> Run | None:
        """The newest attempt on a target."""
        return self.newest.get(target.name)

    def is_wanted(self, target: Target) -> bool:
        """Whether the target has no run yet, or not the attempt that was asked for."""
        run = self.run(target)
        return run is None or run.attempt < self.wanted_attempt(target)

    def wanted_attempt(self, target: Target) -> int:
        """The attempt that was asked for on a target, by a retry or by a push of the commit after others."""
        run, wanted = self.run(target), self.rollout.attempts.get(target.name, 1)
        return max(wanted, run.attempt + 1) if run and self._runs_again(run) else wanted

    def _runs_again(self, run: Run) -> bool:
        """Whether the commit was pushed again, and the run was no run of it, or another commit followed."""
        rollout = self.rollout
        is_older = run.ordering_time < rollout.ordering_time and has_started(rollout, run.target)
        if not is_older or not run.state.ended or self.ending:
            return False
        return never_ran(run) or target_queue.is_outdated(rollout, run, self.queue(run.target))

    def is_live(self, target: Target) -> bool:
        """Whether the target's run has not ended, and its region works."""
        run = self.run(target)
        return run is not None and not run.state.ended and not is_unavailable(run, self.now)

    def is_outside(self, target: Target) -> bool:
        """Whether the target's run waits outside its queue, as in a freeze."""
        run = self.run(target)
        if run is None or run.state is not RunState.WAITING:
            return False
        queue = self.queue(target)
        return not (target_queue.waits(run, queue) or target_queue.holds(run, queue))

    def is_settled(self, target: Target) -> bool:
        """Whether the target holds up no gate: its run has ended, or its region is down."""
        return not self.is_wanted(target) and not self.is_live(target)


def is_unavailable(run: Run, now: datetime) -> bool:
    """Whether the region of a run has started no build for a long time."""
    since = run.acquired_at
    return run.state is RunState.STARTING and bool(run.reason) and since is not None and now - since > UNAVAILABLE_AFTER


def is_backing_off(run: Run, now: datetime) -> bool:
    """Whether the region of a run did not answer, and is not asked again yet."""
    return run.state is RunState.STARTING and run.backoff is not None and now < run.backoff.until


def wave_of(rollout: Rollout, target: Target) -> int:
    """The index of a target's wave. A target that a later routes.yaml added may name a wave that is not there."""
    return max(0, min(target.wave, len(rollout.waves) - 1))


def has_started(rollout: Rollout, target: Target) -> bool:
    """Whether the wave of a target has started."""
    return not rollout.waves or wave_of(rollout, target) < rollout.waves_started
