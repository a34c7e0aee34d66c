"""A wave tolerates some hosts: by their number at once, by their share when all hosts of the wave are known."""

import pytest

from pointsman.core.model import RolloutId, RolloutState
from pointsman.core.rollout_plan import Amount, Tolerance, Wave
from tests.support.plans import WavesWorld, waved

TEN = tuple(f"dev/eu-west-{number}" for number in range(1, 11))
NEXT = "prod/us-east-1"
TEN_PERCENT = Amount(number=10, is_percentage=True)


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


def push(world: WavesWorld, max_parallel: int | None = None, **tolerate: Amount) -> RolloutId:
    """A first wave of ten targets, with one host each."""
    policy = Wave(max_parallel=max_parallel, tolerate=Tolerance(**tolerate))
    return world.push(waved(TEN, (NEXT,), policies={0: policy}))


def succeed(world: WavesWorld, rollout: RolloutId, *names: str) -> None:
    for name in names:
        world.report_hosts(rollout, name, {"h": "ok"})
        world.finish_all(rollout, name)


def halt(world: WavesWorld, rollout: RolloutId) -> str | None:
    stored = world.rollout(rollout).halt
    return stored.reason if stored else None


@pytest.mark.parametrize("max_parallel", [None, 2])
def test_a_share_is_that_of_all_hosts_of_the_wave(world: WavesWorld, max_parallel: int | None) -> None:
    rollout = push(world, max_parallel, unreachable_hosts=TEN_PERCENT)
    world.fail_hosts(rollout, TEN[0], {"h": "unreachable"})
    assert halt(world, rollout) is None
    succeed(world, rollout, *TEN[1:])
    assert NEXT in world.started(rollout)


def test_a_share_that_is_exceeded_halts_when_the_wave_is_over(world: WavesWorld) -> None:
    rollout = push(world, failed_hosts=TEN_PERCENT)
    world.fail_hosts(rollout, TEN[0], {"h": "failed"})
    world.fail_hosts(rollout, TEN[1], {"h": "failed"})
    assert halt(world, rollout) is None
    succeed(world, rollout, *TEN[2:])
    assert halt(world, rollout) == "wave 1 failed: 2 of 10 hosts failed, and 10% may"
    assert world.rollout(rollout).state is RolloutState.FAILED


@pytest.mark.parametrize(
    ("failed_hosts", "reason"),
    [
        (Amount(number=1), "wave 1 failed: 2 of 2 hosts failed, and 1 may"),
        (Amount(number=0, is_percentage=True), "wave 1 failed: 1 of 1 hosts failed, and 0% may"),
    ],
)
def test_a_number_is_judged_at_once(world: WavesWorld, failed_hosts: Amount, reason: str) -> None:
    rollout = push(world, 2, failed_hosts=failed_hosts, unreachable_hosts=TEN_PERCENT)
    world.fail_hosts(rollout, TEN[0], {"h": "failed"})
    if halt(world, rollout) is None:
        world.fail_hosts(rollout, TEN[1], {"h": "failed"})
    assert halt(world, rollout) == reason
    assert world.started(rollout) < set(TEN)


def test_a_run_that_failed_although_no_host_did_halts_at_once(world: WavesWorld) -> None:
    rollout = push(world, failed_hosts=TEN_PERCENT)
    world.fail_hosts(rollout, TEN[0], {"h": "ok"})
    assert halt(world, rollout) == f"wave 1 failed: {TEN[0]} failed, although no host did"
