"""Rollbacks on the real templates: each target goes back to the commit that succeeded there, which may differ."""

import pytest

from localcloud.github.webhook import WebhookDelivery
from pointsman.core.model import RolloutId, RolloutState, TargetName
from pointsman.core.rollouts.commands.forms import Retry, RollBack, RunByHand
from pointsman.core.trail.command_events import RolloutRequested, RolloutRolledBack
from pointsman.core.trail.events import RolloutRepeated
from pointsmanctl.demo.observer import Observer, rollout_of
from pointsmanctl.errors import CommandError
from tests.support.fleet import Fleet, Person
from tests.support.roles import Roles

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

DEV, PROD = TargetName("dev/eu-central-1"), TargetName("prod/eu-central-1")


@pytest.fixture(scope="module")
def operator(world: Observer) -> Person:
    return Person(world, Roles(world), "rollback")


@pytest.fixture(scope="module")
def fleet(world: Observer, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    return Fleet(world, "acme/pair", tmp_path_factory.mktemp("pair"))


@pytest.fixture(scope="module")
def bad(world: Observer, fleet: Fleet, operator: Person) -> WebhookDelivery:
    """Commit `a` on both targets, then `b` on one of them by hand, then `c`, which turns out to be bad, on both."""
    world.end_of(fleet.push("a"))
    commit = fleet.commit_aside("b")
    requested = operator.send(RunByHand, route="pair", commit=commit, targets=(DEV,), reason="try it on dev")
    assert isinstance(requested, RolloutRequested)
    assert requested.rollout
    assert fleet.end(RolloutId(requested.rollout))[0].state is RolloutState.SUCCEEDED
    assert (fleet.newest(DEV), fleet.newest(PROD)) == ("b", "a")
    delivery = fleet.push("c")
    world.end_of(delivery)
    assert (fleet.newest(DEV), fleet.newest(PROD)) == ("c", "c")
    return delivery


@pytest.fixture(scope="module")
def rolled_back(world: Observer, fleet: Fleet, operator: Person, bad: WebhookDelivery) -> RolloutRolledBack:
    """The event of the rollback, whose rollouts have ended."""
    rollout = rollout_of(bad)
    plan = operator.send(RollBack, rollout=rollout, plan_only=True)
    event = operator.send(RollBack, rollout=rollout, reason="the pages are slow")
    assert isinstance(plan, RolloutRolledBack)
    assert isinstance(event, RolloutRolledBack)
    assert plan.parts == event.parts
    ended, _ = fleet.end(rollout)
    assert ended.rollback
    for each in children(world, rollout):
        assert fleet.end(each)[0].state is RolloutState.SUCCEEDED
    return event


def children(world: Observer, rollout: RolloutId) -> list[RolloutId]:
    """The rollouts of a rollback."""
    open_or_ended = world.cloud.client("dynamodb").scan(TableName=world.rollouts_table)["Items"]
    names = [item["data"]["M"]["id"]["S"] for item in open_or_ended if item["sk"]["S"] == "ROLLOUT"]
    loaded = [world.store.load(RolloutId(name)) for name in names]
    found = [each[0] for each in loaded if each]
    return [each.id for each in found if each.request and each.request.rolls_back == rollout]


def test_each_target_goes_back_to_what_succeeded_there(
    world: Observer, fleet: Fleet, bad: WebhookDelivery, rolled_back: RolloutRolledBack
) -> None:
    assert fleet.load(rollout_of(bad))[0].state is RolloutState.ROLLED_BACK
    assert sorted(part.targets for part in rolled_back.parts) == [(DEV,), (PROD,)]
    assert len(children(world, rollout_of(bad))) == 2
    assert (fleet.newest(DEV), fleet.newest(PROD)) == ("b", "a")


@pytest.mark.usefixtures("rolled_back")
def test_a_redelivery_brings_the_bad_commit_nowhere(world: Observer, fleet: Fleet, bad: WebhookDelivery) -> None:
    builds = world.builds()
    world.cloud.github.redeliver(bad.id)
    event = world.first(rollout_of(bad), RolloutRepeated)
    assert event.retried == ()
    assert "was rolled back" in event.reason
    fleet.sweep()
    assert world.builds() == builds
    assert (fleet.newest(DEV), fleet.newest(PROD)) == ("b", "a")


@pytest.mark.usefixtures("rolled_back")
def test_a_retry_of_the_bad_commit_is_refused(operator: Person, bad: WebhookDelivery) -> None:
    with pytest.raises(CommandError, match="was rolled back: push a new commit"):
        operator.send(Retry, rollout=rollout_of(bad))


def test_a_route_goes_back_by_itself(world: Observer, tmp_path_factory: pytest.TempPathFactory) -> None:
    fleet, target = Fleet(world, "acme/careful", tmp_path_factory.mktemp("careful")), "prod/us-east-1"
    good, _ = world.end_of(fleet.push("good"))
    assert good.state is RolloutState.SUCCEEDED
    rollout, _ = world.end_of(fleet.push("broken", "false", (target,)))
    event = world.first(rollout.id, RolloutRolledBack)
    assert (event.actor, rollout.state) == ("pointsman.engine", RolloutState.ROLLED_BACK)
    [child] = children(world, rollout.id)
    assert fleet.end(child)[0].state is RolloutState.SUCCEEDED
    assert {fleet.newest("dev/us-east-1"), fleet.newest(target)} == {"good"}
    assert len(fleet.lines("good", target)) == 8
