"""A rollout that a person holds is busy like any other; a newer commit that is held stops no build."""

import pytest

from pointsman.core.model import RolloutId, RolloutState, RunState, TargetName, WhenBusy
from pointsman.core.rollouts.commands.forms import EndFreeze, HoldRollout, Resume, StartFreeze
from pointsman.core.routes.compiled import CompiledRoute, CompiledRoutes
from tests.support.commands import People
from tests.support.plans import WavesWorld, waved
from tests.support.rollouts import COMMIT

DEV, PROD = "dev/eu-west-1", "prod/eu-west-1"
OTHER = "2" * 40
ROUTE = CompiledRoute(name="site", repository=("acme/infra",), playbook="site.yml", targets=())


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


@pytest.fixture
def people(world: WavesWorld) -> People:
    return People(world, CompiledRoutes(places=(), routes=(ROUTE,)))


def push(world: WavesWorld, when_busy: WhenBusy, commit: str = COMMIT) -> RolloutId:
    world.later()
    return world.push(waved((DEV,), (PROD,), at=world.clock(), when_busy=when_busy, commit=commit))


def test_a_newer_commit_cancels_one_that_is_held(world: WavesWorld, people: People) -> None:
    """The hold is of that rollout alone: who wants the route to stand still freezes it."""
    first = push(world, WhenBusy.CANCEL)
    people.send(HoldRollout, rollout=first)
    newer = push(world, WhenBusy.CANCEL, commit=OTHER)
    assert world.builds.stopped == [world.run(first, TargetName(DEV)).build_arn]
    world.finish_all(first, DEV, state=RunState.STOPPED)
    assert (world.rollout(first).state, world.rollout(first).hold) == (RolloutState.SUPERSEDED, None)
    assert world.started(newer) == {DEV}


def test_a_newer_commit_waits_behind_one_that_is_held(world: WavesWorld, people: People) -> None:
    first = push(world, WhenBusy.QUEUE)
    people.send(HoldRollout, rollout=first, seconds=3600)
    newer = push(world, WhenBusy.QUEUE, commit=OTHER)
    world.finish_all(first, DEV)
    world.pass_by(minutes=5)
    assert world.started(newer) == set()
    world.pass_by(hours=1)  # the hold expires, and the older one halts
    assert world.started(newer) == {DEV}


@pytest.mark.parametrize("expires", [True, False])
def test_a_newer_commit_that_is_held_stops_no_build(world: WavesWorld, people: People, expires: bool) -> None:
    """It could not start there: the older build would be left half done."""
    first = push(world, WhenBusy.CANCEL)
    people.send(StartFreeze, scope="site", seconds=3600, reason="busy")
    newer = push(world, WhenBusy.CANCEL, commit=OTHER)
    people.send(HoldRollout, rollout=newer, seconds=7200)
    people.send(EndFreeze, scope="site")
    world.pass_by(minutes=5)
    assert world.builds.stopped == []
    if expires:
        world.pass_by(hours=2)
        assert world.rollout(newer).state is RolloutState.FAILED
        assert world.builds.stopped == []
        return
    people.send(Resume, rollout=newer)
    assert world.builds.stopped == [world.run(first, TargetName(DEV)).build_arn]
    world.finish_all(first, DEV, state=RunState.STOPPED)
    assert world.started(newer) == {DEV}
