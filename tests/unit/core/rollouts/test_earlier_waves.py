"""What happens in an earlier wave, after the next one has begun, counts as well."""

from typing import Any

import pytest

from pointsman.core.model import RolloutId, RolloutState, RunState, TargetName
from pointsman.core.rollout_plan import Amount, Tolerance, Wave
from pointsman.core.trail.wave_events import RolloutHalted
from tests.support.commands import People
from tests.support.plans import WavesWorld, waved

DEV, CANARY, REST, LAST = "dev/eu-west-1", "prod/eu-west-1", "prod/us-east-1", "prod/ca-central-1"
ONE = Amount(number=1)


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


def push(world: WavesWorld, **tolerate: Amount) -> RolloutId:
    """Three waves; one target of the first may be unavailable."""
    policy = Wave(tolerate=Tolerance(unavailable_targets=ONE, **tolerate))
    return world.push(waved((DEV, CANARY), (REST,), (LAST,), policies={0: policy}))


def in_second_wave(world: WavesWorld, **tolerate: Amount) -> RolloutId:
    """A rollout whose second wave has begun, while the region of DEV is down."""
    world.builds.throttles[DEV] = "throttled"
    rollout = push(world, **tolerate)
    world.finish_all(rollout, CANARY)
    world.pass_by(minutes=16)
    assert world.started(rollout) == {CANARY, REST}
    return rollout


def region_recovers(world: WavesWorld) -> None:
    world.builds.throttles.clear()
    world.pass_by(minutes=5)


def test_a_failure_in_a_wave_that_was_passed_halts_the_rollout(world: WavesWorld) -> None:
    rollout = in_second_wave(world)
    region_recovers(world)
    world.finish_all(rollout, DEV, state=RunState.FAILED)
    [halted] = [event for event in world.events(rollout) if isinstance(event, RolloutHalted)]
    assert (halted.reason, halted.wave, halted.not_started) == ("wave 1 failed: dev/eu-west-1 failed", 2, (LAST,))
    world.finish_all(rollout, REST)
    assert world.rollout(rollout).state is RolloutState.FAILED
    assert LAST not in world.started(rollout)


@pytest.mark.parametrize(("hosts", "goes_on"), [(("failed", "ok"), True), (("failed", "failed"), False)])
def test_what_the_earlier_wave_tolerates_does_not_halt(
    world: WavesWorld, hosts: tuple[str, str], goes_on: bool
) -> None:
    rollout = in_second_wave(world, failed_hosts=ONE)
    region_recovers(world)
    world.fail_hosts(rollout, DEV, {f"web-{number}": status for number, status in enumerate(hosts)})
    world.finish_all(rollout, REST)
    assert (LAST in world.started(rollout)) is goes_on


def test_results_of_an_earlier_wave_are_waited_for(world: WavesWorld) -> None:
    rollout = in_second_wave(world, failed_hosts=ONE)
    region_recovers(world)
    world.finish_all(rollout, DEV, state=RunState.FAILED)
    world.finish_all(rollout, REST)
    wait = world.rollout(rollout).wait
    assert wait
    assert wait.reason == "the results of hosts on dev/eu-west-1 have not arrived"
    assert LAST not in world.started(rollout)
    world.report_hosts(rollout, DEV, {"web-1": "failed"})
    world.pass_by(minutes=5)
    assert LAST in world.started(rollout)


def test_a_retry_in_an_earlier_wave_runs_before_the_newest_is_judged_again(world: WavesWorld) -> None:
    policy = Wave(tolerate=Tolerance(failed_hosts=ONE))
    rollout = world.push(waved((DEV,), (REST,), (LAST,), policies={0: policy}))
    world.fail_hosts(rollout, DEV, {"web-1": "failed"})
    world.finish_all(rollout, REST, state=RunState.FAILED)
    world.clock.pass_by(minutes=1)
    People(world).retry(rollout, TargetName(DEV))
    assert world.run(rollout, TargetName(DEV)).state is RunState.RUNNING
    assert world.rollout(rollout).halt is None
    world.finish_all(rollout, DEV)
    halt = world.rollout(rollout).halt
    assert halt
    assert halt.reason == "wave 2 failed: prod/us-east-1 failed"


def test_a_wave_that_was_passed_is_not_read_again(world: WavesWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = Wave(tolerate=Tolerance(failed_hosts=ONE))
    rollout = world.push(waved((DEV,), (CANARY, REST), (LAST,), policies={0: policy, 1: Wave(max_parallel=1)}))
    world.fail_hosts(rollout, DEV, {"web-1": "failed"})
    reads: list[Any] = []
    monkeypatch.setattr(world.trail, "with_key", lambda *key: reads.append(key))
    world.finish_all(rollout, CANARY, REST)
    world.pass_by(minutes=5)
    assert LAST in world.started(rollout)
    assert reads == []


def test_a_region_that_is_down_until_the_end_stays_tolerated(world: WavesWorld) -> None:
    rollout = in_second_wave(world)
    world.pass_by(hours=8)
    assert world.run(rollout, TargetName(DEV)).state is RunState.REFUSED
    assert world.rollout(rollout).halt is None
    world.finish_all(rollout, REST)
    world.finish_all(rollout, LAST)
    assert world.rollout(rollout).state is RolloutState.FAILED


def test_a_refusal_is_not_tolerated_as_a_region_that_is_down(world: WavesWorld) -> None:
    rollout = in_second_wave(world)
    world.builds.throttles.clear()
    world.builds.refuses[TargetName(DEV)] = "access denied"
    world.pass_by(minutes=5)
    halt = world.rollout(rollout).halt
    assert halt
    assert halt.reason == "wave 1 failed: dev/eu-west-1: access denied"
