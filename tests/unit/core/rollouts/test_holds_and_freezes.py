"""Holds and freezes: nothing starts, nothing else is held up, and each has an end."""

from datetime import timedelta
from typing import Any

import pytest

from pointsman.core.model import RolloutState, RunState, TargetName, WhenBusy
from pointsman.core.rollout_facts import HaltKind, WaitKind
from pointsman.core.rollout_plan import FreezeWindow, Wave
from pointsman.core.rollouts.commands.forms import EndFreeze, HoldRollout, Resume, Retry, StartFreeze
from pointsman.core.routes.compiled import CompiledRoute, CompiledRoutes, Place
from pointsman.core.trail.command_events import CommandRefused, FreezeEnded, FreezeStarted
from pointsman.core.trail.wave_events import RolloutWaited
from tests.support.commands import People
from tests.support.plans import WavesWorld, waved
from tests.support.rollouts import MORNING, delivery

DEV, PROD = "dev/eu-west-1", "prod/eu-west-1"
OTHER = "2" * 40
ROUTES = CompiledRoutes(
    places=(
        Place(account="dev", account_id="222222222222", region="eu-west-1"),
        Place(account="prod", account_id="333333333333", region="eu-west-1"),
    ),
    routes=(CompiledRoute(name="site", repository=("acme/infra",), playbook="site.yml", targets=()),),
)
# MORNING is a Monday, 09:00 in Berlin.
MONDAYS = FreezeWindow(cron="0 8 * * MON", seconds=4 * 3600, time_zone="Europe/Berlin")


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


@pytest.fixture
def people(world: WavesWorld) -> People:
    return People(world, ROUTES)


def freeze(people: People, scope: str, **about: Any) -> FreezeStarted:
    event = people.send(StartFreeze, **{"scope": scope, "reason": "migration", **about})
    assert isinstance(event, FreezeStarted)
    return event


@pytest.mark.parametrize("scope", ["*", "site", "prod/*", PROD])
def test_nothing_starts_in_a_frozen_scope(world: WavesWorld, people: People, scope: str) -> None:
    freeze(people, scope)
    rollout = world.push(delivery(PROD))
    assert world.builds.started == []
    wait = world.rollout(rollout).wait
    assert wait
    assert (wait.kind, wait.until) == (WaitKind.FREEZE, MORNING + timedelta(days=1))
    assert wait.reason == "prod/eu-west-1: frozen by Ops/hana: migration"
    [event] = [event for event in world.events(rollout) if isinstance(event, RolloutWaited)]
    assert event.kind is WaitKind.FREEZE

    people.send(EndFreeze, scope=scope)
    world.pass_by(minutes=5)
    assert world.started(rollout) == {PROD}
    assert world.rollout(rollout).wait is None


def test_a_freeze_ends_by_itself(world: WavesWorld, people: People) -> None:
    freeze(people, "*", seconds=3600)
    rollout = world.push(delivery(DEV))
    world.pass_by(minutes=59)
    assert world.builds.started == []
    world.pass_by(minutes=1)
    assert world.started(rollout) == {DEV}


def test_other_targets_and_routes_go_on(world: WavesWorld, people: People) -> None:
    freeze(people, "prod/*")
    rollout = world.push(delivery(DEV, PROD))
    assert world.started(rollout) == {DEV}
    world.finish_all(rollout, DEV)
    assert world.rollout(rollout).state is RolloutState.OPEN


def test_a_run_that_waits_in_a_freeze_does_not_hold_up_another_route(world: WavesWorld, people: People) -> None:
    first = world.push(delivery(DEV, route="base"))
    frozen = world.push(delivery(DEV, commit=OTHER))
    third = world.push(delivery(DEV, commit="3" * 40, route="users", playbook="users.yml"))
    freeze(people, "site")
    world.engine.sweep()
    world.finish_all(first, DEV)
    assert world.started(third) == {DEV}
    assert world.run(frozen, TargetName(DEV)).state is RunState.WAITING
    wait = world.rollout(frozen).wait
    assert wait
    assert wait.kind is WaitKind.FREEZE
    world.finish_all(third, DEV)
    people.send(EndFreeze, scope="site")
    world.pass_by(minutes=5)
    assert world.started(frozen) == {DEV}


