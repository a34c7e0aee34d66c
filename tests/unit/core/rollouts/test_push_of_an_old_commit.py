"""An old commit that is pushed again runs as the route is today, with the waves and gates that it got since."""

from typing import Any

import pytest

from pointsman.core.delivery import Delivery
from pointsman.core.model import RolloutId, RolloutState, RunState, TargetName, WhenBusy
from pointsman.core.rollouts.commands.forms import Approve
from tests.support.commands import People
from tests.support.plans import APPROVAL, KOFI, WavesWorld, gated, people, waved
from tests.support.rollouts import delivery, target

DEV, PROD, EAST = "dev/eu-west-1", "prod/eu-west-1", "prod/us-east-1"
A, B = "a" * 40, "b" * 40
GATED = {0: gated(approval=APPROVAL)}


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


def approve(world: WavesWorld, rollout: RolloutId) -> None:
    commit = world.rollout(rollout).change.after
    People(world, people()).send(Approve, caller=KOFI, rollout=rollout, wave=1, commit=commit, command=f"ok-{commit}")


def with_gate(world: WavesWorld, commit: str, **about: Any) -> Delivery:
    """A push of a commit, now that the route has a gate before PROD."""
    sent = waved((DEV,), (PROD,), commit=commit, at=world.later(), policies=GATED, **about)
    return sent.replace(change=sent.change.replace(before="9" * 40))


def attempts(world: WavesWorld, rollout: RolloutId) -> dict[str, int]:
    return {str(name): run.attempt for name, run in world.runs(rollout).items()}


def test_a_gate_that_the_route_got_since_holds_it(world: WavesWorld) -> None:
    old = world.push(delivery(DEV, PROD, commit=A, name="d-a"))
    world.finish_all(old, DEV, PROD)
    new = world.push(with_gate(world, B))
    world.finish_all(new, DEV)
    approve(world, new)
    world.finish_all(new, PROD)

    assert world.push(with_gate(world, A)) == old
    world.finish_all(old, DEV)
    assert attempts(world, old) == {DEV: 2, PROD: 1}
    approve(world, old)
    world.finish_all(old, PROD)
    assert attempts(world, old) == {DEV: 2, PROD: 2}
    assert world.rollout(old).state is RolloutState.SUCCEEDED


def test_it_runs_as_the_route_is_today(world: WavesWorld) -> None:
    old = world.push(delivery(DEV, PROD, commit=A, name="d-a"))
    world.finish_all(old, DEV, PROD)
    world.finish_all(world.push(delivery(DEV, PROD, commit=B, name="d-b", at=world.later())), DEV, PROD)
    again = delivery(DEV, EAST, commit=A, name="d-a2", at=world.later(), before=B, playbook="other.yml")
    world.push(again.replace(specs=(again.specs[0].replace(when_busy=WhenBusy.QUEUE),)))
    spec = world.rollout(old).spec
    assert (spec.playbook, spec.when_busy) == ("other.yml", WhenBusy.QUEUE)
    assert [target.name for target in spec.targets] == [DEV, EAST]
    assert attempts(world, old) == {DEV: 2, PROD: 1, EAST: 1}


def test_a_target_that_left_the_route_before_its_wave_does_not_get_it(world: WavesWorld) -> None:
    old = world.push(waved((DEV,), (PROD,), commit=A))
    world.finish_all(old, DEV, state=RunState.FAILED)
    People(world, people()).retry(old)
    People(world, people()).cancel(old, command="command-c")
    world.finish_all(old, DEV, state=RunState.STOPPED)
    again = delivery(DEV, commit=A, name="d-a2", at=world.later(), before=B)
    world.push(again)
    world.finish_all(old, DEV)
    assert world.rollout(old).state is RolloutState.SUCCEEDED
    assert attempts(world, old) == {DEV: 3}


def test_a_push_while_a_build_of_it_is_running_comes_to_the_gate(world: WavesWorld) -> None:
    """Commit B took the place of A in PROD, while A was running in DEV."""
    busy = world.push(delivery(PROD, commit="d" * 40, route="base"))
    old = world.push(delivery(DEV, PROD, commit=A, name="d-a", at=world.later()))
    new = world.push(delivery(PROD, commit=B, name="d-b", at=world.later()))
    assert world.run(old, TargetName(PROD)).state is RunState.SUPERSEDED
    world.push(with_gate(world, A))
    world.finish_all(busy, PROD)
    world.finish_all(old, DEV)
    assert PROD not in world.started(old)
    world.finish_all(new, PROD)
    approve(world, old)
    assert PROD in world.started(old)


def test_a_redelivery_that_runs_what_was_refused_comes_to_the_gate(world: WavesWorld) -> None:
    world.builds.refuses[PROD] = "there is no project"
    sent = delivery(DEV, PROD, commit=A, name="d-a")
    old = world.push(sent)
    world.finish_all(old, DEV)
    world.builds.refuses.clear()
    gated_now = waved((DEV,), (PROD,), commit=A, policies=GATED).specs
    world.push(sent.replace(specs=gated_now))
    assert attempts(world, old) == {DEV: 1, PROD: 1}
    approve(world, old)
    world.finish_all(old, PROD)
    assert attempts(world, old) == {DEV: 1, PROD: 2}
    assert world.rollout(old).state is RolloutState.SUCCEEDED


def test_a_run_that_waits_goes_on_as_it_began(world: WavesWorld) -> None:
    busy = world.push(delivery(PROD, commit="d" * 40, route="base"))
    old = world.push(delivery(DEV, PROD, commit=A, name="d-a"))
    world.push(with_gate(world, A))
    world.finish_all(busy, PROD)
    assert PROD in world.started(old)
    assert target(PROD) in world.rollout(old).spec.targets
