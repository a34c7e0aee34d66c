"""A commit that was rolled back never runs again by itself, so it stands in no other commit's way."""

import pytest

from pointsman.core.change import PullRequest
from pointsman.core.model import Mode, RolloutId, RolloutState, RunState, TargetName, WhenBusy
from pointsman.core.rollout_facts import HaltKind
from pointsman.core.rollout_plan import RolloutPlan, Wave
from pointsman.core.rollouts.commands.forms import RollBack, RunByHand
from pointsman.core.trail.command_events import CommandRefused
from pointsman.core.trail.events import RolloutStarted
from tests.support.commands import People
from tests.support.plans import WavesWorld, site_in_two_waves, waved
from tests.support.rollouts import delivery

DEV, PROD = TargetName("dev/eu-west-1"), TargetName("prod/eu-west-1")
A, B, C, D = "a" * 40, "b" * 40, "c" * 40, "d" * 40


ROUTES = site_in_two_waves(DEV, PROD, RolloutPlan(waves=(Wave(), Wave())))


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


@pytest.fixture
def people(world: WavesWorld) -> People:
    """People, after commit A has succeeded, and somebody ran commit B in DEV and rolled it back."""
    people = People(world, ROUTES)
    world.finish_all(world.push(delivery(DEV, PROD, commit=A)), DEV, PROD)
    world.later()
    by_hand = RolloutId(str(people.send(RunByHand, route="site", commit=B, targets=(DEV,)).rollout))
    world.finish_all(by_hand, DEV)
    people.send(RollBack, rollout=by_hand)
    world.finish_all(world.builds.started[-1][0], DEV)
    return people


def pushed(world: WavesWorld, commit: str, when_busy: WhenBusy = WhenBusy.SUPERSEDE) -> RolloutId:
    return world.push(waved((DEV,), (PROD,), commit=commit, at=world.later(), when_busy=when_busy))


@pytest.mark.parametrize("when_busy", [WhenBusy.SUPERSEDE, WhenBusy.CANCEL, WhenBusy.QUEUE])
@pytest.mark.usefixtures("people")
def test_its_push_supersedes_and_stops_nothing(world: WavesWorld, when_busy: WhenBusy) -> None:
    good = pushed(world, C, when_busy)
    bad = pushed(world, B, when_busy)
    halt = world.rollout(bad).halt
    assert halt
    assert (halt.kind, world.started(bad)) == (HaltKind.REJECTED, set())
    world.finish_all(good, DEV)
    world.finish_all(good, PROD)
    assert (world.rollout(good).state, world.builds.stopped) == (RolloutState.SUCCEEDED, [])


def test_its_push_is_not_the_newest_commit_of_the_route(world: WavesWorld, people: People) -> None:
    pushed(world, B)
    world.later()
    again = RolloutId(str(people.send(RunByHand, route="site").rollout))
    assert world.rollout(again).change.after == A


@pytest.mark.usefixtures("people")
def test_a_newer_commit_still_says_what_the_one_before_has_not_reached(world: WavesWorld) -> None:
    half_way = pushed(world, C)
    world.finish_all(half_way, DEV, state=RunState.FAILED)
    pushed(world, B)
    newest = pushed(world, D)
    [started] = [event for event in world.events(newest) if isinstance(event, RolloutStarted)]
    assert started.overtakes
    assert (started.overtakes.rollout, started.overtakes.not_started) == (half_way, (PROD,))


def test_no_retry_brings_it_back(world: WavesWorld, people: People) -> None:
    bad = pushed(world, B)
    event = people.retry(bad)
    assert isinstance(event, CommandRefused)
    assert event.reason == "commit bbbbbbb was rolled back: push a new commit, or use `pointsman run`"
    assert world.started(bad) == set()


def test_it_runs_by_hand_only_if_it_is_named(world: WavesWorld, people: People) -> None:
    """The newest rollout of the route is another one of the same commit, which was not rolled back itself."""
    good = pushed(world, C)
    world.finish_all(good, DEV)
    world.finish_all(good, PROD)
    world.later()
    again = RolloutId(str(people.send(RunByHand, route="site", targets=(DEV,)).rollout))
    world.finish_all(again, DEV)
    people.send(RollBack, rollout=again)
    refusal = people.send(RunByHand, route="site")
    assert isinstance(refusal, CommandRefused)
    assert refusal.reason == "the newest commit of the route, ccccccc, was rolled back: choose another one"


@pytest.mark.usefixtures("people")
def test_a_pull_request_with_it_is_checked(world: WavesWorld) -> None:
    sent = delivery(DEV, commit=B, name="d-pr", at=world.later())
    pull_request = PullRequest(number=7, base="main", head="fix")
    spec = sent.specs[0].replace(mode=Mode.CHECK, rollout=RolloutId("r-check"), concurrency_group="site#7")
    check = world.push(sent.replace(change=sent.change.replace(pull_request=pull_request), specs=(spec,)))
    assert world.started(check) == {DEV}
