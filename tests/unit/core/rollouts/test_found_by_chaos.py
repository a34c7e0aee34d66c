"""Sequences that the state machine of test_chaos.py found, and that once broke a law."""

from datetime import timedelta

import pytest

from pointsman.core.delivery import Delivery
from pointsman.core.model import RolloutState, RunState, TargetName
from pointsman.core.ports import AlarmState
from pointsman.core.rollout_facts import WaitKind
from pointsman.core.rollout_plan import Amount, FreezeWindow, Gate, RolloutPlan, Tolerance, Wave
from pointsman.core.rollouts.commands.forms import HoldRollout, Resume, RollBack
from pointsman.core.trail.command_events import CommandRefused
from pointsman.core.trail.events import RolloutRepeated
from pointsman.core.trail.wave_events import GateEvaluated, GateOutcome
from tests.support.commands import People
from tests.support.plans import ALARM, WavesWorld, gated, waved
from tests.support.rollouts import MORNING, delivery

DEV, PROD, EAST = "dev/eu-west-1", "prod/eu-west-1", "prod/us-east-1"
NOON = FreezeWindow(cron="0 12 * * *", seconds=3600, time_zone="UTC")


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


@pytest.fixture
def people(world: WavesWorld) -> People:
    return People(world)


def again(pushed: Delivery, world: WavesWorld, name: str = "d-again") -> Delivery:
    """The same commit, pushed again at this moment."""
    change = pushed.change.replace(before="9" * 40)
    return pushed.replace(id=name, received_at=world.clock(), change=change)


def test_a_wave_without_targets_is_passed(world: WavesWorld) -> None:
    """They may have left the route. `all()` of nothing was taken for a freeze of all."""
    pushed = waved((DEV,), (PROD,), (EAST,))
    [spec] = pushed.specs
    rollout = world.push(pushed.replace(specs=(spec.replace(targets=spec.targets[:2]),)))
    world.finish_all(rollout, DEV)
    world.finish_all(rollout, PROD)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_a_run_that_left_its_queue_in_a_freeze_has_a_recorded_wait(world: WavesWorld) -> None:
    first = world.push(delivery(DEV, route="base"))
    world.clock.pass_by(hours=4, minutes=-1)
    plan = RolloutPlan(freezes=(NOON,))
    pushed = delivery(DEV, PROD, commit="2" * 40, name="d-2", at=world.clock())
    rollout = world.push(pushed.replace(specs=(pushed.specs[0].replace(plan=plan),)))
    world.finish_all(rollout, PROD)
    world.clock.pass_by(minutes=2)
    world.finish_all(first, DEV)
    world.engine.sweep()
    assert world.run(rollout, TargetName(DEV)).state is RunState.WAITING
    wait = world.rollout(rollout).wait
    assert wait
    assert (wait.kind, wait.until) == (WaitKind.FREEZE, MORNING + timedelta(hours=5))


def test_a_gate_stays_open_when_the_commit_is_pushed_again(world: WavesWorld) -> None:
    pushed = waved((DEV,), (PROD,), policies={0: gated(soak_seconds=600)})
    rollout = world.push(pushed)
    world.finish_all(rollout, DEV)
    world.later()
    world.push(again(pushed, world))
    gate = world.rollout(rollout).gate
    assert gate
    assert gate.opened_at == MORNING
    world.pass_by(minutes=9)
    assert world.started(rollout) == {DEV, PROD}


def test_a_gate_is_evaluated_anew_after_a_cancellation_is_voided(world: WavesWorld, people: People) -> None:
    """Its evaluations are numbered by round, so that the trail has all of them."""
    people.waits = True
    pushed = waved((DEV,), (PROD,), policies={0: gated(soak_seconds=600)})
    rollout = world.push(pushed)
    world.finish_all(rollout, DEV)
    people.cancel(rollout)
    world.later()
    world.push(again(pushed, world))
    world.pass_by(minutes=10)
    evaluated = [event for event in world.events(rollout) if isinstance(event, GateEvaluated)]
    assert [(event.round, event.number, event.outcome) for event in evaluated] == [
        (1, 1, GateOutcome.WAITING),
        (2, 1, GateOutcome.WAITING),
        (2, 2, GateOutcome.PASSED),
    ]


