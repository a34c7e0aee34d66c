"""A request runs a commit once more, for another reason than a push."""

import pytest

from pointsman.core.model import Rollout, RolloutId, RolloutState, RunState
from pointsman.core.run_request import RunRequest, Trigger
from pointsman.core.trail.events import RolloutStarted
from tests.support.rollouts import change, delivery
from tests.support.world import DEV, PROD, MemoryWorld

OLD, NEW = "a" * 40, "b" * 40


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


def push(world: MemoryWorld, commit: str, *, ends: bool = True) -> RolloutId:
    rollout = world.push(delivery(DEV, commit=commit, name=f"d-{commit[0]}", at=world.clock()))
    if ends:
        world.finish(rollout, DEV)
    world.later()
    return rollout


def request(world: MemoryWorld, commit: str = OLD, name: str = "q-1", *targets: str) -> RolloutId:
    asked = RunRequest(id=name, trigger=Trigger.INSTANCE, actor="somebody.else", reason="it drifted")
    spec = delivery(*(targets or (DEV,)), commit=commit).specs[0]
    return world.engine.request(change(commit), spec, asked)


def started(rollout: Rollout, world: MemoryWorld) -> RolloutStarted:
    [event] = [event for event in world.events(rollout.id) if isinstance(event, RolloutStarted)]
    return event


def test_a_commit_that_ran_runs_again_on_every_target_of_the_request(world: MemoryWorld) -> None:
    first = push(world, OLD)
    again = request(world, OLD, "q-1", DEV, PROD)
    assert again != first
    assert [run.state for run in world.runs(again).values()] == [RunState.RUNNING] * 2
    for name in (DEV, PROD):
        world.finish(again, name)
    assert world.rollout(again).state is RolloutState.SUCCEEDED


def test_the_trail_has_who_asked_and_why(world: MemoryWorld) -> None:
    rollout = world.rollout(request(world))
    event = started(rollout, world)
    assert (event.actor, event.request) == ("somebody.else", rollout.request)
    assert {each.actor for each in world.events(rollout.id)} == {"somebody.else"}


def test_the_same_request_runs_once_and_another_one_again(world: MemoryWorld) -> None:
    first = request(world)
    assert request(world) == first
    world.finish(first, DEV)
    assert request(world) == first
    assert len(world.builds.started) == 1
    assert request(world, OLD, "q-2") != first
    assert len(world.builds.started) == 2


def test_it_waits_for_its_target_and_a_newer_push_takes_its_place(world: MemoryWorld) -> None:
    busy = push(world, NEW, ends=False)
    waiting = request(world)
    assert world.run(waiting, DEV).blocked_by == busy
    world.later()
    newer = push(world, "c" * 40, ends=False)
    world.finish(busy, DEV)
    assert world.run(waiting, DEV).state is RunState.SUPERSEDED
    assert world.run(newer, DEV).state is RunState.RUNNING


def test_it_decides_what_the_target_ends_with_as_a_push_does(world: MemoryWorld) -> None:
    push(world, OLD)
    push(world, NEW)
    world.finish(request(world, OLD), DEV)
    queue = world.store.queues([DEV])[DEV]
    assert [good.rollout for good in queue.last_good.values()] == [request(world, OLD)]
    world.launch(1)
    assert [rollout.change.after for rollout in world.runs_on_instances() if rollout.actor == "aws.ec2"] == [OLD]
