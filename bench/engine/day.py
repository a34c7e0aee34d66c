"""A simulated day: pushes to many routes on a virtual clock, on the memory twins, with the queues that they cause.

Nothing fails. Changes come as people work: three of four between 8 and 18 o'clock. Builds take one to eight minutes.
"""

import random
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bench.campaign.clock import BEGINNING, Timeline
from bench.campaign.episode import InlineExecutor
from bench.engine.fleet import push, targets
from bench.engine.virtual_time import replaced
from pointsman.adapters.alarms_memory import MemoryAlarms
from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.model import Rollout, Run, RunState, Target
from pointsman.core.ports import BuildReport, Transition
from pointsman.core.rollouts.engine import Engine
from pointsman.core.trail.event import Event

HOUR = 3_600
TARGETS_OF_A_ROUTE = 2
AT_WORK = 0.75  # of all changes, from 8 to 18 o'clock
BUILD_SECONDS = (60, 480)
SWEEP_SECONDS = 300
SAMPLE_SECONDS = 600


@dataclass
class Day:
    """What happened."""

    changes: int
    targets: int
    builds: int = 0
    ends: Counter[str] = field(default_factory=Counter)  # runs by their end
    queue_lengths: list[int] = field(default_factory=list)  # runs that wait for a target, of each queue in each sample
    longest: int = 0
    waits: list[float] = field(default_factory=list)  # seconds until a run that started had its target
    oldest: float = 0  # the longest that a run waited, whether it started or was superseded
    left_open: int = 0  # rollouts at the end
    cpu_seconds: float = 0

    def quantile(self, of: float) -> float:
        """The wait that this share of all runs did not exceed."""
        ordered = sorted(self.waits)
        return ordered[min(int(of * len(ordered)), len(ordered) - 1)] if ordered else 0.0

    @property
    def mean_length(self) -> float:
        """Of a queue."""
        return statistics.fmean(self.queue_lengths) if self.queue_lengths else 0.0


class DayOfChanges:
    """Wires the engine to the clock."""

    def __init__(self, changes: int, number_of_targets: int, seed: int = 1) -> None:
        self.day = Day(changes, number_of_targets)
        self.time = Timeline()
        self._random = random.Random(seed)
        all_targets = targets(number_of_targets)
        self._routes = [
            all_targets[first : first + TARGETS_OF_A_ROUTE] for first in range(0, number_of_targets, TARGETS_OF_A_ROUTE)
        ]
        self.store = DayRollouts(self.day, self.clock)
        self.engine = Engine(self.store, self.store.trail, DayBuilds(self), self.clock, alarms=MemoryAlarms())

    def clock(self) -> datetime:
        """The time of day."""
        return self.time.now

    def run(self) -> Day:
        """Let a day pass, and the hour in which the last builds end."""
        with replaced("ThreadPoolExecutor", InlineExecutor):
            return self._run()

    def _run(self) -> Day:
        began = time.process_time()
        for number in range(self.day.changes):
            self.time.after(self._moment(), lambda number=number: self._push(number))  # type: ignore[misc]
        self._repeat(SWEEP_SECONDS, self.engine.sweep)
        self._repeat(SAMPLE_SECONDS, lambda: self.store.sample(24 * HOUR))
        self.time.run(BEGINNING + timedelta(days=1, hours=1))
        self.day.left_open = len(self.store.open_rollouts())
        self.day.cpu_seconds = time.process_time() - began
        return self.day

    def ended_after(self, run: Run, report: BuildReport) -> None:
        """A build began: its end is reported after some minutes."""
        self.time.after(self._random.uniform(*BUILD_SECONDS), lambda: self._end(run, report))

    def _moment(self) -> float:
        """Seconds from 8 o'clock, when the clock begins."""
        if self._random.random() < AT_WORK:
            return self._random.uniform(0, 10 * HOUR)
        return self._random.uniform(10 * HOUR, 24 * HOUR)

    def _push(self, number: int) -> None:
        route = self._random.randrange(len(self._routes))
        delivery = push(self._routes[route], number, f"route-{route:04d}", self.clock())
        self.engine.reconcile(self.engine.accept(delivery, f"m-{number}"))

    def _end(self, run: Run, report: BuildReport) -> None:
        ended = report.replace(state=RunState.SUCCEEDED, ended_at=self.clock())
        self.engine.build_ended(run.rollout, run.target.name, run.attempt, ended)

    def _repeat(self, seconds: float, act: object) -> None:
        def again() -> None:
            act()  # type: ignore[operator]
            self.time.after(seconds, again)

        self.time.after(seconds, again)


class DayTrail(MemoryTrail):
    """Keeps no event: a day has a million."""

    def record(self, event: Event) -> bool:
        """See Trail.record."""
        del event
        return True


class DayRollouts(MemoryRollouts):
    """Notes what is stored, and forgets a rollout that has ended."""

    def __init__(self, day: Day, clock: object) -> None:
        super().__init__(DayTrail())
        self._day = day
        self._clock = clock

    def commit(self, transition: Transition) -> None:
        """See RolloutStore.commit."""
        super().commit(transition)
        for run in transition.runs:
            self._note(run)
        for queue in transition.queues:
            self._day.longest = max(self._day.longest, len(queue.waiting))
        if transition.rollout and transition.rollout.state.ended:
            self.forget(transition.rollout.id)

    def sample(self, until: float) -> None:
        """Note how many runs wait in each queue."""
        if (self._clock() - BEGINNING).total_seconds() <= until:  # type: ignore[operator]
            lengths = [len(queue.waiting) for queue in self.stored_queues()]
            self._day.queue_lengths += [*lengths, *[0] * (self._day.targets - len(lengths))]

    def _note(self, run: Run) -> None:
        waited = (self._clock() - run.created_at).total_seconds()  # type: ignore[operator]
        if run.state is RunState.STARTING and run.acquired_at == self._clock():  # type: ignore[operator]
            self._day.waits.append(waited)
        if run.state.ended:
            self._day.ends[run.state.value] += 1
        if run.state in (RunState.STARTING, RunState.SUPERSEDED):
            self._day.oldest = max(self._day.oldest, waited)


class DayBuilds:
    """CodeBuild without faults."""

    def __init__(self, world: DayOfChanges) -> None:
        self._world = world

    def start(self, rollout: Rollout, run: Run) -> BuildReport:
        """See Builds.start."""
        del rollout
        day = self._world.day
        day.builds += 1
        arn = f"arn:aws:codebuild:{run.target.region}:{run.target.account_id}:build/pointsman:{day.builds:08d}"
        report = BuildReport(arn=arn, state=RunState.RUNNING, started_at=self._world.clock())
        self._world.ended_after(run, report)
        return report

    def stop(self, target: Target, arn: str) -> None:
        """See Builds.stop. Nobody cancels."""

    def find(self, run: Run) -> BuildReport | None:
        """See Builds.find. No answer is lost."""

    def report(self, target: Target, arns: object) -> list[BuildReport]:
        """See Builds.report: every build that is asked for still runs."""
        del target
        return [BuildReport(arn=arn, state=RunState.RUNNING) for arn in arns]  # type: ignore[attr-defined]