def test_a_window_of_the_route_holds_its_waves(world: WavesWorld) -> None:
    rollout = world.push(waved((DEV,), (PROD,), freezes=(MONDAYS,)))
    wait = world.rollout(rollout).wait
    assert wait
    assert (wait.kind, wait.until) == (WaitKind.FREEZE, MORNING + timedelta(hours=3))
    assert world.rollout(rollout).waves_started == 0
    world.pass_by(hours=3)
    assert world.started(rollout) == {DEV}


def test_a_build_that_is_running_when_a_freeze_begins_goes_on(world: WavesWorld, people: People) -> None:
    rollout = world.push(waved((DEV,), (PROD,)))
    freeze(people, "*")
    world.finish_all(rollout, DEV)
    assert world.run(rollout, TargetName(DEV)).state is RunState.SUCCEEDED
    assert world.started(rollout) == {DEV}
    assert world.rollout(rollout).waves_started == 1


def test_an_override_needs_a_reason_and_lets_one_rollout_run(world: WavesWorld, people: People) -> None:
    freeze(people, "*")
    rollout, other = world.push(delivery(DEV)), world.push(delivery(PROD, route="base"))
    refused = people.send(Resume, rollout=rollout, override_freeze=True)
    assert isinstance(refused, CommandRefused)
    assert refused.reason == "overriding a freeze needs a reason: give one"
    people.send(Resume, rollout=rollout, override_freeze=True, reason="hotfix")
    assert world.started(rollout) == {DEV}
    assert world.runs(other) == {}


def test_a_retry_can_override_a_freeze(world: WavesWorld, people: People) -> None:
    rollout = world.push(delivery(DEV))
    world.finish_all(rollout, DEV, state=RunState.FAILED)
    freeze(people, "*")
    people.send(Retry, rollout=rollout, override_freeze=True, reason="hotfix")
    assert world.run(rollout, TargetName(DEV)).attempt == 2


def test_a_new_instance_waits_for_the_end_of_a_freeze(world: WavesWorld, people: People) -> None:
    rollout = world.push(delivery(DEV))
    world.finish_all(rollout, DEV)
    freeze(people, DEV, seconds=10 * 3600)
    world.later()
    world.launch(1)
    world.pass_by(hours=9)
    assert len(world.builds.started) == 1
    world.pass_by(hours=1)
    assert len(world.builds.started) == 2


@pytest.mark.parametrize(
    ("scope", "reason"),
    [
        ("sites", "no route is named sites: there are site, targets such as prod/*, and * for all"),
        ("test/*", "no target is named test/*: there are dev/eu-west-1, prod/eu-west-1"),
    ],
)
def test_a_scope_that_is_nothing_is_refused(people: People, scope: str, reason: str) -> None:
    event = people.send(StartFreeze, scope=scope, reason="x")
    assert isinstance(event, CommandRefused)
    assert event.reason == reason


def test_a_freeze_needs_a_reason_and_a_thaw_a_freeze(people: People) -> None:
    assert isinstance(people.send(StartFreeze, scope="*"), CommandRefused)
    refused = people.send(EndFreeze, scope="*")
    assert isinstance(refused, CommandRefused)
    assert refused.reason == "* is not frozen: nothing is frozen by hand"
    freeze(people, "site")
    assert isinstance(people.send(EndFreeze, scope="site"), FreezeEnded)


def test_a_held_rollout_starts_nothing_and_is_resumed(world: WavesWorld, people: People) -> None:
    rollout = world.push(waved((DEV,), (PROD,)))
    people.send(HoldRollout, rollout=rollout, seconds=3600, reason="looking")
    world.finish_all(rollout, DEV)
    wait = world.rollout(rollout).wait
    assert wait
    assert (wait.kind, wait.reason) == (WaitKind.HOLD, "held by Ops/hana: looking")
    assert isinstance(people.send(HoldRollout, rollout=rollout), CommandRefused)
    people.send(Resume, rollout=rollout)
    assert world.started(rollout) == {DEV, PROD}
    refused = people.send(Resume, rollout=rollout)
    assert isinstance(refused, CommandRefused)


