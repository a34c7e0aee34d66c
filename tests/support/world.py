"""The world of a test: stores, CodeBuild and a clock, an engine on them, and short ways to use and read it.

`MemoryWorld` is on the twins, `TableWorld` on DynamoDB (moto). A test makes the parts that it is about.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from itertools import count
from threading import Lock
from typing import Any

import boto3
from moto import mock_aws

from pointsman.adapters.alarms_memory import MemoryAlarms
from pointsman.adapters.builds_memory import MemoryBuilds
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.delivery import Delivery
from pointsman.core.model import Rollout, RolloutId, Run, RunState, TargetName
from pointsman.core.ports import BuildReport, RolloutStore, Trail
from pointsman.core.rollouts.engine import Engine
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.run_request import InstanceLaunch
from pointsman.core.trail.events import TrailEvent
from tests.support.rollouts import MORNING, Clock, found, instance_route, launch
from tests.support.tables import create_tables

DEV, PROD = TargetName("dev/eu-west-1"), TargetName("prod/eu-west-1")
ROLLOUTS, AUDIT = "rollouts", "audit"  # names of the tables


class World:
    """What every process shares, and one process's engine."""

    def __init__(self, store: RolloutStore, trail: Trail, clock: Clock, builds: MemoryBuilds | None = None) -> None:
        self.store, self.trail, self.clock = store, trail, clock
        self.builds = builds or MemoryBuilds(clock)
        self.alarms = MemoryAlarms()
        self._messages = count(1)

    @cached_property
    def engine(self) -> Engine:
        return self.new_engine()

    def new_engine(self, store: RolloutStore | None = None) -> Engine:
        """The engine of another process, which remembers nothing."""
        return Engine(store or self.store, self.trail, self.builds, self.clock, alarms=self.alarms)

    def push(self, delivery: Delivery, message_id: str | None = None) -> RolloutId:
        """Handle a delivery as start_build does, by default as a new message; return its rollout's id."""
        self.engine.reconcile(self.engine.accept(delivery, message_id or f"message-{next(self._messages)}"))
        return delivery.specs[0].rollout if delivery.specs else RolloutId("")

    def launch(self, number: int, *routes: str, target: TargetName = DEV, at: datetime | None = None) -> InstanceLaunch:
        """Instance `number` comes up, where these routes (by default "site") configure new instances."""
        launched = launch(number, at or self.clock())
        wanted = [instance_route(target, route) for route in routes or ("site",)]
        self.engine.instance_launched(launched, found(launched), wanted)
        return launched

    def runs_on_instances(self) -> list[Rollout]:
        """The rollouts that were made for new instances, in their order."""
        rollouts = [self.rollout(each) for each in dict.fromkeys(name for name, _, _ in self.builds.started)]
        return [rollout for rollout in rollouts if rollout.request]

    def later(self) -> datetime:
        """Let a minute pass; return the time."""
        self.clock.pass_by(minutes=1)
        return self.clock()

    def _load(self, rollout_id: RolloutId) -> tuple[Rollout, tuple[Run, ...]]:
        loaded = self.store.load(rollout_id)
        assert loaded is not None
        return loaded

    def rollout(self, rollout_id: RolloutId) -> Rollout:
        return self._load(rollout_id)[0]

    def runs(self, rollout_id: RolloutId) -> dict[TargetName, Run]:
        """The newest attempt on each target."""
        return latest(self._load(rollout_id)[1])

    def run(self, rollout_id: RolloutId, target_name: TargetName) -> Run:
        return self.runs(rollout_id)[target_name]

    def finish(
        self,
        rollout_id: RolloutId,
        target_name: TargetName,
        state: RunState = RunState.SUCCEEDED,
        reason: str = "",
    ) -> BuildReport:
        """Let a run's build end, and report it."""
        run = self.run(rollout_id, target_name)
        assert run.build_arn
        report = self.builds.finish(run.build_arn, state, reason)
        self.engine.build_ended(rollout_id, target_name, run.attempt, report)
        return report

    def events(self, rollout_id: RolloutId) -> list[TrailEvent]:
        return self.trail.of_partition(f"ROLLOUT#{rollout_id}")

    def types(self, rollout_id: RolloutId) -> list[str]:
        return [event.type for event in self.events(rollout_id)]


class MemoryWorld(World):
    """A world on the twins."""

    store: MemoryRollouts
    trail: MemoryTrail

    def __init__(self, now: datetime = MORNING, store: type[MemoryRollouts] = MemoryRollouts) -> None:
        trail = MemoryTrail()
        super().__init__(store(trail), trail, Clock(now))


class TableWorld(World):
    """A world on both tables, inside mock_aws."""

    store: DynamoRollouts
    trail: DynamoTrail

    def __init__(
        self, client: Any = None, rollouts: str = ROLLOUTS, audit: str = AUDIT, clock: Clock | None = None
    ) -> None:
        self.client = client or one_call_at_a_time(boto3.client("dynamodb", region_name="us-east-1"))
        create_tables(self.client, rollouts, audit, f"{audit}-index")
        store, trail = DynamoRollouts(self.client, rollouts, audit), DynamoTrail(self.client, audit)
        super().__init__(store, trail, clock or Clock())


type MakeWorld = Callable[[], World]


@contextmanager
def worlds_of(kind: str) -> Iterator[MakeWorld]:
    """What makes an empty world of a kind: "memory" or "dynamodb"."""
    if kind == "memory":
        yield MemoryWorld
        return
    with mock_aws():
        client = one_call_at_a_time(boto3.client("dynamodb", region_name="us-east-1"))
        numbers = count()

        def new_world() -> World:
            number = next(numbers)
            return TableWorld(client, f"rollouts-{number}", f"audit-{number}")

        yield new_world


_MOTO = Lock()


def one_call_at_a_time[Client](client: Client) -> Client:
    """DynamoDB isolates calls from each other; moto copies and restores whole tables for a transaction."""
    patched: Any = client
    call = patched._make_api_call

    def locked(*arguments: Any) -> Any:
        with _MOTO:
            return call(*arguments)

    patched._make_api_call = locked
    return client
