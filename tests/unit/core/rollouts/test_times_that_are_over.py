"""A time that is over gives no more: what people can do does not depend on when the sweep comes."""

import pytest

from pointsman.core.model import RolloutId, RolloutState, RunState
from pointsman.core.rollout_facts import HaltKind, WaitKind
from pointsman.core.rollouts.commands.forms import Approve, HoldRollout, Resume
from pointsman.core.trail.command_events import CommandEvent, CommandRefused, RolloutHeld, RolloutRetried
from tests.support.commands import People
from tests.support.plans import ALARM, APPROVAL, KOFI, WavesWorld, gated, people, waved
from tests.support.rollouts import COMMIT, delivery

DEV, PROD = "dev/eu-west-1", "prod/eu-west-1"


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


@pytest.fixture
def ops(world: WavesWorld) -> People:
    return People(world, people())


def at_gate(world: WavesWorld) -> RolloutId:
    rollout = world.push(waved((DEV,), (PROD,), policies={0: gated(approval=APPROVAL)}))
    world.finish_all(rollout, DEV)
    return rollout


def refusal(event: CommandEvent) -> str:
    assert isinstance(event, CommandRefused)
    return event.reason


def halts(what: str) -> str:
    return f"{what} is over, and the rollout halts with the next sweep: retry it then"


def test_a_hold_brings_no_time_for_an_approval_back(world: WavesWorld, ops: People) -> None:
    rollout = at_gate(world)
    world.clock.pass_by(hours=24, minutes=3)
    ops.waits = True
    assert refusal(ops.send(HoldRollout, rollout=rollout)) == halts("the time for an approval")
    assert refusal(ops.send(Approve, caller=KOFI, rollout=rollout, wave=1, commit=COMMIT)).startswith("the time for")
    assert refusal(ops.send(Resume, rollout=rollout, override_freeze=True, reason="x")) == halts(
        "the time for an approval"
    )
    world.pass_by(minutes=2)
    halt = world.rollout(rollout).halt
    assert halt
    assert halt.kind is HaltKind.EXPIRED
    assert isinstance(ops.retry(rollout), RolloutRetried)


def test_a_hold_in_time_still_keeps_the_time(world: WavesWorld, ops: People) -> None:
    rollout = at_gate(world)
    world.clock.pass_by(hours=23, minutes=59)
    assert isinstance(ops.send(HoldRollout, rollout=rollout), RolloutHeld)


def test_what_is_approved_or_waits_for_nothing_can_be_held_at_any_time(world: WavesWorld, ops: People) -> None:
    policies = {0: gated(approval=APPROVAL, soak_seconds=60), 1: gated(approval=APPROVAL, soak_seconds=3600)}
    rollout = world.push(waved((DEV,), (PROD,), policies=policies))
    world.finish_all(rollout, DEV)
    ops.waits = True
    ops.send(Approve, caller=KOFI, rollout=rollout, wave=1, commit=COMMIT)
    world.clock.pass_by(hours=25)
    assert isinstance(ops.send(HoldRollout, rollout=rollout), RolloutHeld)
    ops.waits = False
    ops.send(Resume, rollout=rollout)
    world.finish_all(rollout, PROD)
    world.clock.pass_by(hours=26)
    assert isinstance(ops.send(HoldRollout, rollout=rollout), RolloutHeld)  # nothing is left that needs an approval


def test_a_hold_that_has_ended_is_not_resumed(world: WavesWorld, ops: People) -> None:
    rollout = at_gate(world)
    ops.send(HoldRollout, rollout=rollout, seconds=3600)
    world.clock.pass_by(hours=1)
    assert refusal(ops.send(Resume, rollout=rollout)) == halts("its hold")
    assert refusal(ops.send(HoldRollout, rollout=rollout)) == halts("its hold")
    world.engine.sweep()
    assert world.rollout(rollout).halt


def test_a_retry_in_a_hold_that_has_ended_would_be_in_vain(world: WavesWorld, ops: People) -> None:
    rollout = world.push(delivery(DEV, PROD))
    world.finish_all(rollout, DEV, state=RunState.FAILED)
    ops.send(HoldRollout, rollout=rollout, seconds=3600)
    world.clock.pass_by(hours=1)
    assert refusal(ops.retry(rollout)) == halts("its hold")
    world.engine.sweep()
    world.finish_all(rollout, PROD)
    assert isinstance(ops.retry(rollout), RolloutRetried)


def test_no_command_brings_time_for_alarms_back(world: WavesWorld, ops: People) -> None:
    rollout = world.push(waved((DEV,), (PROD,), policies={0: gated(alarms=(ALARM,))}))
    world.finish_all(rollout, DEV)
    began = world.rollout(rollout).wait
    assert began
    assert began.kind is WaitKind.ALARMS
    world.clock.pass_by(minutes=30)
    ops.send(Resume, rollout=rollout, override_freeze=True, reason="hotfix")
    assert world.rollout(rollout).wait == began
    world.clock.pass_by(minutes=30)
    assert refusal(ops.send(HoldRollout, rollout=rollout)) == (
        "the time for alarms that cannot be read is over: the next sweep reads them once more, or halts the rollout"
    )
    world.engine.sweep()
    assert world.rollout(rollout).state is RolloutState.FAILED