def test_a_hold_that_nobody_ends_halts_the_rollout(world: WavesWorld, people: People) -> None:
    rollout = world.push(waved((DEV,), (PROD,)))
    people.send(HoldRollout, rollout=rollout, seconds=3600)
    world.finish_all(rollout, DEV)
    world.pass_by(hours=1)
    stored = world.rollout(rollout)
    assert stored.halt
    assert (stored.halt.kind, stored.state) == (HaltKind.EXPIRED, RolloutState.FAILED)


FOUR = (DEV, "dev/us-east-1", PROD, "prod/us-east-1")


def test_frozen_targets_take_no_place_in_a_wave_that_limits_them(world: WavesWorld, people: People) -> None:
    freeze(people, "dev/*")
    rollout = world.push(waved(FOUR, policies={0: Wave(max_parallel=2)}))
    assert world.started(rollout) == set(FOUR[2:])
    people.send(EndFreeze, scope="dev/*")
    world.pass_by(minutes=5)
    assert world.started(rollout) == set(FOUR[2:])
    world.finish_all(rollout, PROD)
    assert world.started(rollout) == {DEV, *FOUR[2:]}


def test_runs_that_a_freeze_took_out_of_their_queues_take_no_place_either(world: WavesWorld, people: People) -> None:
    busy = world.push(delivery(*FOUR[:2], route="base", playbook="base.yml", commit=OTHER))
    rollout = world.push(waved(FOUR, policies={0: Wave(max_parallel=2)}))
    assert {run.state for run in world.runs(rollout).values()} == {RunState.WAITING}
    freeze(people, "dev/*")
    world.pass_by(minutes=5)
    assert world.started(rollout) == set(FOUR[2:])

    world.finish_all(busy, *FOUR[:2])
    people.send(EndFreeze, scope="dev/*")
    world.pass_by(minutes=5)
    assert world.started(rollout) == set(FOUR[2:])  # there is no room for them yet
    world.finish_all(rollout, PROD)
    assert world.started(rollout) == {DEV, *FOUR[2:]}
    world.finish_all(rollout, DEV, FOUR[3])
    world.finish_all(rollout, FOUR[1])
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_when_busy_cancel_stops_a_build_only_when_the_newer_commit_may_start_there(
    world: WavesWorld, people: People
) -> None:
    first = world.push(waved((DEV, PROD), when_busy=WhenBusy.CANCEL))
    freeze(people, "prod/*", seconds=3600)
    world.clock.pass_by(minutes=1)
    newer = world.push(waved((DEV, PROD), commit=OTHER, at=world.clock(), when_busy=WhenBusy.CANCEL))
    stopped = [world.run(first, TargetName(name)).build_arn for name in (DEV, PROD)]
    assert world.builds.stopped == stopped[:1]
    world.finish_all(first, DEV, state=RunState.STOPPED)
    assert world.started(newer) == {DEV}

    world.pass_by(hours=1)
    assert world.builds.stopped == stopped
    world.finish_all(first, PROD, state=RunState.STOPPED)
    assert world.started(newer) == {DEV, PROD}
    assert world.rollout(first).state is RolloutState.SUPERSEDED


def test_what_a_freeze_lets_go_on_ends_as_it_does(world: WavesWorld, people: People) -> None:
    first = world.push(waved((DEV, PROD), when_busy=WhenBusy.CANCEL))
    freeze(people, "*")
    world.clock.pass_by(minutes=1)
    world.push(waved((DEV, PROD), commit=OTHER, at=world.clock(), when_busy=WhenBusy.CANCEL))
    world.finish_all(first, DEV)
    world.finish(first, TargetName(PROD), RunState.STOPPED, "somebody stopped it")
    assert world.builds.stopped == []
    assert world.run(first, TargetName(DEV)).state is RunState.SUCCEEDED
    assert world.run(first, TargetName(PROD)).reason == "somebody stopped it"
