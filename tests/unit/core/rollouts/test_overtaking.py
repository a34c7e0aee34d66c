"""A newer commit says which targets the older one had not reached, and which of them it does not have either."""

from datetime import timedelta

import pytest

from pointsman.core.model import RolloutId, RolloutState, RunState, TargetName, WhenBusy
from pointsman.core.rollout_plan import RolloutPlan, Wave
from pointsman.core.rollouts.commands.forms import RunByHand
from pointsman.core.trail.events import RolloutStarted
from pointsman.core.trail.wave_events import Overtaken, RolloutHalted
from tests.support.commands import People
from tests.support.plans import APPROVAL, WavesWorld, gated, site_in_two_waves, waved
from tests.support.rollouts import MORNING, delivery

DEV, PROD, EAST = TargetName("dev/eu-west-1"), TargetName("prod/eu-west-1"), TargetName("prod/us-east-1")
B, C = "b" * 40, "c" * 40
GATED = {0: gated(approval=APPROVAL)}


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


def overtaken(world: WavesWorld, rollout: RolloutId) -> Overtaken | None:
    [started] = [event for event in world.events(rollout) if isinstance(event, RolloutStarted)]
    return started.overtakes


def names(found: Overtaken | None) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    assert found
    assert found.not_started_total == len(found.not_started)
    return found.rollout, found.not_started, found.left_out


def at_gate(world: WavesWorld) -> RolloutId:
    rollout = world.push(waved((DEV,), (PROD,), (EAST,), policies=GATED))
    world.finish_all(rollout, DEV)
    return rollout


def test_of_one_at_its_gate(world: WavesWorld) -> None:
    older = at_gate(world)
    newer = world.push(waved((DEV,), (PROD,), commit=B, at=world.later()))
    assert names(overtaken(world, newer)) == (older, (PROD, EAST), (EAST,))
    found = overtaken(world, newer)
    assert found
    assert found.reason == f"superseded by {newer}, a newer commit on the same route"
    assert world.rollout(older).state is RolloutState.SUPERSEDED


def test_of_the_newest_of_several(world: WavesWorld) -> None:
    at_gate(world)
    second = world.push(waved((DEV,), (PROD,), policies=GATED, commit=B, at=world.later()))
    world.finish_all(second, DEV)
    third = world.push(waved((DEV,), commit=C, at=world.later()))
    assert names(overtaken(world, third)) == (second, (PROD,), (PROD,))


def test_of_one_that_halted_in_a_wave(world: WavesWorld) -> None:
    older = world.push(waved((DEV, PROD, EAST), policies={0: Wave(max_parallel=1)}))
    world.finish_all(older, DEV, state=RunState.FAILED)
    assert {str(run.state) for run in world.runs(older).values()} == {"failed", "skipped"}
    newer = world.push(waved((DEV, PROD), commit=B, at=world.later()))
    assert names(overtaken(world, newer)) == (older, (PROD, EAST), (EAST,))


def test_a_run_that_waits_in_its_queue_has_not_reached_its_target(world: WavesWorld) -> None:
    world.push(delivery(PROD, route="base"))
    older = world.push(waved((DEV, PROD)))
    assert world.run(older, PROD).state is RunState.WAITING
    world.finish_all(older, DEV, state=RunState.FAILED)
    [halted] = [event for event in world.events(older) if isinstance(event, RolloutHalted)]
    assert halted.not_started == (PROD,)
    newer = world.push(waved((DEV, PROD), commit=B, at=world.later()))
    assert names(overtaken(world, newer)) == (older, (PROD,), ())


def test_what_halted_half_way_is_told_until_a_newer_one_has_started_everywhere(world: WavesWorld) -> None:
    world.finish_all(world.push(waved((DEV,), (PROD,))), DEV, state=RunState.FAILED)
    second = world.push(waved((DEV, PROD), commit=B, at=world.later(), policies={0: Wave(max_parallel=1)}))
    world.finish_all(second, DEV, state=RunState.FAILED)
    third = world.push(waved((DEV, PROD), commit=C, at=world.later()))
    assert names(overtaken(world, third)) == (second, (PROD,), ())
    world.finish_all(third, DEV, PROD)
    assert overtaken(world, world.push(waved((DEV, PROD), commit="d" * 40, at=world.later()))) is None


