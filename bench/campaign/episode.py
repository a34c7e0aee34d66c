"""One episode: some hours of pushes and faults, then quiet, then the oracle's checks."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bench.campaign.clock import Timeline
from bench.campaign.codebuild import SimulatedBuild, SimulatedCodeBuild
from bench.campaign.commands import Commands
from bench.campaign.faults import DiedError, FaultInjector
from bench.campaign.instance_oracle import InstanceOracle
from bench.campaign.launches import Launches, SimulatedEvent
from bench.campaign.oracle import Oracle
from bench.campaign.pushes import TARGETS, Pushes
from bench.campaign.queue import FifoQueue, QueuedMessage
from bench.campaign.store import FailingRollouts, FailingTrail
from pointsman.adapters.alarms_memory import MemoryAlarms
from pointsman.adapters.dead_letters_memory import MemoryDeadLetters
from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.core.delivery import Delivery
from pointsman.core.model import RolloutId, RunState
from pointsman.core.rollouts import executor as executor_module
from pointsman.core.rollouts import sweep as sweep_module
from pointsman.core.rollouts import whole_rollout as whole_rollout_module
from pointsman.core.rollouts.consume import DeliveryConsumer, ReceivedMessage
from pointsman.core.rollouts.engine import Engine, never
from pointsman.errors import PointsmanError

COMMANDS = 10
HOURS_OF_FAULTS = 6
HOURS_OF_QUIET = 16  # a start may be retried for 8 hours, and builds take time
SWEEP_SECONDS = 300
LAMBDA_RETRIES = (60.0, 120.0)
REDRIVES = (3600.0,) * 8
LAUNCHES = 16
HOURS_OF_LAUNCHES = 9  # while pushes come, most targets are busy, and most instances are included in a push


class InlineExecutor:
    """Runs one call after the other, so that the same seed gives the same result."""

    def __init__(self, max_workers: int = 1) -> None:
        self._workers = max_workers

    def __enter__(self) -> "InlineExecutor":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map(self, function: object, *given: object) -> list[object]:
        """As ThreadPoolExecutor.map."""
        return list(map(function, *given))  # type: ignore[call-overload]


class NotingEngine(Engine):
    """The engine. `note` gets each delivery after the engine tried to store it, also when the process died."""

    note: Callable[[Delivery], None]

    def accept(self, delivery: Delivery, message_id: str) -> list[RolloutId]:
        """See Engine.accept."""
        try:
            return super().accept(delivery, message_id)
        finally:
            self.note(delivery)


@dataclass
class EpisodeResult:
    """The outcome of an episode."""

    seed: int
    rollouts: int
    builds: int
    broken: list[str]
    faults: dict[str, int] = field(default_factory=dict)
    on_instances: int = 0  # builds


class Episode:
    """Wires the real engine to the simulated world."""

    def __init__(self, seed: int, pushes: int = 30) -> None:
        self.seed = seed
        chance = random.Random(seed)
        self.time, self.faults, self.oracle = Timeline(), FaultInjector(chance), Oracle()
        self.trail = FailingTrail(self.faults)
        self.store = FailingRollouts(self.trail, self.faults)
        self.alarms = MemoryAlarms()
        self.instances = InstanceOracle(self.oracle.number_of)
        self.codebuild = SimulatedCodeBuild(self.time, self.faults, self._build_began, self._build_event)
        self.launches = Launches(chance, self.time, self.instances.launched, self._instance_event)
        self.queue = FifoQueue(self.time, self.faults, self._consume)
        self.pushes = Pushes(chance, self.time, self.queue, pushes, HOURS_OF_FAULTS * 3600)
        self.commands = Commands(
            chance, self.time, (self.store, self.trail, self.queue), lambda: self.oracle.rollouts, self._invoke
        )
        self.engine = self._start_process()

    def run(self) -> EpisodeResult:
        """Run faults, then quiet, then the checks."""
        self.pushes.plan()
        self.commands.plan(COMMANDS, HOURS_OF_FAULTS * 3600)
        self.launches.plan(LAUNCHES, HOURS_OF_LAUNCHES * 3600)
        self._plan_regions()
        self.time.after(SWEEP_SECONDS, self._sweep)
        self.time.run(self.time.now + timedelta(hours=HOURS_OF_FAULTS))
        self.faults.on = False
        self.queue.redrive()
        self.time.run(self.time.now + timedelta(hours=HOURS_OF_QUIET))
        self.oracle.check(self.store, self.trail, list(self.codebuild.builds.values()), self.store.open_rollouts())
        self.instances.check(self.trail, self.store.queues_with_new_instances())
        self.oracle.broken += self.instances.broken
        if not self.queue.empty:
            self.oracle.broken.append("stuck: the queue still holds messages")
        rollouts = len(self.oracle.rollouts)
        return EpisodeResult(
            self.seed,
            rollouts,
            len(self.codebuild.builds),
            self.oracle.broken,
            dict(self.faults.seen | self.pushes.seen | self.commands.seen),
            self.instances.runs,
        )

    def _start_process(self) -> Engine:
        skew = timedelta(seconds=self.faults.skew())
        engine = NotingEngine(self.store, self.trail, self.codebuild, lambda: self.time.now + skew, alarms=self.alarms)
        engine.note = self._note
        return engine

    def _invoke(self, act: object, retries: Sequence[float] = ()) -> None:
        """One invocation. A process that dies is followed by a new one, and Lambda retries."""
        try:
            act()  # type: ignore[operator]
        except DiedError:
            self.engine = self._start_process()
        except PointsmanError:
            pass
        else:
            return
        if retries:
            self.time.after(retries[0], lambda: self._invoke(act, retries[1:]))

    def _consume(self, batch: Sequence[QueuedMessage]) -> set[str]:
        """Handle a batch as start_build does; return the ids of the messages that go back."""
        messages = [ReceivedMessage(message.id, message.group, message.body) for message in batch]
        try:
            result = DeliveryConsumer(self.engine, MemoryDeadLetters()).consume(messages, never)
        except DiedError:
            self.engine = self._start_process()
            raise
        for failure in (*result.returned.values(), result.reconcile_failure):
            if failure and not isinstance(failure, PointsmanError):
                raise failure
        self.oracle.broken += [f"unreadable: {reason}" for reason in result.dead_letters.values()]
        return set(result.returned)

    def _note(self, delivery: Delivery) -> None:
        """Report a push to the oracle once the store has it, even if the process died."""
        push = self.pushes.numbers[delivery.id]
        for spec in delivery.specs:
            stored = MemoryRollouts.load(self.store, spec.rollout)  # without simulated failures
            if stored and any(each.pushed_at == delivery.pushed_at for each in stored[0].pushes):
                self.oracle.accepted(spec.rollout, [target.name for target in spec.targets], push)

    def _build_began(self, build: SimulatedBuild) -> None:
        self.oracle.build_began(build)
        self.instances.build_began(build)
        stored = MemoryRollouts.load(self.store, build.run.rollout)  # without simulated failures
        self.oracle.build_of_wave(build, self.codebuild.builds.values(), self.trail)
        if stored and stored[0].cancellation:
            self.oracle.build_of_cancelled(build)

    def _build_event(self, build: SimulatedBuild, state: RunState) -> None:
        run, report = build.run, build.report.replace(state=state)
        if state is RunState.RUNNING:
            report = report.replace(ended_at=None)
        invoke = lambda: self.engine.build_ended(run.rollout, run.target.name, run.attempt, report)  # noqa: E731
        self._invoke(invoke, LAMBDA_RETRIES)

    def _instance_event(self, event: SimulatedEvent) -> None:
        """EventBridge delivers at least once: what Lambda gives up is redriven from the dead-letter queue by hand."""
        self._invoke(lambda: self.launches.take(self.engine, event), (*LAMBDA_RETRIES, *REDRIVES))

    def _sweep(self) -> None:
        self._invoke(self.engine.sweep)
        self.time.after(SWEEP_SECONDS, self._sweep)

    def _plan_regions(self) -> None:
        """Regions stop answering, or refuse, for up to 200 minutes."""
        chance = self.faults.random
        for region in sorted({name.split("/")[1] for name in TARGETS}):
            for fault, seen in ((self.codebuild.silent, "region_silent"), (self.codebuild.refuses, "region_refuses")):
                if chance.random() < 0.4:
                    begins, lasts = chance.uniform(0, 4 * 3600), timedelta(minutes=chance.uniform(1, 200))
                    self.faults.seen[seen] += 1
                    self.time.after(begins, lambda f=fault, r=region, d=lasts: f.update({r: self.time.now + d}))  # type: ignore[misc]


def run_without_threads() -> None:
    """Let the engine execute its steps without threads, in this process."""
    for module in (executor_module, sweep_module, whole_rollout_module):
        setattr(module, "ThreadPoolExecutor", InlineExecutor)  # noqa: B010 - the modules do not export it
