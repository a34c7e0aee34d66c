"""One rollout on the real adapters: from the push to its last StartBuild, and the end of one of its builds."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench.engine.cloud import AUDIT, ROLLOUTS, CountedCloud, Tally, counted_cloud
from bench.engine.fleet import push, targets
from bench.engine.virtual_time import VirtualTime, in_virtual_time
from pointsman.adapters.alarms_memory import MemoryAlarms
from pointsman.adapters.aws_client import aws_client
from pointsman.adapters.builds_codebuild import CodeBuilds
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.model import Mode, RolloutId, Run, RunState, Target, TargetName, TargetQueue
from pointsman.core.ports import BuildReport, Transition
from pointsman.core.rollout_plan import RolloutPlan, Wave
from pointsman.core.rollouts.engine import Engine
from pointsman.core.route_state import Freezes

ROUND_TRIP = timedelta(milliseconds=10)  # on the engine's clock
BUILD_ENDS = 3  # measured of one rollout
IN_PARALLEL = 5  # targets at a time


@dataclass(frozen=True)
class RolloutFigures:
    """One size. Without tallies, `refusal` says which limit it met."""

    targets: int
    pushed: Tally | None = None  # from the push to the last StartBuild
    round_trips: int = 0  # until everything that follows from the push was written
    warm_first: int = 0  # to the first StartBuild of a process that has served these accounts and regions before
    ended: Tally | None = None  # the end of one build: the worst of a few
    ended_round_trips: int = 0
    refusal: str = ""


def measure(number: int, regions: int = 20) -> RolloutFigures:
    """Measure a rollout of `number` targets."""
    with in_virtual_time() as time, counted_cloud(time.round_trip, lambda: time.now) as cloud:
        time.now = 0  # the tables are there
        engine, store = new_engine(time)
        try:
            delivery = push(targets(number, regions))
            engine.reconcile(engine.accept(delivery, "m-1"))
        except Exception as failure:
            return RolloutFigures(number, refusal=_shortly(failure))
        round_trips, pushed = time.now, cloud.forget()
        warm = _first_build(engine, cloud, time, delivery.specs[0].targets)
        ends = [
            _end(new_engine(time)[0], cloud, time, run)  # in a process that remembers nothing of the rollout
            for run in _runs(store, delivery.specs[0].rollout)[:: max(number // BUILD_ENDS, 1)][:BUILD_ENDS]
        ]
        ended, trips = max(ends, key=lambda each: each[0].read_units)
        return RolloutFigures(number, pushed, round_trips, warm, ended, trips)


@dataclass(frozen=True)
class PlaceFigures:
    """A wave with `max_parallel`: the end of a build, and the start of the next one that follows from it."""

    targets: int
    pushed: Tally  # until the first targets run and the turns of the others are listed
    ended: Tally  # the worst of a few
    round_trips: int


def measure_places(number: int, regions: int = 20) -> PlaceFigures:
    """Measure a rollout of `number` targets, a few at a time."""
    with in_virtual_time() as time, counted_cloud(time.round_trip, lambda: time.now) as cloud:
        engine, store = new_engine(time)
        _store_what_a_used_table_has(store, number, regions)
        plan = RolloutPlan(waves=(Wave(max_parallel=IN_PARALLEL),))
        delivery = push(targets(number, regions), plan=plan)
        engine.reconcile(engine.accept(delivery, "m-1"))
        pushed = cloud.forget()
        running = _runs(store, delivery.specs[0].rollout)
        assert len(running) == IN_PARALLEL  # else there is nothing to measure
        ends = [_end(new_engine(time)[0], cloud, time, run) for run in running[:BUILD_ENDS]]
        assert len(_runs(store, delivery.specs[0].rollout)) == IN_PARALLEL + len(ends)
        ended, trips = max(ends, key=lambda each: each[0].read_units)
        return PlaceFigures(number, pushed, ended, trips)


def _store_what_a_used_table_has(store: DynamoRollouts, number: int, regions: int) -> None:
    """An item that is not there costs a read unit on AWS, and none in the emulator."""
    store.commit(Transition(freezes=Freezes()))
    for target in targets(number, regions)[: IN_PARALLEL + BUILD_ENDS]:
        store.commit(Transition(queues=(TargetQueue(name=target.name),)))


def new_engine(time: VirtualTime) -> tuple[Engine, DynamoRollouts]:
    """An engine of a process that remembers nothing, and its store."""
    began = datetime.now(UTC)

    def clock() -> datetime:
        return began + time.now * ROUND_TRIP

    dynamodb = aws_client("dynamodb")
    store = DynamoRollouts(dynamodb, ROLLOUTS, AUDIT)
    builds = CodeBuilds("pointsman-start", dict.fromkeys(Mode, "pointsman"), "bench")
    return Engine(store, DynamoTrail(dynamodb, AUDIT), builds, clock, alarms=MemoryAlarms()), store


def _first_build(engine: Engine, cloud: CountedCloud, time: VirtualTime, to: tuple[Target, ...]) -> int:
    """The round trips from a push of another route to its first StartBuild, on free targets in the same regions."""
    others = tuple(target.replace(name=TargetName(f"{target.name}-other")) for target in to)
    cloud.forget()
    before = time.now
    engine.reconcile(engine.accept(push(others, 2, "other"), "m-2"))
    return cloud.forget().started[0] - before


def _runs(store: DynamoRollouts, rollout: RolloutId) -> list[Run]:
    loaded = store.load(rollout)
    return list(loaded[1]) if loaded else []


def _end(engine: Engine, cloud: CountedCloud, time: VirtualTime, run: Run) -> tuple[Tally, int]:
    """The build of `run` ends, and CodeBuild reports it."""
    now = datetime.now(UTC)
    report = BuildReport(arn=str(run.build_arn), state=RunState.SUCCEEDED, started_at=now, ended_at=now)
    cloud.forget()
    before = time.now
    engine.build_ended(run.rollout, run.target.name, run.attempt, report)
    return cloud.forget(), time.now - before


def _shortly(failure: Exception) -> str:
    text = str(failure.__cause__ or failure).splitlines()[0]
    return f"{type(failure).__name__}: {text[:200]}"
