"""A rollout goes through its targets wave by wave, and halts by itself when a wave fails."""

from datetime import timedelta

import pytest

from pointsman.core.model import RolloutState, RunState, TargetName, WhenBusy
from pointsman.core.rollout_facts import HaltKind, WaitKind
from pointsman.core.rollout_plan import Amount, OnFailure, Tolerance, Wave
from pointsman.core.trail.events import RolloutEnded, RolloutRepeated, RolloutStarted
from pointsman.core.trail.wave_events import GateEvaluated, GateOutcome, RolloutHalted, WaveStarted
from tests.support.commands import People
from tests.support.plans import WavesWorld, waved
from tests.support.rollouts import MORNING

DEV, CANARY, REST = "dev/eu-west-1", "prod/eu-west-1", "prod/us-east-1"
OTHER = "2" * 40


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


def test_a_wave_starts_when_the_one_before_it_has_succeeded(world: WavesWorld) -> None:
    rollout = world.push(waved((DEV,), (CANARY,), (REST,)))
    assert world.started(rollout) == {DEV}
    world.finish_all(rollout, DEV)
    assert world.started(rollout) == {DEV, CANARY}
    world.finish_all(rollout, CANARY)
    world.finish_all(rollout, REST)

    assert world.rollout(rollout).state is RolloutState.SUCCEEDED
    waves = [event for event in world.events(rollout) if isinstance(event, WaveStarted)]
    assert [(event.wave, event.waves, event.targets) for event in waves] == [
        (1, 3, (DEV,)),
        (2, 3, (CANARY,)),
        (3, 3, (REST,)),
    ]
    gates = [event for event in world.events(rollout) if isinstance(event, GateEvaluated)]
    assert [(event.wave, event.outcome, event.inputs.targets) for event in gates] == [
        (1, GateOutcome.PASSED, 1),
        (2, GateOutcome.PASSED, 1),
    ]


def test_a_failed_canary_halts_the_rest(world: WavesWorld) -> None:
    rollout = world.push(waved((DEV,), (CANARY,), (REST,)))
    world.finish_all(rollout, DEV)
    world.finish_all(rollout, CANARY, state=RunState.FAILED)

    assert world.started(rollout) == {DEV, CANARY}
    stored = world.rollout(rollout)
    assert (stored.state, stored.halt and stored.halt.kind) == (RolloutState.FAILED, HaltKind.FAILED)
    [halted] = [event for event in world.events(rollout) if isinstance(event, RolloutHalted)]
    assert (halted.wave, halted.not_started) == (2, (REST,))
    assert halted.reason == "wave 2 failed: prod/eu-west-1 failed"
    [ended] = [event for event in world.events(rollout) if isinstance(event, RolloutEnded)]
    assert ended.reason == (
        "the rollout halted: wave 2 failed: prod/eu-west-1 failed; 1 of 3 targets succeeded, 1 did not, 1 not started"
    )


def test_builds_of_the_wave_that_failed_go_on_and_what_waits_is_skipped(world: WavesWorld) -> None:
    busy = world.push(waved((REST,), commit=OTHER).replace(specs=waved((REST,), commit=OTHER).specs))
    rollout = world.push(waved((DEV, CANARY, REST), at=MORNING + timedelta(minutes=1)))
    assert world.run(rollout, TargetName(REST)).state is RunState.WAITING
    world.finish_all(rollout, DEV, state=RunState.FAILED)

    assert world.run(rollout, TargetName(REST)).state is RunState.SKIPPED
    assert world.run(rollout, TargetName(CANARY)).state is RunState.RUNNING
    assert world.rollout(rollout).state is RolloutState.OPEN
    world.finish_all(rollout, CANARY)
    assert world.rollout(rollout).state is RolloutState.FAILED
    world.finish_all(busy, REST)
    assert world.store.queues([REST])[REST].waiting == ()


def test_on_failure_continue_goes_on_with_the_next_wave(world: WavesWorld) -> None:
    rollout = world.push(waved((DEV,), (REST,), on_failure=OnFailure.CONTINUE))
    world.finish_all(rollout, DEV, state=RunState.FAILED)
    world.finish_all(rollout, REST)
    assert world.rollout(rollout).state is RolloutState.FAILED
    [gate] = [event for event in world.events(rollout) if isinstance(event, GateEvaluated)]
    assert (gate.outcome, gate.inputs.targets_failed) == (GateOutcome.PASSED, 1)


