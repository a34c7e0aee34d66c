"""A run by hand on some targets may leave a wave without any: it is passed, and its gate still counts."""

import pytest

from pointsman.core.model import RolloutState, TargetName
from pointsman.core.rollout_facts import WaitKind
from pointsman.core.rollout_plan import Wave
from pointsman.core.trail.wave_events import WaveStarted
from tests.support.plans import APPROVAL, WavesWorld, gated, waved

DEV, PROD = TargetName("dev/eu-west-1"), TargetName("prod/eu-west-1")


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


def test_a_rollout_ends_although_a_later_wave_has_no_target(world: WavesWorld) -> None:
    rollout = world.push(waved((DEV,), ()))
    world.finish_all(rollout, DEV)
    stored = world.rollout(rollout)
    assert (stored.state, stored.wait) == (RolloutState.SUCCEEDED, None)
    assert [event.wave for event in world.events(rollout) if isinstance(event, WaveStarted)] == [1]


def test_an_earlier_wave_without_targets_is_passed_at_once(world: WavesWorld) -> None:
    rollout = world.push(waved((), (), (PROD,)))
    assert world.started(rollout) == {PROD}
    world.finish_all(rollout, PROD)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


@pytest.mark.parametrize("soak", [0, 600])
def test_the_gate_of_an_earlier_wave_without_targets_still_counts(world: WavesWorld, soak: int) -> None:
    policies: dict[int, Wave] = {0: gated(soak_seconds=soak, approval=APPROVAL)}
    rollout = world.push(waved((), (PROD,), policies=policies))
    world.pass_by(minutes=11)
    wait = world.rollout(rollout).wait
    assert (world.started(rollout), wait and wait.kind) == (set(), WaitKind.APPROVAL)


def test_nobody_has_to_approve_what_nothing_follows(world: WavesWorld) -> None:
    rollout = world.push(waved((DEV,), (), policies={0: gated(approval=APPROVAL)}))
    world.finish_all(rollout, DEV)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED
