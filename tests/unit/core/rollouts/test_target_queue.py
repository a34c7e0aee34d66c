"""The time of the push decides which commit is newer, within its concurrency group."""

from datetime import datetime, timedelta

import pytest

from pointsman.core.delivery import Delivery
from pointsman.core.identity import rollout_id
from pointsman.core.model import Mode, RunState
from tests.support.rollouts import MORNING, delivery
from tests.support.world import DEV, MemoryWorld


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


def a_check(number: int, commit: str, at: datetime) -> Delivery:
    """A delivery of a pull request on route site."""
    incoming = delivery(DEV, commit=commit, name=f"d-{commit[0]}", at=at)
    name = rollout_id(186853002, "site", commit, Mode.CHECK)
    spec = incoming.specs[0].replace(rollout=name, mode=Mode.CHECK, concurrency_group=f"site#{number}")
    return incoming.replace(specs=(spec,))


def test_a_check_supersedes_an_older_one_of_its_own_pull_request_only(world: MemoryWorld) -> None:
    running = world.push(a_check(6, "a" * 40, world.later()))
    older = world.push(a_check(7, "c" * 40, world.later()))
    other = world.push(a_check(8, "d" * 40, world.later()))
    newer = world.push(a_check(7, "e" * 40, world.later()))

    assert world.run(older, DEV).state is RunState.SUPERSEDED
    world.finish(running, DEV)
    for rollout in (other, newer):
        assert world.run(rollout, DEV).state is RunState.RUNNING
        world.finish(rollout, DEV)


def test_checks_delay_no_apply_and_applies_no_check(world: MemoryWorld) -> None:
    check = world.push(a_check(7, "a" * 40, world.later()))
    waiting = world.push(a_check(8, "b" * 40, world.later()))
    applied = world.push(delivery(DEV, commit="c" * 40, name="d-3", at=world.later()))
    assert world.run(check, DEV).state is RunState.RUNNING
    assert world.run(applied, DEV).state is RunState.RUNNING
    assert world.run(waiting, DEV).state is RunState.WAITING
    world.finish(check, DEV)
    assert world.run(waiting, DEV).state is RunState.RUNNING


def test_an_older_apply_may_run_after_a_check(world: MemoryWorld) -> None:
    check = world.push(a_check(7, "b" * 40, world.later()))
    world.finish(check, DEV)
    late = world.push(delivery(DEV, commit="a" * 40))
    assert world.run(late, DEV).state is RunState.RUNNING
    assert world.store.queues([DEV])[DEV].newest_applied.keys() >= {"site"}


def test_a_delivery_that_was_lost_at_first_is_as_old_as_its_push(world: MemoryWorld) -> None:
    """A manual redelivery after a newer commit has run must not undo it."""
    pushed = world.clock()
    newer = world.push(delivery(DEV, commit="b" * 40, name="d-2", at=world.later()))
    world.finish(newer, DEV)
    world.later()
    lost = delivery(DEV, commit="a" * 40, at=world.later()).replace(pushed_at=pushed)
    assert world.run(world.push(lost), DEV).state is RunState.SUPERSEDED


@pytest.mark.parametrize(
    ("pushed", "received"),
    [
        ((0, 10), (58, 72)),  # one a little late, the other a little later
        ((0, 3), (5, 600)),  # the newer one was lost at first
        ((0, 0), (1, 2)),  # within one second
    ],
)
def test_what_was_pushed_later_is_newer_however_late_either_arrives(
    world: MemoryWorld, pushed: tuple[int, int], received: tuple[int, int]
) -> None:
    first, second = (
        delivery(DEV, commit=letter * 40, name=f"d-{letter}", at=MORNING + timedelta(seconds=at)).replace(
            pushed_at=MORNING + timedelta(seconds=since)
        )
        for letter, since, at in zip("ab", pushed, received, strict=True)
    )
    assert MORNING <= first.ordering_time < second.ordering_time
    older, newer = world.push(first), world.push(second)
    world.finish(older, DEV)
    assert world.run(newer, DEV).state is RunState.RUNNING
    assert world.run(older, DEV).state is RunState.SUCCEEDED


def test_what_was_lost_at_first_is_the_oldest_of_its_second(world: MemoryWorld) -> None:
    """Of two tags of one push, the one that is redelivered ten minutes later must undo nothing."""
    second = {"pushed_at": MORNING}
    newer = world.push(delivery(DEV, commit="b" * 40, at=world.later()).replace(**second))
    world.finish(newer, DEV)
    late = delivery(DEV, commit="a" * 40, name="d-a", at=MORNING + timedelta(minutes=10)).replace(**second)
    assert world.run(world.push(late), DEV).state is RunState.SUPERSEDED
