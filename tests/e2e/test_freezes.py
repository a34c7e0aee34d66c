"""Freezes hold real rollouts, an override passes, and a lost end of a build is found by the sweep."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from localcloud.waiting import TIMEOUT_SECONDS, wait_until
from pointsman.core.model import RolloutState, RunState, TargetName
from pointsman.core.rollout_facts import WaitKind
from pointsman.core.rollouts.commands.forms import EndFreeze, Resume, StartFreeze
from pointsman.core.trail.command_events import FreezeEnded, FreezeStarted, RolloutResumed
from pointsman.core.trail.events import BuildReported, RunEnded
from pointsman.core.trail.wave_events import RolloutWaited
from pointsmanctl.demo.observer import STANDSTILL_SECONDS, Observer
from pointsmanctl.errors import CommandError
from tests.support.fleet import Fleet, Person
from tests.support.roles import Roles

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

DEV, PROD = TargetName("dev/eu-central-1"), TargetName("prod/eu-central-1")


@pytest.fixture(scope="module")
def operator(world: Observer) -> Person:
    return Person(world, Roles(world), "freeze")


@contextmanager
def no_build_states(world: Observer, account: str, region: str) -> Iterator[None]:
    """The worker stack's rule forwards no state of a build."""
    events = world.cloud.client("events", account, region)
    rules = [rule["Name"] for rule in events.list_rules()["Rules"] if "CodeBuild Build State" in rule["EventPattern"]]
    assert rules
    for name in rules:
        events.disable_rule(Name=name)
    try:
        yield
    finally:
        for name in rules:
            events.enable_rule(Name=name)


def test_a_freeze_holds_its_targets_until_it_ends(
    world: Observer, operator: Person, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fleet = Fleet(world, "acme/pair", tmp_path_factory.mktemp("frozen"))
    started = operator.send(StartFreeze, scope="prod/eu-central-*", seconds=3600, reason="the busiest week")
    assert isinstance(started, FreezeStarted)
    delivery = fleet.push("d")
    rollout = fleet.waiting(delivery, WaitKind.FREEZE)
    assert rollout.wait
    assert "frozen by test-freeze/test: the busiest week" in rollout.wait.reason
    assert rollout.wait.until == started.until
    wait_until(lambda: len(fleet.lines("d", DEV)) == 4, STANDSTILL_SECONDS, "dev, which is not frozen, does not run")
    fleet.sweep()
    assert fleet.lines("d", PROD) == []

    assert isinstance(operator.send(EndFreeze, scope="prod/eu-central-*"), FreezeEnded)
    ended, runs = fleet.end(rollout.id, sweeps=True)
    assert ended.state is RolloutState.SUCCEEDED
    assert runs[PROD].state is RunState.SUCCEEDED
    assert world.first(rollout.id, RolloutWaited).kind is WaitKind.FREEZE


def test_an_override_passes_a_freeze_window_and_the_sweep_finds_the_end_that_got_lost(
    world: Observer, operator: Person, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = TargetName("dev/us-east-1")
    fleet = Fleet(world, "acme/frozen", tmp_path_factory.mktemp("window"))
    rollout = fleet.waiting(fleet.push("w"), WaitKind.FREEZE)
    assert rollout.wait
    assert rollout.wait.until
    assert rollout.wait.until > datetime.now(UTC)
    with pytest.raises(CommandError, match="overriding a freeze needs a reason"):
        operator.send(Resume, rollout=rollout.id, override_freeze=True)
    assert fleet.lines("w", target) == []

    with no_build_states(world, "dev", "us-east-1"):
        event = operator.send(Resume, rollout=rollout.id, override_freeze=True, reason="it mends the outage")
        assert isinstance(event, RolloutResumed)
        codebuild = world.cloud.client("codebuild", "dev", "us-east-1")

        def has_ended() -> bool:
            run = fleet.load(rollout.id)[1].get(target)
            builds = codebuild.batch_get_builds(ids=[run.build_arn])["builds"] if run and run.build_arn else []
            return any(build["buildStatus"] == "SUCCEEDED" for build in builds)

        wait_until(has_ended, STANDSTILL_SECONDS, "the build does not end", lambda: world.progress(rollout.id))
    assert not fleet.load(rollout.id)[0].state.ended
    assert not [event for event in world.events(rollout.id) if isinstance(event, BuildReported)]

    ended, runs = fleet.end(rollout.id, sweeps=True)
    assert (ended.state, runs[target].state) == (RolloutState.SUCCEEDED, RunState.SUCCEEDED)
    assert world.first(rollout.id, RunEnded).state is RunState.SUCCEEDED
    wait_until(lambda: len(world.host_results(rollout.id, 2)) == 2, TIMEOUT_SECONDS, "no results of hosts")
