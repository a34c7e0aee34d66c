"""`on_failure: rollback` is for a rollout that failed: not for what is tolerated, nor for what a person ended."""

import pytest

from pointsman.core.model import RolloutId, RolloutState, RunState
from pointsman.core.rollout_plan import Amount, OnFailure, Tolerance, Wave
from tests.support.commands import People
from tests.support.plans import WavesWorld, waved

DEV, PROD = "dev/eu-west-1", "prod/eu-west-1"
GOOD, HEALTHY, BAD = "a" * 40, "c" * 40, "b" * 40


@pytest.fixture
def world() -> WavesWorld:
    """A world in which both targets have a commit to which they could go back."""
    world = WavesWorld()
    good = world.push(waved((DEV, PROD), commit=GOOD))
    world.finish_all(good, DEV, PROD)
    world.clock.pass_by(minutes=5)
    return world


def push(world: WavesWorld, policy: Wave | None = None) -> RolloutId:
    policies = {0: policy} if policy else {}
    sent = waved((DEV,), (PROD,), commit=BAD, at=world.clock(), on_failure=OnFailure.ROLLBACK, policies=policies)
    return world.push(sent)


def test_a_failure_that_the_wave_tolerates_rolls_nothing_back(world: WavesWorld) -> None:
    rollout = push(world, Wave(tolerate=Tolerance(failed_hosts=Amount(number=1))))
    world.fail_hosts(rollout, DEV, {"web-1": "failed", "web-2": "ok"})
    world.finish_all(rollout, PROD)
    stored = world.rollout(rollout)
    assert (stored.state, stored.rollback) == (RolloutState.FAILED, None)


def test_a_failure_beyond_that_rolls_back(world: WavesWorld) -> None:
    rollout = push(world, Wave(tolerate=Tolerance(failed_hosts=Amount(number=1))))
    world.fail_hosts(rollout, DEV, {"web-1": "failed", "web-2": "failed"})
    assert world.rollout(rollout).rollback


def test_it_goes_back_to_a_commit_whose_failed_hosts_were_retried(world: WavesWorld) -> None:
    healthy = world.push(waved((DEV,), (PROD,), commit=HEALTHY, at=world.clock()))
    world.finish_all(healthy, DEV)
    world.fail_hosts(healthy, PROD, {"web-1": "ok", "web-2": "failed"})
    People(world).retry(healthy, failed_hosts=True)
    world.finish_all(healthy, PROD)
    world.clock.pass_by(minutes=5)
    rollout = push(world)
    world.finish_all(rollout, DEV)
    world.finish_all(rollout, PROD, state=RunState.FAILED)
    rollback = world.rollout(rollout).rollback
    assert rollback
    assert {part.commit: part.targets for part in rollback.parts} == {HEALTHY: (DEV, PROD)}


@pytest.mark.parametrize("has_waves", [True, False])
def test_what_a_person_cancelled_is_not_rolled_back(world: WavesWorld, has_waves: bool) -> None:
    sent = waved((DEV, PROD), commit=BAD, at=world.clock(), on_failure=OnFailure.ROLLBACK)
    [spec] = sent.specs
    assert spec.plan
    plan = spec.plan if has_waves else spec.plan.replace(waves=())
    rollout = world.push(sent.replace(specs=(spec.replace(plan=plan),)))
    People(world).cancel(rollout)
    world.finish_all(rollout, DEV, state=RunState.FAILED)
    world.finish_all(rollout, PROD, state=RunState.STOPPED)
    stored = world.rollout(rollout)
    assert (stored.state, stored.rollback) == (RolloutState.FAILED, None)
