"""A check beside which its route runs says nothing: it may have seen either commit, or the middle of a change."""

import pytest

from pointsman.core.model import RolloutId, RunState
from pointsman.core.rollouts.commands.forms import RunByHand
from tests.support.commands import People
from tests.support.drift import DriftSide
from tests.support.rollouts import delivery
from tests.support.world import DEV, MemoryWorld

OTHER = "2" * 40
TASKS = {"web-1": ["Set the file limit"]}
REPEATED = "site ran during the check: it is repeated"


@pytest.fixture
def side() -> DriftSide[MemoryWorld]:
    side = DriftSide(MemoryWorld())
    side.apply()
    return side


def push(side: DriftSide[MemoryWorld]) -> RolloutId:
    return side.world.push(delivery(DEV, commit=OTHER, at=side.world.later(), name="d-2"))


def reason(side: DriftSide[MemoryWorld]) -> str:
    """Why nothing is known of the drift."""
    unknown = side.record().unknown
    return unknown.reason if unknown else ""


@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.FAILED])
def test_a_commit_that_ran_meanwhile_voids_it(side: DriftSide[MemoryWorld], state: RunState) -> None:
    check = side.check()
    side.world.finish(push(side), DEV, state)
    side.end(check, TASKS)
    assert (side.events(check), reason(side), side.record().hosts) == ([], REPEATED, {})


def test_a_commit_that_still_runs_voids_it(side: DriftSide[MemoryWorld]) -> None:
    check = side.check()
    push(side)
    side.end(check, TASKS)
    assert (side.events(check), reason(side)) == ([], REPEATED)


def test_a_run_on_some_hosts_voids_it_too(side: DriftSide[MemoryWorld]) -> None:
    people = People(side.world, side.routes)
    check = side.check()
    by_hand = RolloutId(str(people.send(RunByHand, route="site", commit=OTHER, limit="web-1").rollout))
    side.end(check, TASKS)
    assert (side.events(check), reason(side)) == ([], REPEATED)
    assert side.rollouts() == [side.world.rollout(check.id)]  # none starts beside it
    side.world.finish(by_hand, DEV)
    side.sweep()
    assert len(side.rollouts()) == 2


def test_a_new_instance_voids_it_too(side: DriftSide[MemoryWorld]) -> None:
    check = side.check()
    side.world.launch(1)
    [of_instance] = [each for each in side.world.runs_on_instances() if each.id != check.id]
    side.world.finish(of_instance.id, DEV)
    side.end(check, TASKS)
    assert (side.events(check), reason(side)) == ([], REPEATED)


def test_another_route_does_not_void_it(side: DriftSide[MemoryWorld]) -> None:
    check = side.check()
    side.world.finish(side.world.push(delivery(DEV, route="base", at=side.world.later())), DEV)
    side.end(check, TASKS)
    assert side.record().hosts.keys() == {"web-1"}


def test_it_is_repeated_once_when_the_route_has_run(side: DriftSide[MemoryWorld]) -> None:
    first = side.check()
    commit = push(side)
    side.end(first, TASKS)
    assert len(side.rollouts()) == 1
    side.world.finish(commit, DEV)
    side.world.later()
    side.sweep()
    [_, second] = side.rollouts()
    assert second.change.after == OTHER
    side.end(second, {"web-1": []})
    assert (reason(side), side.record().hosts, side.record().repeats) == ("", {}, False)
    side.sweep()
    assert len(side.rollouts()) == 2


def test_what_drifted_before_stays_listed(side: DriftSide[MemoryWorld]) -> None:
    side.end(side.check(), TASKS)
    check = side.check()
    side.world.finish(push(side), DEV)
    side.end(check, {"web-1": []})
    assert side.record().hosts.keys() == {"web-1"}