def test_max_parallel_is_kept(world: WavesWorld) -> None:
    names = [f"dev/eu-west-{number}" for number in (1, 2, 3)]
    rollout = world.push(waved(tuple(names), policies={0: Wave(max_parallel=2)}))
    assert world.started(rollout) == set(names[:2])
    world.engine.sweep()
    assert len(world.started(rollout)) == 2
    world.finish_all(rollout, names[0])
    assert world.started(rollout) == set(names)
    world.finish_all(rollout, *names[1:])
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_nothing_more_of_a_wave_starts_after_one_of_it_failed(world: WavesWorld) -> None:
    rollout = world.push(waved((DEV, CANARY, REST), policies={0: Wave(max_parallel=1)}))
    world.finish_all(rollout, DEV, state=RunState.FAILED)
    assert world.started(rollout) == {DEV}
    assert world.rollout(rollout).state is RolloutState.FAILED


def test_a_region_that_is_down_halts_the_rollout_after_15_minutes(world: WavesWorld) -> None:
    world.builds.throttles[DEV] = "throttled"
    rollout = world.push(waved((DEV,), (REST,)))
    world.pass_by(minutes=10)
    assert world.rollout(rollout).halt is None
    world.pass_by(minutes=6)
    halt = world.rollout(rollout).halt
    assert halt
    assert halt.reason.startswith("wave 1 failed: no build starts on dev/eu-west-1: ")
    assert world.run(rollout, TargetName(DEV)).state is RunState.SKIPPED
    assert world.rollout(rollout).state is RolloutState.FAILED


def test_a_tolerated_region_that_is_down_is_tried_again_while_others_go_on(world: WavesWorld) -> None:
    world.builds.throttles[DEV] = "throttled"
    tolerate = Wave(tolerate=Tolerance(unavailable_targets=Amount(number=1)))
    rollout = world.push(waved((DEV, CANARY), (REST,), policies={0: tolerate}))
    world.finish_all(rollout, CANARY)
    assert world.started(rollout) == {CANARY}
    world.pass_by(minutes=16)
    assert world.started(rollout) == {CANARY, REST}
    world.finish_all(rollout, REST)
    assert world.rollout(rollout).state is RolloutState.OPEN
    world.builds.throttles.clear()
    world.pass_by(minutes=5)
    world.finish_all(rollout, DEV)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_a_newer_commit_supersedes_what_has_not_started(world: WavesWorld) -> None:
    first = world.push(waved((DEV,), (CANARY,), (REST,)))
    world.finish_all(first, DEV)
    newer = world.push(waved((DEV,), (CANARY,), (REST,), commit=OTHER, at=MORNING + timedelta(minutes=1)))

    assert world.rollout(first).state is RolloutState.OPEN  # its canary is running
    world.finish_all(first, CANARY)
    stored = world.rollout(first)
    assert (stored.state, stored.halt and stored.halt.by) == (RolloutState.SUPERSEDED, newer)
    assert world.started(first) == {DEV, CANARY}
    [halted] = [event for event in world.events(first) if isinstance(event, RolloutHalted)]
    assert (halted.superseded_by, halted.not_started) == (newer, (REST,))


def test_a_commit_after_one_that_halted_says_what_it_overtakes(world: WavesWorld) -> None:
    first = world.push(waved((DEV,), (CANARY,), (REST,)))
    world.finish_all(first, DEV, state=RunState.FAILED)
    newer = world.push(waved((DEV,), (CANARY,), commit=OTHER, at=MORNING + timedelta(minutes=1)))
    [started] = [event for event in world.events(newer) if isinstance(event, RolloutStarted)]
    assert started.overtakes
    assert (started.overtakes.rollout, started.overtakes.not_started) == (first, (CANARY, REST))
    assert started.overtakes.left_out == (REST,)


def test_when_busy_cancel_stops_the_builds_of_the_older_commit(world: WavesWorld) -> None:
    first = world.push(waved((DEV,), (CANARY,), when_busy=WhenBusy.CANCEL))
    later = MORNING + timedelta(minutes=1)
    newer = world.push(waved((DEV,), (CANARY,), commit=OTHER, at=later, when_busy=WhenBusy.CANCEL))
    assert world.builds.stopped == [world.run(first, TargetName(DEV)).build_arn]
    world.finish_all(first, DEV, state=RunState.STOPPED)
    assert world.rollout(first).state is RolloutState.SUPERSEDED
    assert world.started(newer) == {DEV}


