"""A person's run that waits in a queue when its commit is rolled back: it never starts, and the target goes back."""

import pytest

from pointsman.core.model import RolloutId, RolloutState, RunState, TargetName
from pointsman.core.rollout_plan import OnFailure, RolloutPlan, Wave
from pointsman.core.rollouts.commands.forms import RollBack, RunByHand
from pointsman.core.routes.compiled import CompiledRoute, CompiledRoutes, Place, TargetGroup
from pointsman.core.trail.command_events import RolloutRolledBack
from tests.support.commands import People
from tests.support.plans import PEOPLE, WavesWorld, waved
from tests.support.rollouts import delivery, target

DEV, PROD, US = TargetName("dev/eu-west-1"), TargetName("prod/eu-west-1"), TargetName("prod/us-east-1")
GOOD, BAD, OTHER = "a" * 40, "b" * 40, "c" * 40


def routes(plan: RolloutPlan | None = None) -> CompiledRoutes:
    """The route of `delivery`, with all targets in its first wave."""
    places = tuple(
        Place(account=each.account, account_id=each.account_id, region=each.region)
        for each in map(target, (DEV, PROD, US))
    )
    groups = (TargetGroup(places=(0, 1, 2)),)
    site = CompiledRoute(name="site", repository=("acme/infra",), playbook="site.yml", targets=groups, plan=plan)
    return CompiledRoutes(places=places, routes=(site,), people=PEOPLE)


@pytest.fixture
def world() -> WavesWorld:
    """A world in which every target has a commit to which it could go back."""
    world = WavesWorld()
    world.finish_all(world.push(delivery(DEV, PROD, US, commit=GOOD)), DEV, PROD, US)
    world.later()
    return world


def run(world: WavesWorld, people: People, *targets: TargetName, limit: str = "") -> RolloutId:
    world.later()
    return RolloutId(str(people.send(RunByHand, route="site", commit=BAD, targets=targets, limit=limit).rollout))


def roll_back(world: WavesWorld, people: People, rollout: RolloutId, *targets: TargetName) -> RolloutRolledBack:
    world.later()
    event = people.send(RollBack, rollout=rollout, targets=targets)
    assert isinstance(event, RolloutRolledBack)
    return event


def never_started(world: WavesWorld, rollout: RolloutId) -> None:
    stored = world.rollout(rollout)
    assert (stored.state, world.started(rollout)) == (RolloutState.FAILED, set())
    assert stored.halt
    assert stored.halt.reason.startswith("commit bbbbbbb was rolled back at ")


def builds_of(world: WavesWorld, commit: str, name: TargetName) -> int:
    return sum(on == name and world.rollout(rollout).change.after == commit for rollout, on, _ in world.builds.started)


@pytest.mark.parametrize("limit", ["", "web-1"])
@pytest.mark.parametrize("sweeps", [True, False])
def test_a_run_behind_the_bad_rollout_leaves_the_target_to_the_rollback(
    world: WavesWorld, sweeps: bool, limit: str
) -> None:
    people = People(world, routes())
    bad = world.push(delivery(DEV, PROD, commit=BAD, at=world.clock()))
    rollout = run(world, people, DEV, limit=limit)
    world.finish_all(bad, PROD, state=RunState.FAILED)
    event = roll_back(world, people, bad)
    assert ([part.targets for part in event.parts], event.left_out) == ([(DEV, PROD)], {})
    if sweeps:
        world.pass_by(minutes=5)
    world.finish_all(bad, DEV, state=RunState.STOPPED)
    never_started(world, rollout)
    assert builds_of(world, GOOD, DEV) == 2


def test_the_build_ends_before_anything_has_looked_at_the_rollback(world: WavesWorld) -> None:
    people = People(world, routes())
    bad = world.push(delivery(DEV, PROD, commit=BAD, at=world.clock()))
    rollout = run(world, people, DEV)
    world.finish_all(bad, PROD, state=RunState.FAILED)
    people.waits = True
    roll_back(world, people, bad)
    world.finish_all(bad, DEV)
    never_started(world, rollout)
    people.run_start_build()
    world.pass_by(minutes=5)
    assert builds_of(world, GOOD, DEV) == 2


def test_a_run_behind_a_rollout_that_goes_back_by_itself(world: WavesWorld) -> None:
    people = People(world, routes())
    sent = waved((DEV, PROD), (US,), commit=BAD, at=world.clock(), on_failure=OnFailure.ROLLBACK)
    bad = world.push(sent)
    rollout = run(world, people, DEV)
    world.finish_all(bad, PROD, state=RunState.FAILED)
    world.later()
    world.finish_all(bad, DEV)
    never_started(world, rollout)
    assert builds_of(world, GOOD, DEV) == 2


def test_a_run_behind_another_route(world: WavesWorld) -> None:
    people = People(world, routes())
    bad = world.push(delivery(DEV, PROD, commit=BAD, at=world.clock()))
    world.finish_all(bad, DEV, PROD)
    other = world.push(delivery(PROD, commit=OTHER, at=world.later(), route="other", playbook="other.yml"))
    rollout = run(world, people, PROD)
    elsewhere = run(world, people, US)
    world.finish_all(elsewhere, US)
    roll_back(world, people, elsewhere)
    world.finish_all(other, PROD)
    never_started(world, rollout)


def test_the_next_turn_of_a_run_does_not_begin(world: WavesWorld) -> None:
    people = People(world, routes(RolloutPlan(waves=(Wave(max_parallel=1),))))
    elsewhere = run(world, people, US)
    rollout = run(world, people, DEV, PROD)
    world.finish_all(elsewhere, US)
    roll_back(world, people, elsewhere)
    world.finish_all(rollout, DEV)
    assert world.started(rollout) == {DEV}
    assert world.rollout(rollout).state is RolloutState.FAILED


def test_who_has_asked_since_gets_it_in_its_turn(world: WavesWorld) -> None:
    people = People(world, routes())
    bad = world.push(delivery(DEV, PROD, commit=BAD, at=world.clock()))
    roll_back(world, people, bad)
    rollout = run(world, people, DEV)
    world.finish_all(bad, DEV, PROD, state=RunState.STOPPED)
    back = next(each for each, name, _ in reversed(world.builds.started) if name == DEV)
    world.finish_all(back, DEV)
    assert world.started(rollout) == {DEV}
