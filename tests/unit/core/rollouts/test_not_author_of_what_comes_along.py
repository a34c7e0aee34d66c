"""`not_author`: a commit brings along those before it that never passed all gates, and whoever wrote them counts."""

from typing import Any

import pytest

from pointsman.core.delivery import Delivery
from pointsman.core.model import RolloutId, RolloutState, RunState, TargetName, WhenBusy
from pointsman.core.rollout_plan import Wave
from pointsman.core.rollouts import contributors
from pointsman.core.rollouts.commands.forms import Approve, Cancel, Reject, RollBack, RunByHand
from pointsman.core.trail.command_events import CommandRefused, RolloutApproved
from tests.support.commands import HANA, People
from tests.support.plans import APPROVAL, KOFI, WavesWorld, gated, waved
from tests.unit.core.rollouts.test_not_author import ROUTES

DEV, PROD = TargetName("dev/eu-west-1"), TargetName("prod/eu-west-1")
A, B, C, D = "a" * 40, "b" * 40, "c" * 40, "d" * 40
COMES_ALONG = (
    "kofi pushed or wrote bbbbbbb, which has not passed all gates of the route and comes along: "
    "somebody else has to approve it"
)


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


def sent(world: WavesWorld, commit: str, who: str, *, before: str = "0" * 40, **change: Any) -> Delivery:
    delivered = waved((DEV,), (PROD,), policies={0: gated(approval=APPROVAL)}, commit=commit, at=world.later())
    by = {"actor": who, "author": who, "author_login": who, "authors": (who,), "before": before} | change
    return delivered.replace(change=delivered.change.replace(**by))


def at_gate(world: WavesWorld, commit: str, who: str, **change: Any) -> RolloutId:
    rollout = world.push(sent(world, commit, who, **change))
    world.finish_all(rollout, DEV)
    return rollout


def send(world: WavesWorld, kind: type[Any], caller: str, **fields: Any) -> Any:
    world.later()
    return People(world, ROUTES).send(kind, f"command-{world.clock().timestamp():.0f}", caller, **fields)


def approval(world: WavesWorld, rollout: RolloutId, by: str) -> str | None:
    """Why an approval is refused; None if it is not."""
    event = send(world, Approve, by, rollout=rollout, wave=1, commit=world.rollout(rollout).change.after)
    assert isinstance(event, RolloutApproved | CommandRefused)
    return event.reason if isinstance(event, CommandRefused) else None


def through(world: WavesWorld, rollout: RolloutId, by: str) -> None:
    """Approve a rollout, and let it end."""
    assert approval(world, rollout, by) is None
    world.finish_all(rollout, PROD)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def by_hand(world: WavesWorld, commit: str, caller: str) -> RolloutId:
    rollout = RolloutId(str(send(world, RunByHand, caller, route="site", commit=commit).rollout))
    world.finish_all(rollout, DEV)
    return rollout


def test_whose_commit_was_superseded_at_its_gate_cannot_approve_the_newer_one(world: WavesWorld) -> None:
    first = at_gate(world, B, "kofi")
    second = at_gate(world, C, "hana", before=B)
    assert world.rollout(first).state is RolloutState.SUPERSEDED
    assert approval(world, second, KOFI) == COMES_ALONG
    third = at_gate(world, D, "mallory", before=C)
    assert approval(world, third, KOFI) == COMES_ALONG
    assert world.started(third) == {DEV}


def test_however_the_first_one_ended_before_its_gate(world: WavesWorld) -> None:
    first = at_gate(world, B, "kofi")
    send(world, Reject, HANA, rollout=first, wave=1)
    assert approval(world, at_gate(world, C, "hana"), KOFI) == COMES_ALONG


def test_also_if_it_was_cancelled_or_rolled_back(world: WavesWorld) -> None:
    through(world, at_gate(world, A, "mallory"), KOFI)
    first = at_gate(world, B, "kofi")
    send(world, RollBack, KOFI, rollout=first)
    back = next(name for name, _, _ in reversed(world.builds.started))
    world.finish_all(back, DEV)
    second = at_gate(world, C, "hana")
    send(world, Cancel, HANA, rollout=second)
    assert approval(world, at_gate(world, D, "hana"), KOFI) == COMES_ALONG


def test_also_if_it_arrives_late(world: WavesWorld) -> None:
    late = sent(world, B, "kofi")
    second = at_gate(world, C, "hana")
    world.push(late)
    assert approval(world, second, KOFI) == COMES_ALONG


def test_also_if_the_newer_commit_is_run_by_hand(world: WavesWorld) -> None:
    at_gate(world, B, "kofi")
    at_gate(world, C, "hana")
    assert approval(world, by_hand(world, C, HANA), KOFI) == COMES_ALONG