def test_when_busy_queue_waits_until_the_older_commit_has_ended(world: WavesWorld) -> None:
    first = world.push(waved((DEV,), (CANARY,), when_busy=WhenBusy.QUEUE))
    later = MORNING + timedelta(minutes=1)
    second = world.push(waved((DEV,), (CANARY,), commit=OTHER, at=later, when_busy=WhenBusy.QUEUE))
    wait = world.rollout(second).wait
    assert wait
    assert (wait.kind, wait.reason) == (WaitKind.ROUTE, f"{first}, an older commit of the route, has not ended")
    world.finish_all(first, DEV)
    assert world.store.load(second) is not None
    assert world.runs(second) == {}
    world.finish_all(first, CANARY)
    assert world.started(second) == {DEV}
    assert world.rollout(second).wait is None


def test_nobody_waits_for_a_rollout_that_somebody_deleted(world: WavesWorld) -> None:
    first = world.push(waved((DEV,), (CANARY,), when_busy=WhenBusy.QUEUE))
    later = MORNING + timedelta(minutes=1)
    second = world.push(waved((DEV,), (CANARY,), commit=OTHER, at=later, when_busy=WhenBusy.QUEUE))
    build = world.run(first, TargetName(DEV)).build_arn
    assert build
    world.builds.finish(build, RunState.SUCCEEDED)
    world.store.forget(first)
    for _ in range(2):
        world.pass_by(minutes=5)
    assert world.started(second) == {DEV}


@pytest.mark.parametrize("is_another_push", [False, True])
def test_no_push_brings_back_what_failed(world: WavesWorld, is_another_push: bool) -> None:
    sent = waved((DEV,), (CANARY,))
    rollout = world.push(sent)
    world.finish_all(rollout, DEV, state=RunState.FAILED)
    world.clock.pass_by(hours=1)
    if is_another_push:
        sent = sent.replace(received_at=world.clock(), change=sent.change.replace(before=OTHER))
    world.push(sent)
    assert world.rollout(rollout).state is RolloutState.FAILED
    assert world.started(rollout) == {DEV}
    [repeated] = [event for event in world.events(rollout) if isinstance(event, RolloutRepeated)]
    assert "retry the rollout" in repeated.reason


def test_a_push_back_goes_through_the_waves_again(world: WavesWorld) -> None:
    sent = waved((DEV,), (CANARY,))
    first = world.push(sent)
    world.finish_all(first, DEV)
    newer = world.push(waved((DEV,), (CANARY,), commit=OTHER, at=MORNING + timedelta(minutes=1)))
    world.finish_all(first, CANARY)
    world.finish_all(newer, DEV)
    world.clock.pass_by(minutes=2)
    world.push(sent.replace(received_at=world.clock(), change=sent.change.replace(before=OTHER)))

    world.finish_all(newer, CANARY)
    assert world.run(first, TargetName(DEV)).attempt == 2
    assert world.run(first, TargetName(CANARY)).attempt == 1
    world.finish_all(first, DEV)
    assert world.run(first, TargetName(CANARY)).attempt == 2


def test_a_retry_goes_on_with_the_waves_that_have_not_started(world: WavesWorld) -> None:
    rollout = world.push(waved((DEV,), (CANARY,), (REST,)))
    world.finish_all(rollout, DEV)
    world.finish_all(rollout, CANARY, state=RunState.FAILED)
    People(world).retry(rollout)
    assert world.run(rollout, TargetName(CANARY)).attempt == 2
    assert world.started(rollout) == {DEV, CANARY}
    world.finish_all(rollout, CANARY)
    world.finish_all(rollout, REST)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED
    assert world.run(rollout, TargetName(DEV)).attempt == 1


def test_a_cancel_leaves_the_later_waves_alone(world: WavesWorld) -> None:
    rollout = world.push(waved((DEV,), (CANARY,)))
    People(world).cancel(rollout)
    world.finish_all(rollout, DEV, state=RunState.STOPPED)
    assert world.rollout(rollout).state is RolloutState.CANCELLED
    assert set(world.runs(rollout)) == {DEV}
