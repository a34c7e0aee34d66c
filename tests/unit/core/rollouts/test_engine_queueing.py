"""Routes that queue, renamed routes and old pushes: an older commit never runs after a newer one."""

from datetime import timedelta

import pytest

from pointsman.core.model import RunState, WhenBusy
from pointsman.core.trail.events import DeliveryDecided
from tests.support.rollouts import MORNING, delivery
from tests.support.world import DEV, MemoryWorld

QUEUE = WhenBusy.QUEUE


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


def test_a_queueing_route_runs_every_commit_in_the_order_of_the_pushes(world: MemoryWorld) -> None:
    rollouts = [
        world.push(delivery(DEV, commit=letter * 40, name=f"d-{letter}", when_busy=QUEUE, at=world.later()))
        for letter in "abc"
    ]
    for rollout in rollouts:
        world.finish(rollout, DEV)
    assert [started[0] for started in world.builds.started] == rollouts


def test_a_queueing_route_runs_no_older_commit_after_a_newer_one(world: MemoryWorld) -> None:
    """A redriven dead letter, a captured delivery, or a late one."""
    old = delivery(DEV, commit="a" * 40, when_busy=QUEUE)
    newer = world.push(delivery(DEV, commit="b" * 40, name="d-2", when_busy=QUEUE, at=world.later()))
    assert world.run(world.push(old), DEV).state is RunState.SUPERSEDED
    world.finish(newer, DEV)
    world.push(old)
    assert [started[0] for started in world.builds.started] == [newer]


def test_a_queueing_route_runs_no_older_commit_behind_a_newer_one_that_waits(world: MemoryWorld) -> None:
    world.push(delivery(DEV, route="base", playbook="base.yml"))
    old = delivery(DEV, commit="a" * 40, when_busy=QUEUE, at=world.later())
    newer = world.push(delivery(DEV, commit="b" * 40, name="d-2", when_busy=QUEUE, at=world.later()))
    assert world.run(newer, DEV).state is RunState.WAITING
    late = world.push(old)
    assert world.run(late, DEV).state is RunState.SUPERSEDED
    assert newer in world.run(late, DEV).reason


def test_a_refused_commit_of_a_queueing_route_is_not_retried_after_a_newer_one(world: MemoryWorld) -> None:
    old = delivery(DEV, commit="a" * 40, when_busy=QUEUE)
    world.builds.refuses[DEV] = "AccessDenied"
    first = world.push(old)
    world.builds.refuses.clear()
    newer = world.push(delivery(DEV, commit="b" * 40, name="d-2", when_busy=QUEUE, at=world.later()))
    world.finish(newer, DEV)
    world.push(old)
    assert world.run(first, DEV).state is RunState.REFUSED
    assert [started[0] for started in world.builds.started] == [newer]


@pytest.mark.parametrize("when_busy", list(WhenBusy))
def test_a_route_that_was_renamed_runs_no_older_commit_of_the_same_playbook(
    world: MemoryWorld, when_busy: WhenBusy
) -> None:
    newer = world.push(delivery(DEV, commit="b" * 40, name="d-2", when_busy=when_busy, at=world.later()))
    world.finish(newer, DEV)
    renamed = delivery(DEV, commit="a" * 40, route="site-of-today", when_busy=when_busy)
    assert world.run(world.push(renamed), DEV).state is RunState.SUPERSEDED


def test_another_playbook_or_branch_is_neither_older_nor_newer(world: MemoryWorld) -> None:
    newer = world.push(delivery(DEV, commit="b" * 40, name="d-2", at=world.later()))
    world.finish(newer, DEV)
    other = world.push(delivery(DEV, commit="a" * 40, route="base", playbook="base.yml"))
    assert world.run(other, DEV).state is RunState.RUNNING
    world.finish(other, DEV)
    incoming = delivery(DEV, commit="c" * 40, route="hotfix")
    branch = incoming.replace(change=incoming.change.replace(ref="refs/heads/hotfix"))
    assert world.run(world.push(branch), DEV).state is RunState.RUNNING


@pytest.mark.parametrize("pushed", [True, False])
def test_a_push_of_more_than_a_week_ago_is_refused_and_says_so(world: MemoryWorld, pushed: bool) -> None:
    """Neither GitHub nor the queue is that late: it was in the dead-letter queue, or captured."""
    incoming = delivery(DEV)
    if pushed:
        incoming = incoming.replace(pushed_at=MORNING, received_at=MORNING + timedelta(days=8))
    world.clock.pass_by(days=7, seconds=1)
    assert world.engine.accept(incoming, "m-1") == []
    assert world.builds.started == []
    [event] = world.trail.of_partition("DELIVERY#d-1")
    assert isinstance(event, DeliveryDecided)
    assert event.reason == "the push is 7 days old, more than the limit of 7 days; push again"
    [decision] = event.decisions
    assert not decision.runs
    assert decision.rollout is None
    assert decision.reason.startswith("branch main matches; but the push is 7 days old")


def test_a_push_of_less_than_a_week_ago_runs(world: MemoryWorld) -> None:
    world.clock.pass_by(days=6, hours=23)
    assert world.run(world.push(delivery(DEV)), DEV).state is RunState.RUNNING


def test_an_old_delivery_that_no_route_matched_is_recorded_unchanged(world: MemoryWorld) -> None:
    world.clock.pass_by(days=30)
    world.push(delivery())
    [event] = world.trail.of_partition("DELIVERY#d-1")
    assert isinstance(event, DeliveryDecided)
    assert event.reason == "no route runs"
