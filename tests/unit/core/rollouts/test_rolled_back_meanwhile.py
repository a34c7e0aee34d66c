"""A person's run of a commit does not go on if the commit is rolled back elsewhere, unless the person asks again."""

import pytest

from pointsman.core.model import RolloutId, RolloutState, RunState, TargetName
from pointsman.core.rollout_facts import HaltKind
from pointsman.core.rollout_plan import ApprovalRule, Gate, RolloutPlan, Wave
from pointsman.core.rollouts.commands.forms import Approve, EndFreeze, RollBack, RunByHand, StartFreeze
from pointsman.core.trail.command_events import CommandRefused
from pointsman.core.trail.wave_events import RolloutHalted
from tests.support.commands import People
from tests.support.plans import KOFI, WavesWorld, site_in_two_waves
from tests.support.rollouts import delivery

DEV, PROD = TargetName("dev/eu-west-1"), TargetName("prod/eu-west-1")
A, B = "a" * 40, "b" * 40
APPROVAL = ApprovalRule(by=("kofi",), within_seconds=24 * 3600)


ROUTES = site_in_two_waves(DEV, PROD, RolloutPlan(waves=(Wave(after=Gate(approval=APPROVAL)), Wave())))


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


@pytest.fixture
def people(world: WavesWorld) -> People:
    """People, after commit A has succeeded everywhere."""
    world.finish_all(world.push(delivery(DEV, PROD, commit=A)), DEV, PROD)
    world.later()
    return People(world, ROUTES)


def run(world: WavesWorld, people: People, *targets: TargetName) -> RolloutId:
    world.later()
    rollout = RolloutId(str(people.send(RunByHand, route="site", commit=B, targets=targets).rollout))
    if targets == (PROD,):  # the wave before it has no target, and its gate counts all the same
        people.send(Approve, caller=KOFI, rollout=rollout, wave=1, commit=B)
    return rollout


def bad_on(world: WavesWorld, people: People, name: TargetName) -> RolloutId:
    """Commit B runs on a target, and is rolled back there."""
    rollout = run(world, people, name)
    world.finish_all(rollout, name)
    world.later()
    people.send(RollBack, rollout=rollout)
    return rollout


def test_a_run_at_its_gate_halts_at_once(world: WavesWorld, people: People) -> None:
    rollout = run(world, people)
    world.finish_all(rollout, DEV)
    assert world.rollout(rollout).gate
    bad_on(world, people, PROD)
    [halted] = [event for event in world.events(rollout) if isinstance(event, RolloutHalted)]
    assert (halted.kind, halted.not_started) == (HaltKind.REJECTED, (PROD,))
    assert halted.reason.startswith("commit bbbbbbb was rolled back at ")
    assert world.rollout(rollout).state is RolloutState.FAILED


def test_it_cannot_be_approved_any_more(world: WavesWorld, people: People) -> None:
    rollout = run(world, people)
    world.finish_all(rollout, DEV)
    other = run(world, people, PROD)
    world.finish_all(other, PROD)
    world.later()
    people.waits = True  # nothing has looked at the gate yet
    people.send(RollBack, rollout=other)
    refused = people.send(Approve, caller=KOFI, rollout=rollout, wave=1, commit=B)
    assert isinstance(refused, CommandRefused)
    assert "was rolled back" in refused.reason


def test_a_run_that_waits_for_the_end_of_a_freeze_halts(world: WavesWorld, people: People) -> None:
    people.send(StartFreeze, scope="prod/*", seconds=7 * 24 * 3600, reason="busy")
    rollout = run(world, people, PROD)
    bad_on(world, people, DEV)
    world.pass_by(minutes=5)
    people.send(EndFreeze, scope="prod/*")
    world.pass_by(minutes=5)
    assert (world.rollout(rollout).state, world.started(rollout)) == (RolloutState.FAILED, set())


def test_who_asks_again_gets_it(world: WavesWorld, people: People) -> None:
    bad_on(world, people, DEV)
    people.send(StartFreeze, scope="prod/*", seconds=3600, reason="busy")
    rollout = run(world, people, PROD)
    world.pass_by(minutes=61)
    assert world.started(rollout) == {PROD}
    world.finish_all(rollout, PROD)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_a_build_that_is_running_goes_on(world: WavesWorld, people: People) -> None:
    rollout = run(world, people, PROD)
    bad_on(world, people, DEV)
    world.pass_by(minutes=5)
    assert world.run(rollout, PROD).state is RunState.RUNNING
    world.finish_all(rollout, PROD)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED
