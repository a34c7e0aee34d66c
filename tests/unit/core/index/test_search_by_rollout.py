"""Questions with a rollout, a path or a command: these find the events, and not the author or the branch."""

import random
from typing import Any

import pytest

from pointsman.core.index.query import IndexQuery
from pointsman.core.run_request import RunRequest, Trigger
from pointsman.core.trail.command_events import RolloutRequested
from pointsman.core.trail.events import RolloutStarted
from tests.support.events import after, started_rollout
from tests.support.index_world import IndexWorld, a_rollout


@pytest.fixture(scope="module")
def world() -> IndexWorld:
    world, seed = IndexWorld(), random.Random(11)
    for number in range(30):
        world.add(*a_rollout(number, seed))
    return world


def test_a_rollout_is_found_by_its_authors_only(world: IndexWorld) -> None:
    starts = [each for each in world.trail.all() if isinstance(each, RolloutStarted)]
    of_ada = next(each for each in starts if "Ada" in each.change.author_logins)
    of_others = next(each for each in starts if "Ada" not in each.change.author_logins)
    for start, is_hers in ((of_ada, True), (of_others, False)):
        query = IndexQuery(rollout=start.rollout, author="ada")
        without = query.replace(author=None)
        assert world.found(query) == (world.found(without) if is_hers else [])
        assert bool(world.found(query.replace(types=("RunEnded",)))) == is_hers
    assert world.found(IndexQuery(rollout="r-none", author="ada")) == []


def test_a_path_finds_what_an_author_changed_or_a_rollout(world: IndexWorld) -> None:
    query = IndexQuery(host="web-0", path="/etc/nginx.conf")
    every, starts = world.found(query), [each for each in world.trail.all() if isinstance(each, RolloutStarted)]
    hers = {each.partition for each in starts if "Ada" in each.change.author_logins}
    assert {place for place in every if place[0] in hers} == set(world.found(query.replace(author="ada")))
    one = every[0][0]
    found = world.found(query.replace(rollout=one.removeprefix("ROLLOUT#")))
    assert found == [each for each in every if each[0] == one]
    assert world.found(query.replace(path="/etc/other", rollout=one.removeprefix("ROLLOUT#"))) == []


def test_what_a_person_asked_for_is_found_by_its_branch_and_author() -> None:
    """The command is in a partition of its own in the trail."""
    world = IndexWorld()
    about: dict[str, Any] = {"repository": "acme/infra", "route": "site", "commit": "a" * 40, "rollout": "r-1"}
    asked = RolloutRequested(at=after(0), actor="ola", command="c-1", reason="", targets=("dev/eu-west-1",), **about)
    request = RunRequest(id="q-1", trigger=Trigger.PERSON, actor="ola", reason="try again")
    start = started_rollout("dev/eu-west-1").replace(**about, at=after(1_000), actor="ola", request=request)
    world.trail.record(start)
    world.add(asked)
    for query in (
        IndexQuery(repository="acme/infra", branch="main"),
        IndexQuery(author="hana", outcomes=("requested",)),
    ):
        assert world.found(query) == [(asked.partition, asked.key)]