def test_also_whoever_pushed_it_before_if_that_arrives_late(world: WavesWorld) -> None:
    late = sent(world, B, "kofi")
    at_gate(world, B, "mallory", before="9" * 40)
    second = at_gate(world, C, "hana", before=B)
    world.push(late)
    assert approval(world, second, KOFI) == COMES_ALONG


def test_also_whoever_pushed_it_once_more(world: WavesWorld) -> None:
    at_gate(world, B, "mallory")
    at_gate(world, C, "hana", before=B)
    at_gate(world, B, "kofi", before=C)
    assert approval(world, at_gate(world, D, "hana", before=B), KOFI) == COMES_ALONG


def test_what_somebody_else_approved_no_longer_counts(world: WavesWorld) -> None:
    first = at_gate(world, B, "kofi")
    assert approval(world, first, HANA) is None
    world.finish_all(first, PROD, state=RunState.FAILED)
    through(world, at_gate(world, C, "hana"), KOFI)


def test_nor_does_what_came_along_with_it(world: WavesWorld) -> None:
    mallory = at_gate(world, A, "mallory")
    at_gate(world, B, "kofi")
    assert approval(world, mallory, HANA)
    through(world, at_gate(world, C, "mallory"), HANA)
    through(world, at_gate(world, D, "hana"), KOFI)


def test_an_older_commit_that_passes_leaves_the_newer_ones_to_their_own_approval(world: WavesWorld) -> None:
    at_gate(world, A, "mallory")
    at_gate(world, B, "kofi")
    through(world, by_hand(world, A, HANA), KOFI)
    assert approval(world, at_gate(world, C, "hana"), KOFI) == COMES_ALONG


def test_two_people_bring_their_commits_on_one_by_one(world: WavesWorld) -> None:
    at_gate(world, B, "kofi")
    at_gate(world, C, "hana")
    through(world, by_hand(world, B, KOFI), HANA)
    through(world, by_hand(world, C, HANA), KOFI)


def test_where_commits_queue_those_that_passed_do_not_count(world: WavesWorld) -> None:
    def queued(commit: str, who: str) -> RolloutId:
        delivered = sent(world, commit, who)
        [spec] = delivered.specs
        return world.push(delivered.replace(specs=(spec.replace(when_busy=WhenBusy.QUEUE),)))

    first = queued(B, "kofi")
    second = queued(C, "hana")
    world.finish_all(first, DEV)
    through(world, first, HANA)
    world.finish_all(second, DEV)
    through(world, second, KOFI)


def test_nobody_may_if_who_wrote_what_comes_along_is_unknown(world: WavesWorld) -> None:
    at_gate(world, B, "hana", unknown_authors=("Mia",))
    assert approval(world, at_gate(world, C, "hana"), KOFI) == (
        "GitHub knows no account of Mia, who pushed or wrote bbbbbbb, which has not passed all gates of the route and "
        "comes along: add the commit's e-mail address to the account for later commits, and for this one set "
        "`not_author: false`, deploy, and run the route again"
    )


def test_a_bot_before_a_person_is_no_obstacle(world: WavesWorld) -> None:
    at_gate(world, B, "dependabot[bot]")
    through(world, at_gate(world, C, "hana"), KOFI)


@pytest.mark.parametrize("bound", ["COMMITS_KEPT", "NAMES_KEPT"])
def test_nobody_may_if_there_are_more_than_are_known(
    world: WavesWorld, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(contributors, bound, 2)
    at_gate(world, A, "mallory")
    at_gate(world, B, "hana", authors=("hana", "mallory", "ada"))
    assert (
        approval(world, at_gate(world, C, "hana"), KOFI)
        == (
            "too many people pushed or wrote what comes along to know all of them: "
            "set `not_author: false`, deploy, and run the route again"
        )
        or bound == "NAMES_KEPT"
    )


def test_what_ran_without_gates_is_not_kept(world: WavesWorld) -> None:
    delivered = sent(world, B, "kofi")
    [spec] = delivered.specs
    assert spec.plan
    plan = spec.plan.replace(waves=(Wave(), Wave()))
    rollout = world.push(delivered.replace(specs=(spec.replace(plan=plan),)))
    world.finish_all(rollout, DEV)
    world.finish_all(rollout, PROD)
    through(world, at_gate(world, C, "hana"), KOFI)


@pytest.mark.parametrize("gate", [{"approval": APPROVAL.replace(not_author=False)}, {"soak_seconds": 60}, {}])
def test_a_route_that_asks_for_nobody_else_keeps_nobody(world: WavesWorld, gate: dict[str, Any]) -> None:
    delivered = waved((DEV,), (PROD,), policies={0: gated(**gate)}, commit=C, at=world.later())
    rollout = world.rollout(world.push(delivered))
    [route] = world.store.routes_named(rollout.spec.route)
    assert (route.newest and route.newest.rollout, route.contributors.kept) == (rollout.id, ())
