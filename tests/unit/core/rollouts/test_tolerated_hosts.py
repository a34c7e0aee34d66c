"""A wave tolerates some hosts: by their number at once, by their share when all hosts of the wave are known."""

import pytest

from pointsman.core.model import RolloutId, RolloutState, TargetName
from pointsman.core.rollout_plan import Amount, Tolerance, Wave
from tests.support.commands import People
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


def retry_of_two(world: WavesWorld, statuses: dict[str, str]) -> RolloutId:
    """A rollout in which two of ten hosts failed, and were repeated with this result; 10% may."""
    policy = Wave(tolerate=Tolerance(failed_hosts=TEN_PERCENT))
    rollout = world.push(waved((TEN[0],), (NEXT,), policies={0: policy}))
    world.fail_hosts(rollout, TEN[0], {f"web-{number}": "failed" if number < 2 else "ok" for number in range(10)})
    assert halt(world, rollout) == "wave 1 failed: 2 of 10 hosts failed, and 10% may"
    world.clock.pass_by(minutes=1)
    People(world).retry(rollout, failed_hosts=True)
    assert world.run(rollout, TargetName(TEN[0])).hosts == ("web-0", "web-1")
    world.fail_hosts(rollout, TEN[0], statuses)
    return rollout


def test_after_a_retry_of_some_hosts_the_others_count_as_before(world: WavesWorld) -> None:
    rollout = retry_of_two(world, {"web-0": "ok", "web-1": "failed"})
    assert halt(world, rollout) is None
    assert NEXT in world.started(rollout)


@pytest.mark.parametrize(
    ("statuses", "reason"),
    [
        ({"web-0": "failed", "web-1": "failed"}, "2 of 10 hosts failed, and 10% may"),
        ({"web-0": "ok", "web-1": "ok"}, f"{TEN[0]} failed, although no host did"),
        ({}, f"{TEN[0]} failed, although no host did"),
    ],
)
def test_a_retry_of_some_hosts_that_failed_again_halts(
    world: WavesWorld, statuses: dict[str, str], reason: str
) -> None:
    rollout = retry_of_two(world, statuses)
    assert halt(world, rollout) == f"wave 1 failed: {reason}"


def test_a_retry_of_some_hosts_that_succeeded_leaves_the_share_of_the_others(world: WavesWorld) -> None:
    policy = Wave(tolerate=Tolerance(failed_hosts=Amount(number=20, is_percentage=True)))
    rollout = world.push(waved(TEN[:2], (NEXT,), policies={0: policy}))
    for name in TEN[:2]:
        world.fail_hosts(rollout, name, {"web-0": "failed", "web-1": "ok", "web-2": "ok", "web-3": "ok"})
    world.clock.pass_by(minutes=1)
    People(world).retry(rollout, TargetName(TEN[0]), failed_hosts=True)
    world.report_hosts(rollout, TEN[0], {"web-0": "ok"})
    world.finish_all(rollout, TEN[0])
    assert NEXT in world.started(rollout)  # 1 of 8 hosts failed, not 1 of 5


def test_the_reason_does_not_say_that_a_target_failed_whose_results_are_missing(world: WavesWorld) -> None:
    policy = Wave(tolerate=Tolerance(failed_hosts=TEN_PERCENT))
    rollout = world.push(waved(TEN[:2], (NEXT,), policies={0: policy}))
    world.finish_all(rollout, TEN[0])  # it succeeded, and its results never arrive
    world.fail_hosts(rollout, TEN[1], {"web-1": "failed"})
    world.pass_by(minutes=11)
    assert halt(world, rollout) == f"wave 1 failed: the results of hosts on {TEN[0]} are missing"