def test_what_runs_again_after_a_push_keeps_to_max_parallel(world: WavesWorld, people: People) -> None:
    pushed = waved((DEV, PROD), policies={0: Wave(max_parallel=1)})
    rollout = world.push(pushed)
    people.cancel(rollout)
    world.later()
    world.push(again(pushed, world))  # while the build in DEV is still stopping
    world.finish_all(rollout, DEV, state=RunState.STOPPED)
    world.engine.sweep()
    assert len([arn for arn, build in world.builds.builds.items() if not build.state.ended]) == 1


def test_what_runs_again_after_a_push_is_not_lost_in_a_hold(world: WavesWorld, people: People) -> None:
    pushed = waved((DEV,))
    rollout = world.push(pushed)
    people.cancel(rollout)
    world.later()
    world.push(again(pushed, world))
    people.send(HoldRollout, rollout=rollout)
    world.finish_all(rollout, DEV, state=RunState.STOPPED)
    world.engine.sweep()
    assert world.rollout(rollout).state is RolloutState.OPEN

    people.send(Resume, rollout=rollout)
    world.finish_all(rollout, DEV)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_a_delayed_start_waits_for_the_end_of_a_freeze(world: WavesWorld) -> None:
    """Its region was throttled when the freeze began, and works again in the middle of it."""
    world.builds.throttles[DEV] = "ThrottlingException"
    world.clock.pass_by(hours=3, minutes=50)
    rollout = world.push(waved((DEV,), freezes=(NOON,), at=world.clock()))
    world.clock.pass_by(minutes=11)
    world.builds.throttles.clear()
    world.engine.sweep()
    assert world.builds.started == []
    wait = world.rollout(rollout).wait
    assert wait
    assert wait.kind is WaitKind.FREEZE


def test_a_hold_that_comes_with_the_start_is_kept(world: WavesWorld, people: People) -> None:
    """Somebody holds the rollout between the write that acquires its target and StartBuild."""
    people.waits = True
    versions = world.store.versions

    def held_meanwhile(rollout: str) -> tuple[int, int]:
        world.store.versions = versions  # type: ignore[method-assign]
        people.send(HoldRollout, rollout=rollout)
        return versions(rollout)  # type: ignore[arg-type]

    world.store.versions = held_meanwhile  # type: ignore[method-assign, assignment]
    rollout = world.push(waved((DEV,)))
    world.pass_by(minutes=5)
    assert world.builds.started == []

    people.send(Resume, rollout=rollout)
    world.pass_by(minutes=5)
    assert world.started(rollout) == {DEV}


def test_nothing_starts_in_the_pass_that_halts(world: WavesWorld) -> None:
    """A region that was down works again at the moment at which an alarm halts the rollout."""
    tolerant = Wave(tolerate=Tolerance(unavailable_targets=Amount(number=1)), after=Gate(alarms=(ALARM,)))
    world.builds.throttles[PROD] = "ThrottlingException"
    world.alarms.set(ALARM, AlarmState.ALARM)
    rollout = world.push(waved((DEV, PROD), (EAST,), policies={0: tolerant}))
    world.finish_all(rollout, DEV)
    world.builds.throttles.clear()
    world.pass_by(minutes=16)
    assert world.started(rollout) == {DEV}
    assert world.runs(rollout)[TargetName(PROD)].state is RunState.SKIPPED


def test_no_rollback_goes_to_a_commit_that_failed_when_it_ran_again(world: WavesWorld, people: People) -> None:
    """The rollout of the commit had succeeded there; the rollback to it did not."""
    good = world.push(waved((DEV,)))
    world.finish_all(good, DEV)
    for commit in ("2" * 40, "3" * 40):
        world.later()
        bad = world.push(waved((DEV,), commit=commit, at=world.clock()))
        world.finish_all(bad, DEV)
        event = people.send(RollBack, rollout=bad)
        for arn in [arn for arn, build in world.builds.builds.items() if not build.state.ended]:
            world.builds.finish(arn, RunState.FAILED)
        world.pass_by(minutes=5)
    assert isinstance(event, CommandRefused)
    assert event.reason.endswith("no earlier commit of the route that succeeded there is known")


def test_a_target_that_left_the_route_is_not_said_to_be_retried(world: WavesWorld) -> None:
    world.builds.refuses[PROD] = "there is no project"
    rollout = world.push(delivery(DEV, PROD))
    world.finish_all(rollout, DEV)
    world.later()
    world.push(again(delivery(DEV), world))
    assert world.rollout(rollout).attempts == {}
    [event] = [event for event in world.events(rollout) if isinstance(event, RolloutRepeated)]
    assert event.retried == ()
