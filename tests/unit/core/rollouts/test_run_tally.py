"""What is counted of runs: each start and each end that is stored, once."""

from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.model import Mode, RunState
from pointsman.core.ports import Transition
from pointsman.core.rollouts.run_tally import RunCounts, RunTally
from tests.support.rollouts import delivery
from tests.support.world import DEV, PROD, MemoryWorld


class Counted(MemoryRollouts):
    def __init__(self, trail: MemoryTrail) -> None:
        super().__init__(trail)
        self.tally = RunTally()

    def commit(self, transition: Transition) -> None:
        super().commit(transition)
        self.tally.note(transition)


def counted() -> tuple[MemoryWorld, RunTally]:
    world = MemoryWorld(store=Counted)
    assert isinstance(world.store, Counted)
    return world, world.store.tally


def test_a_run_counts_when_its_build_starts_and_when_it_ends() -> None:
    world, tally = counted()
    rollout = world.push(delivery(DEV, PROD))
    started = tally.take()
    assert (started.ended, started.waiting_seconds) == ({}, [0.0, 0.0])

    world.clock.pass_by(minutes=3)
    world.finish(rollout, DEV)
    world.finish(rollout, PROD, RunState.FAILED)
    ended = tally.take()
    assert ended.ended == {RunState.SUCCEEDED: 1, RunState.FAILED: 1}
    assert ended.failures == {PROD: 1}
    assert ended.build_seconds == [180.0, 180.0]
    assert tally.take() == RunCounts(ended={}, failures={}, build_seconds=[], waiting_seconds=[])


def test_the_wait_lasts_from_the_queue_to_the_build() -> None:
    world, tally = counted()
    holder = world.push(delivery(DEV, route="base", playbook="base.yml"))
    world.clock.pass_by(hours=1)
    world.push(delivery(DEV))  # pushed an hour ago
    world.clock.pass_by(minutes=4)
    tally.take()
    world.finish(holder, DEV)
    assert tally.take().waiting_seconds == [240.0]


def test_a_run_that_never_had_a_build_has_an_end_and_no_duration() -> None:
    world, tally = counted()
    world.push(delivery(DEV, route="base", playbook="base.yml"))
    world.push(delivery(DEV, commit="a" * 40))
    tally.take()
    world.push(delivery(DEV, commit="b" * 40, at=world.later()))
    counts = tally.take()
    assert counts.ended == {RunState.SUPERSEDED: 1}
    assert (counts.failures, counts.build_seconds, counts.waiting_seconds) == ({}, [], [])


def test_the_failures_of_checks_are_counted_apart() -> None:
    world, tally = counted()
    push = delivery(DEV)
    check = push.specs[0].replace(mode=Mode.CHECK)
    rollout = world.push(push.replace(specs=(check,)))
    world.finish(rollout, DEV, RunState.TIMED_OUT)
    assert tally.take().failures == {f"{DEV}#check": 1}


def test_a_report_that_comes_again_counts_once() -> None:
    world, tally = counted()
    rollout = world.push(delivery(DEV))
    report = world.builds.finish(world.run(rollout, DEV).build_arn or "", RunState.SUCCEEDED)
    for _ in range(3):
        world.new_engine().build_ended(rollout, DEV, 1, report)
    assert tally.take().ended == {RunState.SUCCEEDED: 1}
