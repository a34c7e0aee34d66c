"""`not_author`: nobody approves what they pushed, wrote or requested, and nobody whose part in it is unknown."""

from typing import Any

import pytest
from msgspec.structs import replace

from pointsman.core.delivery import Delivery
from pointsman.core.model import RolloutId, TargetName
from pointsman.core.rollout_plan import RolloutPlan, Wave
from pointsman.core.rollouts.commands.forms import Approve, RunByHand
from pointsman.core.routes.compiled import CompiledRoute, CompiledRoutes, Place, TargetGroup
from pointsman.core.trail.command_events import CommandRefused, RolloutApproved
from tests.support.commands import HANA, People
from tests.support.plans import APPROVAL, KOFI, PEOPLE, WavesWorld, gated, waved
from tests.support.rollouts import COMMIT

DEV, PROD = TargetName("dev/eu-west-1"), TargetName("prod/eu-west-1")
PLACES = (
    Place(account="dev", account_id="222222222222", region="eu-west-1"),
    Place(account="prod", account_id="333333333333", region="eu-west-1"),
)
SITE = CompiledRoute(
    name="site",
    repository=("acme/infra",),
    playbook="site.yml",
    targets=(TargetGroup(places=(0,)), TargetGroup(places=(1,), wave=1)),
    plan=RolloutPlan(waves=(gated(approval=APPROVAL), Wave())),
)
ROUTES = CompiledRoutes(places=PLACES, routes=(SITE,), people=PEOPLE)
MINE = "kofi pushed, wrote or requested it, and somebody else has to approve it"
OTHERWISE = "set `not_author: false`, deploy, and run the route again"


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


def pushed(world: WavesWorld, *, before: str = "0" * 40, **change: Any) -> Delivery:
    sent = waved((DEV,), (PROD,), policies={0: gated(approval=APPROVAL)}, at=world.later())
    return sent.replace(change=sent.change.replace(before=before, **change))


def at_gate(world: WavesWorld, **change: Any) -> RolloutId:
    rollout = world.push(pushed(world, **change))
    world.finish_all(rollout, DEV)
    return rollout


def approval(world: WavesWorld, rollout: RolloutId, routes: CompiledRoutes = ROUTES, by: str = KOFI) -> str | None:
    """Why an approval is refused; None if it is not."""
    event = People(world, routes).send(
        Approve, command=f"command-{rollout}", caller=by, rollout=rollout, wave=1, commit=COMMIT
    )
    assert isinstance(event, RolloutApproved | CommandRefused)
    return event.reason if isinstance(event, CommandRefused) else None


def test_somebody_else_may(world: WavesWorld) -> None:
    assert approval(world, at_gate(world)) is None


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "Kofi"},
        {"author_login": "kofi"},
        {"authors": ("hana", "kofi")},
        {"earlier_actors": ("kofi",)},
        {"authors": ("kofi",), "unknown_authors": ("Mia",)},
    ],
)
def test_who_pushed_or_wrote_it_may_not(world: WavesWorld, change: dict[str, Any]) -> None:
    assert approval(world, at_gate(world, **change)) == MINE


@pytest.mark.parametrize(
    ("change", "unknown"),
    [
        ({"author": "Kofi Mensah", "author_login": None}, "Kofi Mensah"),
        ({"authors": ("hana",), "unknown_authors": ("Mia", "Ada")}, "Mia, Ada"),
    ],
)
def test_nobody_may_if_an_author_is_unknown(world: WavesWorld, change: dict[str, Any], unknown: str) -> None:
    assert approval(world, at_gate(world, **change)) == (
        f"GitHub knows no account of {unknown}, who pushed or wrote it: add the commit's e-mail address to the account "
        f"for later commits, and for this one {OTHERWISE}"
    )


def test_nobody_may_if_only_a_bot_is_known(world: WavesWorld) -> None:
    by_bot = {"actor": "ci[bot]", "author_login": "ci[bot]", "authors": ("ci[bot]",)}
    assert approval(world, at_gate(world, **by_bot)) == (
        "only ci[bot] pushed and wrote it, and nobody knows who is behind that: let a person push or merge a new "
        f"commit, or {OTHERWISE}"
    )


def test_a_bot_may_push_what_a_person_wrote(world: WavesWorld) -> None:
    rollout = at_gate(world, actor="github-merge-queue[bot]", authors=("hana",))
    assert approval(world, rollout) is None


@pytest.mark.parametrize("late", [False, True])
def test_everybody_counts_who_pushed_the_commit(world: WavesWorld, *, late: bool) -> None:
    """Another push of the same commit, by somebody else; or the first one, which arrives after it."""
    first = pushed(world, actor="kofi")
    second = pushed(world, actor="mallory", before="9" * 40)
    rollout = world.push(second if late else first)
    world.push(first if late else second)
    world.finish_all(rollout, DEV)
    assert world.rollout(rollout).change.actor == "mallory"
    assert approval(world, rollout) == MINE


def test_the_authors_of_every_push_count(world: WavesWorld) -> None:
    world.push(pushed(world, authors=("hana", "kofi"), unknown_authors=("Mia",)))
    rollout = world.push(pushed(world, authors=("hana",), before="9" * 40))
    change = world.rollout(rollout).change
    assert (change.authors, change.unknown_authors) == (("hana", "kofi"), ("Mia",))


def by_hand(world: WavesWorld, caller: str, routes: CompiledRoutes = ROUTES) -> RolloutId:
    """What somebody ran by hand, at its gate."""
    before = at_gate(world)
    approval(world, before)
    world.finish_all(before, PROD)
    world.later()
    rollout = RolloutId(str(People(world, routes).send(RunByHand, "command-run", caller=caller, route="site").rollout))
    world.finish_all(rollout, DEV)
    return rollout


def test_who_ran_it_may_not(world: WavesWorld) -> None:
    assert approval(world, by_hand(world, KOFI)) == MINE


def test_nobody_may_if_who_ran_it_is_unknown(world: WavesWorld) -> None:
    """It may be the same person with another role."""
    caller = "arn:aws:sts::111111111111:assumed-role/Dev/kofi"
    rollout = by_hand(world, caller)
    assert approval(world, rollout) == (
        f"routes.yaml has no login for {caller}, who ran it: add it to `people` and deploy, or {OTHERWISE}"
    )
    mallory = replace(ROUTES, people=PEOPLE | {"mallory": (caller,)})
    event = People(world, mallory).send(Approve, "command-2", caller=KOFI, rollout=rollout, wave=1, commit=COMMIT)
    assert isinstance(event, RolloutApproved)


def test_without_not_author_all_of_them_may(world: WavesWorld) -> None:
    sent = pushed(world, actor="hana", author_login=None, unknown_authors=("Mia",))
    policies = {0: gated(approval=APPROVAL.replace(not_author=False))}
    spec = waved((DEV,), (PROD,), policies=policies).specs[0]
    rollout = world.push(sent.replace(specs=(spec,)))
    world.finish_all(rollout, DEV)
    assert approval(world, rollout, by=HANA) is None
