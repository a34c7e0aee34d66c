"""A run by hand on some hosts is rolled back there alone, and never by itself."""

from typing import Any

import pytest
from msgspec.structs import replace

from pointsman.core.model import RolloutId, RolloutState, RunState, TargetName
from pointsman.core.rollout_plan import OnFailure, RolloutPlan, Wave
from pointsman.core.rollouts.commands.forms import RollBack, RunByHand
from pointsman.core.routes.compiled import CompiledRoute, CompiledRoutes, Place, TargetGroup
from pointsman.core.run_request import Trigger
from pointsman.core.trail.command_events import CommandRefused, RolloutRequested
from tests.support.commands import People
from tests.support.plans import WavesWorld, waved
from tests.support.rollouts import delivery

DEV = TargetName("dev/eu-west-1")
A, B, C = "a" * 40, "b" * 40, "c" * 40
SITE = CompiledRoute(name="site", repository=("acme/infra",), playbook="site.yml", targets=(TargetGroup(places=(0,)),))
ROUTES = CompiledRoutes(places=(Place(account="dev", account_id="222222222222", region="eu-west-1"),), routes=(SITE,))
FOLLOWED = "a newer commit of the route has held the target since, or waits for it"


@pytest.fixture
def world() -> WavesWorld:
    """A world in which commit A has succeeded."""
    world = WavesWorld()
    world.finish_all(world.push(delivery(DEV, commit=A)), DEV)
    return world


@pytest.fixture
def people(world: WavesWorld) -> People:
    return People(world, ROUTES)


def on_web_1(people: People, commit: str = B, state: RunState = RunState.SUCCEEDED, **about: Any) -> RolloutId:
    """A commit that somebody has run on one host."""
    people.world.later()
    event = people.send(RunByHand, route="site", commit=commit, limit="web-1", **about)
    assert isinstance(event, RolloutRequested)
    rollout = RolloutId(str(event.rollout))
    people.world.finish(rollout, DEV, state)
    people.world.later()
    return rollout


def refusal(people: People, rollout: RolloutId) -> str:
    event = people.send(RollBack, rollout=rollout)
    assert isinstance(event, CommandRefused)
    return event.reason


def test_only_these_hosts_go_back(world: WavesWorld, people: People) -> None:
    people.send(RollBack, rollout=on_web_1(people))
    last = world.rollout(world.builds.started[-1][0])
    assert last.request
    assert (last.change.after, last.request.trigger, last.request.is_partial) == (A, Trigger.ROLLBACK, True)
    assert [target.limit for target in last.spec.targets] == ["web-1"]


def test_what_waits_for_the_target_is_not_reverted(world: WavesWorld, people: People) -> None:
    by_hand = on_web_1(people)
    newer = world.push(delivery(DEV, commit=C, name="d-c", at=world.later()))
    assert FOLLOWED in refusal(people, by_hand)
    world.finish_all(newer, DEV)
    assert FOLLOWED in refusal(people, by_hand)


@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.FAILED])
def test_what_was_pushed_before_but_ran_after_it_is_not_reverted(
    world: WavesWorld, people: People, state: RunState
) -> None:
    """The target was busy with another route, and the commit waited for it."""
    world.later()
    base = world.push(delivery(DEV, route="base"))
    newer = world.push(delivery(DEV, commit=C, name="d-c", at=world.later()))
    people.cancel(newer)
    by_hand = people.send(RunByHand, route="site", commit=B, limit="web-1")
    world.finish_all(base, DEV)
    world.finish_all(RolloutId(str(by_hand.rollout)), DEV)
    world.later()
    people.retry(newer)
    world.finish_all(newer, DEV, state=state)
    assert FOLLOWED in refusal(people, RolloutId(str(by_hand.rollout)))


def test_a_commit_that_every_host_has_is_rolled_back_everywhere_or_nowhere(world: WavesWorld, people: People) -> None:
    by_hand = on_web_1(people, A)
    good = next(name for name, _, _ in world.builds.started)
    assert f"every host has the commit, not only those of this rollout: roll back {good}" in refusal(people, by_hand)


def test_an_instance_alone_does_not_go_back(world: WavesWorld, people: People) -> None:
    world.clock.pass_by(hours=2)
    world.launch(1)
    [of_instance] = world.runs_on_instances()
    world.finish_all(of_instance.id, DEV)
    assert "every host has the commit" in refusal(people, of_instance.id)


def test_a_commit_that_runs_before_the_rollback_supersedes_it(world: WavesWorld, people: People) -> None:
    by_hand = on_web_1(people)
    people.waits = True
    people.send(RollBack, rollout=by_hand)
    newer = delivery(DEV, commit=C, name="d-c", at=world.later())
    world.finish_all(world.push(newer), DEV)
    people.run_start_build()
    assert world.builds.started[-1][0] == newer.specs[0].rollout
    assert world.rollout(by_hand).state is RolloutState.ROLLED_BACK


def test_on_failure_rollback_is_not_for_some_hosts(world: WavesWorld, people: People) -> None:
    plan = RolloutPlan(waves=(Wave(),), on_failure=OnFailure.ROLLBACK)
    people.routes = replace(ROUTES, routes=(replace(SITE, plan=plan),))
    by_hand = on_web_1(people, state=RunState.FAILED)
    stored = world.rollout(by_hand)
    assert (stored.state, stored.rollback) == (RolloutState.FAILED, None)
    assert world.started(world.push(waved((DEV,), commit=B, at=world.later()))) == {DEV}
