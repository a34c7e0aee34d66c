"""A rollout that was cancelled or halted half-way goes on with `retry`."""

import pytest

from pointsman.core.model import RolloutState, TargetName, WhenBusy
from pointsman.core.trail.command_events import CommandRefused, RolloutRetried
from tests.support.commands import People
from tests.support.plans import APPROVAL, WavesWorld, gated, people, waved

DEV, PROD, EAST = "dev/eu-west-1", "prod/eu-west-1", "prod/us-east-1"


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


def test_one_that_was_cancelled_at_its_gate_comes_to_the_gate_again(world: WavesWorld) -> None:
    rollout = world.push(waved((DEV,), (PROD,), policies={0: gated(approval=APPROVAL)}))
    world.finish_all(rollout, DEV)
    sender = People(world, people())
    sender.cancel(rollout)
    assert world.rollout(rollout).state is RolloutState.CANCELLED

    event = sender.retry(rollout)
    assert isinstance(event, RolloutRetried)
    stored = world.rollout(rollout)
    assert (event.retried, stored.state, stored.round) == ((), RolloutState.OPEN, 2)
    assert stored.gate
    assert world.started(rollout) == {DEV}


def test_one_that_was_cancelled_before_its_first_wave_starts_it(world: WavesWorld) -> None:
    sender = People(world)
    older = world.push(waved((DEV,), (PROD,), when_busy=WhenBusy.QUEUE))
    rollout = world.push(waved((DEV,), (PROD,), commit="2" * 40, at=world.later(), when_busy=WhenBusy.QUEUE))
    sender.cancel(rollout)
    world.finish_all(older, DEV)
    world.finish_all(older, PROD)
    assert isinstance(sender.retry(rollout), RolloutRetried)
    assert world.started(rollout) == {DEV}


def test_targets_that_have_no_run_yet_start_with_their_wave(world: WavesWorld) -> None:
    rollout = world.push(waved((DEV,), (PROD,), (EAST,)))
    world.finish_all(rollout, DEV)
    sender = People(world)
    sender.cancel(rollout)
    world.finish_all(rollout, PROD)
    assert world.rollout(rollout).state is RolloutState.CANCELLED
    refused = sender.retry(rollout, TargetName(EAST))
    assert isinstance(refused, CommandRefused)
    assert refused.reason == f"the rollout has no run on {EAST}: it starts with its wave"
    sender.retry(rollout)
    assert world.started(rollout) == {DEV, PROD, EAST}