def test_without_waves_the_older_one_goes_on_where_the_newer_one_does_not_run(world: WavesWorld) -> None:
    busy = world.push(delivery(PROD, EAST, route="base"))
    older = world.push(delivery(DEV, PROD, EAST))
    newer = world.push(delivery(DEV, PROD, commit=B, name="d-2", at=world.later()))
    assert names(overtaken(world, newer)) == (older, (PROD,), ())
    world.finish_all(busy, PROD, EAST)
    assert world.started(older) == {DEV, EAST}


@pytest.mark.parametrize(("when_busy", "left"), [(WhenBusy.CANCEL, (PROD, EAST)), (WhenBusy.QUEUE, None)])
def test_with_queue_nothing_is_overtaken(
    world: WavesWorld, when_busy: WhenBusy, left: tuple[TargetName, ...] | None
) -> None:
    world.push(waved((DEV,), (PROD,), (EAST,), when_busy=when_busy))
    found = overtaken(world, world.push(waved((DEV,), commit=B, at=world.later(), when_busy=when_busy)))
    assert (found.not_started if found else None) == left


def test_a_run_by_hand_says_it_too(world: WavesWorld) -> None:
    older = at_gate(world)
    people = People(world, site_in_two_waves(DEV, PROD, RolloutPlan(waves=(Wave(), Wave()))))
    world.later()
    whole = RolloutId(str(people.send(RunByHand, route="site").rollout))
    assert names(overtaken(world, whole)) == (older, (PROD, EAST), (EAST,))
    world.later()
    part = RolloutId(str(people.send(RunByHand, route="site", targets=(DEV,)).rollout))
    assert overtaken(world, part) is None


def test_an_attempt_without_a_build_does_not_undo_the_one_before(world: WavesWorld) -> None:
    older = world.push(delivery(DEV, PROD))
    world.finish_all(older, DEV, PROD, state=RunState.FAILED)
    world.later()
    world.push(delivery(DEV, route="base", name="d-base"))
    people = People(world)
    people.retry(older, DEV)
    people.cancel(older)
    assert world.run(older, DEV).state is RunState.CANCELLED
    assert overtaken(world, world.push(delivery(DEV, PROD, commit=B, name="d-2", at=world.later()))) is None


def test_an_older_commit_that_comes_late_overtakes_nothing(world: WavesWorld) -> None:
    newer = world.push(waved((DEV,), (PROD,), policies=GATED, commit=B, at=MORNING + timedelta(hours=1)))
    world.finish_all(newer, DEV)
    assert overtaken(world, world.push(waved((DEV,), at=MORNING))) is None


def test_one_that_cannot_be_read_keeps_no_newer_commit_out(world: WavesWorld) -> None:
    older = at_gate(world)
    world.store.unreadable.add(older)
    newer, *superseded = world.engine.accept(waved((DEV,), commit=B, at=world.later()), "message-2")
    world.engine.reconcile([newer])
    assert (superseded, overtaken(world, newer), world.started(newer)) == ([older], None, {DEV})


def test_what_a_newer_one_has_told_is_not_told_again(world: WavesWorld) -> None:
    """The build on DEV ends last, when the newer commit is on PROD."""
    older = world.push(waved((DEV,), (PROD,)))
    newer = world.push(waved((PROD,), commit=B, at=world.later()))
    assert names(overtaken(world, newer)) == (older, (PROD,), ())
    world.finish_all(newer, PROD)
    world.finish_all(older, DEV)
    assert world.rollout(older).state.ended
    assert overtaken(world, world.push(waved((DEV,), (PROD,), commit=C, at=world.later()))) is None
