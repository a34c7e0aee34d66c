"""Runs of a part: a retry of some targets, a run on some hosts, and what they leave alone."""

from datetime import timedelta

import pytest

from pointsman.core.model import Rollout, RolloutState, Run, RunState, TargetName, WhenBusy
from pointsman.core.ports import BuildReport
from pointsman.core.rollout_plan import Amount, OnFailure, Tolerance, Wave
from pointsman.core.rollouts import executor
from pointsman.core.rollouts.commands.forms import Approve, Resume, Retry, RunByHand, StartFreeze
from pointsman.core.trail.command_events import CommandRefused, RolloutApproved
from tests.support.commands import People
from tests.support.plans import APPROVAL, KOFI, WavesWorld, gated, people, waved
from tests.support.rollouts import COMMIT, MORNING, delivery
from tests.unit.core.rollouts.test_run_by_hand import ROUTES

DEV, PROD = TargetName("dev/eu-west-1"), TargetName("prod/eu-west-1")
OTHER = "2" * 40


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


def test_a_retry_of_one_of_the_failed_targets_runs_and_then_the_wave_is_judged(world: WavesWorld) -> None:
    rollout = world.push(waved((DEV, PROD), ("prod/us-east-1",)))
    world.finish_all(rollout, DEV, PROD, state=RunState.FAILED)
    world.clock.pass_by(minutes=1)
    People(world).retry(rollout, DEV)
    assert world.run(rollout, DEV).state is RunState.RUNNING
    world.clock.pass_by(minutes=1)
    world.finish_all(rollout, DEV)
    stored = world.rollout(rollout)
    assert (stored.state, stored.halt and stored.halt.reason) == (
        RolloutState.FAILED,
        "wave 1 failed: prod/eu-west-1 failed",
    )


def test_a_run_on_some_hosts_supersedes_no_commit(world: WavesWorld) -> None:
    first = world.push(delivery(DEV, PROD))
    waiting = world.push(delivery(DEV, PROD, commit=OTHER, at=world.later()))
    world.clock.pass_by(minutes=1)
    People(world, ROUTES).send(RunByHand, route="site", commit=COMMIT, targets=(DEV,), limit="web-1")
    world.finish_all(first, DEV)
    assert world.run(waiting, DEV).state is RunState.RUNNING


def test_where_commits_queue_a_later_one_leaves_the_gate_open(world: WavesWorld) -> None:
    policies = {0: gated(approval=APPROVAL)}
    first = world.push(waved((DEV,), (PROD,), policies=policies, when_busy=WhenBusy.QUEUE))
    world.finish_all(first, DEV)
    later = MORNING + timedelta(minutes=1)
    world.push(waved((DEV,), (PROD,), policies=policies, when_busy=WhenBusy.QUEUE, commit=OTHER, at=later))
    event = People(world, people()).send(Approve, caller=KOFI, rollout=first, wave=1, commit=COMMIT)
    assert isinstance(event, RolloutApproved)
    assert world.started(first) == {DEV, PROD}


def test_after_a_freeze_the_newest_commit_runs_first(world: WavesWorld) -> None:
    sender = People(world, ROUTES)
    sender.send(StartFreeze, scope="*", reason="migration", seconds=3600)
    commits = [f"{number:040x}" for number in range(1, 7)]
    rollouts = [world.push(delivery(DEV, commit=each, name=f"d-{each[-1]}", at=world.later())) for each in commits]
    world.pass_by(hours=1)
    assert [name for name, _, _ in world.builds.started] == [rollouts[-1]]
    assert {world.rollout(name).state for name in rollouts[:-1]} == {RolloutState.SUPERSEDED}


def test_an_override_is_for_one_round(world: WavesWorld) -> None:
    sender = People(world, ROUTES)
    sender.send(StartFreeze, scope="*", reason="migration")
    rollout = world.push(delivery(DEV))
    sender.send(Resume, rollout=rollout, override_freeze=True, reason="hotfix")
    world.finish_all(rollout, DEV, state=RunState.FAILED)
    sender.send(Retry, rollout=rollout)
    assert len(world.builds.started) == 1
    assert world.rollout(rollout).wait


