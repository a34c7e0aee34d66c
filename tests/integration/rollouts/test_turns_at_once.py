"""Builds of a wave with `max_parallel` that end at the same instant, each in a process of its own."""

from collections.abc import Iterator

import pytest

from pointsman.core.model import RolloutState, RunState, TargetName
from pointsman.core.rollout_plan import Wave
from tests.support.concurrency import together
from tests.support.plans import waved
from tests.support.world import MakeWorld, World, worlds_of

NAMES = tuple(f"dev/eu-west-{number:02}" for number in range(1, 31))
MOST = 6


@pytest.fixture(params=["memory", "dynamodb"])
def new_world(request: pytest.FixtureRequest) -> Iterator[MakeWorld]:
    with worlds_of(request.param) as make:
        yield make


def running(world: World) -> list[str]:
    return [arn for arn, build in world.builds.builds.items() if not build.state.ended]


def test_each_leaves_its_place_to_another(new_world: MakeWorld) -> None:
    world = new_world()
    rollout = world.push(waved(NAMES, policies={0: Wave(max_parallel=MOST)}))
    for _ in range(len(NAMES) // MOST):
        live = [run for run in world.runs(rollout).values() if run.state is RunState.RUNNING]
        assert len(live) == len(running(world)) == MOST
        reports = [(run, world.builds.finish(str(run.build_arn), RunState.SUCCEEDED, "")) for run in live]
        together(
            [
                lambda run=run, report=report: world.new_engine().build_ended(  # type: ignore[misc]
                    rollout, run.target.name, run.attempt, report
                )
                for run, report in reports
            ]
        )
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED
    assert {run.state for run in world.runs(rollout).values()} == {RunState.SUCCEEDED}
    assert sorted(world.builds.started) == [(rollout, TargetName(name), 1) for name in NAMES]
