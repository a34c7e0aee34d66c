"""A region that does not answer is asked again after pauses that grow, and others go on."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from pointsman.core.model import RolloutId, RolloutState, RunState, TargetName
from pointsman.core.rollout_plan import Amount, Tolerance, Wave
from pointsman.errors import Unavailable
from tests.support.commands import People
from tests.support.plans import WavesWorld, waved
from tests.support.rollouts import delivery
from tests.support.world import DEV, PROD

REST = TargetName("prod/us-east-1")


class Asked:
    """When the engine asked CodeBuild about a build that is not there yet, in minutes."""

    def __init__(self, world: WavesWorld) -> None:
        self.world, self.begin, self.minutes = world, world.clock(), list[int]()
        world.builds.start = self._noted(world.builds.start)  # type: ignore[method-assign]
        world.builds.find = self._noted(world.builds.find)  # type: ignore[method-assign]

    def _noted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any) -> Any:
            self.minutes.append(round((self.world.clock() - self.begin) / timedelta(minutes=1)))
            return call(*given)

        return noted


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


def push(world: WavesWorld, *targets: str, **about: Any) -> RolloutId:
    incoming = delivery(*targets, **about)
    with suppress(Unavailable):
        world.push(incoming)
    return incoming.specs[0].rollout


def sweeps(world: WavesWorld, minutes: int) -> None:
    """Sweep every 5 minutes for some time."""
    for _ in range(minutes // 5):
        world.clock.pass_by(minutes=5)
        with suppress(Unavailable):
            world.new_engine().sweep()


def test_the_pauses_grow_to_an_hour(world: WavesWorld) -> None:
    world.builds.silent.add(DEV)
    asked = Asked(world)
    rollout = push(world, DEV)
    sweeps(world, 8 * 60)
    assert asked.minutes == [0, 5, 10, 20, 40, 80, *range(140, 8 * 60, 60)]
    assert world.run(rollout, DEV).state is RunState.STARTING


def test_an_answer_ends_the_pauses(world: WavesWorld) -> None:
    world.builds.silent.add(DEV)
    rollout = push(world, DEV)
    sweeps(world, 40)
    backoff = world.run(rollout, DEV).backoff
    assert backoff
    assert (backoff.failures, backoff.until) == (5, world.clock() + timedelta(minutes=39))
    world.builds.silent.clear()
    world.builds.throttles[DEV] = "ThrottlingException"
    sweeps(world, 40)
    assert world.run(rollout, DEV).backoff is None
    asked = Asked(world)
    sweeps(world, 15)
    assert asked.minutes == [5, 10, 15]  # what is throttled is tried in each sweep
    world.builds.throttles.clear()
    sweeps(world, 5)
    run = world.run(rollout, DEV)
    assert (run.state, run.backoff) == (RunState.RUNNING, None)


def test_others_go_on_meanwhile(world: WavesWorld) -> None:
    world.builds.silent.add(DEV)
    rollout = push(world, DEV, PROD)
    sweeps(world, 60)
    world.finish(rollout, PROD)
    newer = push(world, PROD, commit="2" * 40, at=world.clock())
    assert world.run(newer, PROD).state is RunState.RUNNING


def test_a_build_that_a_region_reports_by_itself_ends_the_pause(world: WavesWorld) -> None:
    world.builds.loses_answers.add(DEV)
    rollout = push(world, DEV)
    world.builds.silent.add(DEV)
    sweeps(world, 60)
    [arn] = world.builds.builds
    report = world.builds.finish(arn, RunState.SUCCEEDED, "")
    world.engine.build_ended(rollout, DEV, 1, report)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_what_is_cancelled_does_not_pause(world: WavesWorld) -> None:
    """Others wait for its target, until it is certain that there is no build."""
    world.builds.silent.add(DEV)
    rollout = push(world, DEV)
    sweeps(world, 90)
    people = People(world)
    with suppress(Unavailable):
        people.cancel(rollout)
    world.builds.silent.clear()
    sweeps(world, 5)
    assert world.rollout(rollout).state is RolloutState.CANCELLED


def test_a_wave_that_tolerates_the_region_goes_on(world: WavesWorld) -> None:
    world.builds.silent.add(DEV)
    policy = Wave(tolerate=Tolerance(unavailable_targets=Amount(number=1)))
    incoming = waved((DEV,), (REST,), policies={0: policy})
    with suppress(Unavailable):
        world.push(incoming)
    rollout = incoming.specs[0].rollout
    sweeps(world, 20)
    assert world.started(rollout) == {REST}
    world.finish_all(rollout, REST)
    sweeps(world, 60)
    assert world.rollout(rollout).state is RolloutState.OPEN
    world.builds.silent.clear()
    sweeps(world, 60)
    world.finish_all(rollout, DEV)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_a_region_that_works_again_gets_a_place_of_its_wave(world: WavesWorld) -> None:
    names = tuple(f"prod/us-west-{number}" for number in range(1, 6))
    world.builds.silent.add(DEV)
    policy = Wave(max_parallel=1, tolerate=Tolerance(unavailable_targets=Amount(number=1)))
    incoming = waved((DEV, *names), policies={0: policy})
    with suppress(Unavailable):
        world.push(incoming)
    rollout = incoming.specs[0].rollout
    sweeps(world, 20)
    assert world.started(rollout) == {names[0]}
    world.builds.silent.clear()
    sweeps(world, 60)
    world.finish_all(rollout, names[0])
    assert world.run(rollout, DEV).state is RunState.RUNNING