def test_a_run_that_could_not_start_before_a_freeze_gives_its_target_back(world: WavesWorld) -> None:
    sender = People(world, ROUTES)
    world.builds.throttles[DEV] = "throttled"
    rollout = world.push(delivery(DEV))
    sender.send(StartFreeze, scope="site", reason="migration", seconds=24 * 3600)
    world.builds.throttles.clear()
    world.pass_by(minutes=5)
    other = world.push(delivery(DEV, route="base", commit=OTHER, at=world.clock(), playbook="base.yml"))
    assert world.started(other) == {DEV}
    world.finish_all(other, DEV)
    world.pass_by(hours=24)
    assert world.run(rollout, DEV).state is RunState.RUNNING
    assert world.run(rollout, DEV).attempt == 2


def test_a_commit_without_known_author_cannot_be_approved_where_that_matters(world: WavesWorld) -> None:
    sent = waved((DEV,), (PROD,), policies={0: gated(approval=APPROVAL)})
    rollout = world.push(sent.replace(change=sent.change.replace(author="", actor="somebody")))
    world.finish_all(rollout, DEV)
    event = People(world, people()).send(Approve, caller=KOFI, rollout=rollout, wave=1, commit=COMMIT)
    assert isinstance(event, CommandRefused)
    assert event.reason.startswith("nobody knows the author of the commit")


def test_nobody_can_take_the_id_of_a_rollback_by_the_route(world: WavesWorld) -> None:
    world.finish_all(world.push(delivery(DEV, PROD)), DEV, PROD)
    bad = world.push(waved((DEV,), (PROD,), commit=OTHER, at=world.later(), on_failure=OnFailure.ROLLBACK))
    People(world).send(Resume, rollout=bad, command=f"on-failure-{bad}-1")
    world.finish_all(bad, DEV, state=RunState.FAILED)
    assert world.rollout(bad).state is RolloutState.ROLLED_BACK


def test_a_delayed_start_sees_a_cancel_that_came_meanwhile(world: WavesWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "PARALLEL_STEPS", 1)
    names = ("dev/eu-west-1", "dev/us-east-1", "prod/eu-west-1")
    world.builds.throttles.update(dict.fromkeys(names, "throttled"))
    rollout = world.push(delivery(*names))
    world.builds.throttles.clear()
    sender = People(world)
    sender.waits = True
    start = world.builds.start

    def start_while_somebody_cancels(of: Rollout, run: Run) -> BuildReport:
        if not world.builds.started:
            sender.cancel(rollout)
        world.clock.pass_by(seconds=3)
        return start(of, run)

    monkeypatch.setattr(world.builds, "start", start_while_somebody_cancels)
    world.pass_by(minutes=5)
    assert len(world.builds.started) == 1


def test_a_region_that_recovers_waits_for_room_in_its_wave(world: WavesWorld) -> None:
    names = ("dev/eu-west-1", "dev/us-east-1", "prod/eu-west-1", "prod/us-east-1")
    policy = Wave(max_parallel=2, tolerate=Tolerance(unavailable_targets=Amount(number=2)))
    world.builds.throttles.update(dict.fromkeys(names[:2], "throttled"))
    rollout = world.push(waved(names, policies={0: policy}))
    world.pass_by(minutes=20)
    assert world.started(rollout) == set(names[2:])
    world.builds.throttles.clear()
    world.pass_by(minutes=5)
    assert world.started(rollout) == set(names[2:])
    world.finish_all(rollout, *names[2:])
    world.pass_by(minutes=5)
    assert world.started(rollout) == set(names)


def test_a_wave_that_the_commit_did_not_reach_is_not_passed(world: WavesWorld) -> None:
    first = world.push(waved((DEV,), (PROD,)))
    newer = world.push(waved((DEV,), (PROD,), commit=OTHER, at=MORNING + timedelta(minutes=1)))
    world.finish_all(first, DEV, state=RunState.FAILED)
    world.finish_all(newer, DEV)
    world.finish_all(newer, PROD, state=RunState.FAILED)
    world.clock.pass_by(minutes=5)
    third = world.push(waved((DEV,), (PROD,), at=MORNING, commit="3" * 40))  # it arrives late
    People(world).retry(third)
    assert PROD not in world.runs(third)
    assert world.rollout(third).state is RolloutState.SUPERSEDED
