"""The limits of new instances: how long they wait, how many, and what a process that died has left."""

from datetime import timedelta

import pytest

from pointsman.core.rollouts import instance_runs, new_instances
from pointsman.errors import Unreadable
from tests.support.rollouts import launch
from tests.support.world import DEV, PROD, MemoryWorld
from tests.unit.core.rollouts.test_new_instances import OLD, decisions, push, queue, skipped, succeed


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


def test_an_instance_that_waits_too_long_is_given_up_with_a_reason(world: MemoryWorld) -> None:
    succeed(world)
    push(world, OLD, route="base")
    launched = world.launch(1)
    world.clock.pass_by(hours=9)
    world.engine.sweep()
    [event] = skipped(world)
    assert event.partition == f"INSTANCE#{launched.instance}"
    assert event.reason == "dev/eu-west-1 was busy for 8 hours: the next push configures them"
    assert queue(world).new_instances == {}


def test_a_lost_good_commit_is_a_recorded_reason(world: MemoryWorld) -> None:
    good = succeed(world)
    busy = push(world, OLD, route="base")
    world.launch(1)
    world.store.forget(good)
    world.finish(busy, DEV)
    assert [event.reason for event in skipped(world)] == [
        "the last good commit is no longer stored, or was rolled back: push one"
    ]


def test_more_instances_than_the_queue_holds_are_refused_with_a_reason(
    world: MemoryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_instances, "MOST_WAITING", 2)
    succeed(world)
    push(world, OLD, route="base")
    for number in range(1, 4):
        world.launch(number)
    assert "2 instances wait already" in decisions(world, 3)[0].reason


def test_launches_are_forgotten_after_two_days(world: MemoryWorld) -> None:
    succeed(world)
    world.launch(1)
    world.clock.pass_by(days=3)
    world.launch(2)
    assert list(queue(world).launches) == [launch(2).instance]


def test_the_sweep_starts_what_a_process_that_died_has_left(
    world: MemoryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    succeed(world)
    with monkeypatch.context() as patch:
        patch.setattr(instance_runs.InstanceRuns, "start", lambda *_: [])
        world.launch(1)
    assert world.store.queues_with_new_instances() == [DEV]
    world.engine.sweep()
    [rollout] = world.runs_on_instances()
    world.finish(rollout.id, DEV)
    assert world.store.queues_with_new_instances() == []
    assert world.store.open_rollouts() == []


def test_a_queue_that_cannot_be_read_keeps_no_other_instance_waiting(
    world: MemoryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    succeed(world, OLD, DEV, PROD)
    with monkeypatch.context() as patch:
        patch.setattr(instance_runs.InstanceRuns, "start", lambda *_: [])
        world.launch(1)
        launched = world.launch(2, target=PROD)
    world.store.unreadable.add(DEV)
    with pytest.raises(Unreadable):
        world.engine.sweep()
    [rollout] = world.runs_on_instances()
    assert rollout.request
    assert rollout.request.instances == (launched.instance,)


def test_the_waiting_of_an_instance_is_measured_from_when_it_came_up() -> None:
    assert timedelta(hours=1) < new_instances.LONGEST_WAIT < new_instances.OLDEST_LAUNCH < new_instances.REMEMBERED_FOR
