"""An override of a freeze is about the freezes that its person could know, not about those that come later."""

from datetime import timedelta

import pytest

from pointsman.core.model import RolloutId
from pointsman.core.rollout_facts import WaitKind
from pointsman.core.rollout_plan import FreezeWindow
from pointsman.core.rollouts.commands.forms import Resume, StartFreeze
from pointsman.core.rollouts.freezes import frozen_until_despite
from tests.support.commands import People
from tests.support.plans import WavesWorld, gated, waved
from tests.support.rollouts import MORNING
from tests.unit.core.rollouts.test_freezes import HOUR, at, window
from tests.unit.core.rollouts.test_holds_and_freezes import DEV, PROD, ROUTES, freeze

# MORNING is a Monday, 08:00 UTC.
NIGHTS = FreezeWindow(cron="0 20 * * *", seconds=10 * HOUR, time_zone="UTC")


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


@pytest.fixture
def people(world: WavesWorld) -> People:
    return People(world, ROUTES)


def push(world: WavesWorld, soak: timedelta, *windows: FreezeWindow) -> RolloutId:
    """A rollout whose second wave comes after this time."""
    policies = {0: gated(soak_seconds=int(soak.total_seconds()))}
    return world.push(waved((DEV,), (PROD,), policies=policies, freezes=windows))


def override(people: People, rollout: RolloutId) -> None:
    people.send(Resume, rollout=rollout, override_freeze=True, reason="hotfix")


def is_frozen(world: WavesWorld, rollout: RolloutId) -> bool:
    wait = world.rollout(rollout).wait
    return wait is not None and wait.kind is WaitKind.FREEZE


@pytest.mark.parametrize("is_longer", [False, True])
def test_a_freeze_that_somebody_makes_later_holds(world: WavesWorld, people: People, is_longer: bool) -> None:
    rollout = push(world, timedelta(minutes=10))
    if is_longer:
        freeze(people, "*", seconds=HOUR)
    override(people, rollout)
    world.finish_all(rollout, DEV)
    world.clock.pass_by(minutes=5)
    people.send(StartFreeze, scope="*", reason="an incident", seconds=2 * HOUR)
    world.pass_by(minutes=10)
    assert world.started(rollout) == {DEV}
    assert is_frozen(world, rollout)
    override(people, rollout)
    assert world.started(rollout) == {DEV, PROD}


def test_the_next_window_is_passed_and_not_the_one_after_it(world: WavesWorld, people: People) -> None:
    rollout = push(world, timedelta(hours=13), NIGHTS)  # until 21:00
    later = push_another(world)
    override(people, rollout)
    override(people, later)
    world.finish_all(rollout, DEV)
    world.pass_by(hours=13)
    assert world.started(rollout) == {DEV, PROD}

    world.finish_all(later, "dev/us-east-1")
    world.pass_by(hours=24)  # the night after
    assert world.started(later) == {"dev/us-east-1"}
    assert is_frozen(world, later)


def push_another(world: WavesWorld) -> RolloutId:
    """A rollout of the same route that soaks until the second night."""
    policies = {0: gated(soak_seconds=24 * HOUR)}
    sent = waved(("dev/us-east-1",), ("prod/us-east-1",), policies=policies, freezes=(NIGHTS,), commit="2" * 40)
    [spec] = sent.specs
    return world.push(sent.replace(specs=(spec.replace(route="other", playbook="other.yml"),)))


@pytest.mark.parametrize(
    ("overridden_at", "now", "is_passed"),
    [
        ("2026-03-06 16:59", "2026-03-06 17:00", True),  # before Friday's
        ("2026-03-06 17:00", "2026-03-08 12:00", True),  # in it
        ("2026-03-09 08:59", "2026-03-13 17:00", False),  # in last week's
        ("2026-03-09 09:00", "2026-03-13 17:00", True),  # after last week's
        ("2026-03-06 16:59", "2026-03-13 17:00", False),
    ],
)
def test_the_freeze_in_effect_or_the_next_one_is_passed(overridden_at: str, now: str, is_passed: bool) -> None:
    weekends = (window("0 17 * * FRI", 64 * HOUR, "UTC"),)
    assert (frozen_until_despite(weekends, at(overridden_at), at(now)) is None) is is_passed
    assert frozen_until_despite(weekends, None, at(now))


def test_windows_without_a_pause_are_one_freeze() -> None:
    windows = (window("0 17 * * FRI", 7 * HOUR, "UTC"), window("0 0 * * SAT", 48 * HOUR, "UTC"))
    assert frozen_until_despite(windows, at("2026-03-06 16:00"), at("2026-03-08 12:00")) is None
    assert frozen_until_despite(windows, MORNING, MORNING + timedelta(hours=1)) is None
