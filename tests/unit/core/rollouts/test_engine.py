"""The engine on the twins: deliveries, redeliveries, queues, and the ends of builds."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pointsman.core.model import RolloutState, RunState, WhenBusy
from pointsman.core.ports import BuildReport, BuildUsage
from pointsman.core.trail.events import DeliveryDecided, RolloutRepeated, RunEnded, RunStarted, RunWaited
from pointsman.core.version import VERSION
from pointsman.errors import Unavailable
from tests.support.rollouts import delivery
from tests.support.world import DEV, PROD, MemoryWorld


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


def test_a_delivery_starts_one_build_on_each_target_and_ends_when_they_have_ended(world: MemoryWorld) -> None:
    rollout = world.push(delivery(DEV, PROD))
    assert sorted(world.builds.started) == [(rollout, DEV, 1), (rollout, PROD, 1)]
    assert world.run(rollout, DEV).state is RunState.RUNNING

    world.finish(rollout, DEV)
    assert world.rollout(rollout).state is RolloutState.OPEN
    world.finish(rollout, PROD)

    assert world.rollout(rollout).state is RolloutState.SUCCEEDED
    assert sorted(world.types(rollout)) == sorted(
        ["RolloutStarted", "RunStarted", "RunStarted", "RunEnded", "RunEnded", "RolloutEnded"]
    )


def test_the_trail_has_the_version_that_started_a_build_and_what_the_build_is_charged_by(world: MemoryWorld) -> None:
    rollout = world.push(delivery(DEV))
    run = world.run(rollout, DEV)
    assert run.build_arn
    usage = BuildUsage(build_seconds=96, compute_type="BUILD_GENERAL1_SMALL", environment_type="ARM_CONTAINER")
    report = world.builds.finish(run.build_arn, RunState.SUCCEEDED, "").replace(usage=usage)
    world.engine.build_ended(rollout, DEV, run.attempt, report)
    [started] = [event for event in world.events(rollout) if isinstance(event, RunStarted)]
    [ended] = [event for event in world.events(rollout) if isinstance(event, RunEnded)]
    assert started.pointsman_version == VERSION
    assert (ended.build_seconds, ended.compute_type, ended.environment_type) == (
        96,
        "BUILD_GENERAL1_SMALL",
        "ARM_CONTAINER",
    )


def test_a_delivery_that_no_route_matches_is_recorded_and_starts_nothing(world: MemoryWorld) -> None:
    world.push(delivery())
    [event] = world.trail.of_partition("DELIVERY#d-1")
    assert isinstance(event, DeliveryDecided)
    assert event.reason == "no route runs"
    assert world.builds.started == []


def test_the_same_commit_redelivered_runs_nothing_twice_and_says_why(world: MemoryWorld) -> None:
    rollout = world.push(delivery(DEV))
    world.push(delivery(DEV))
    world.finish(rollout, DEV)
    world.push(delivery(DEV, name="a second hook's id"))

    assert len(world.builds.started) == 1
    reasons = [event.reason for event in world.events(rollout) if isinstance(event, RolloutRepeated)]
    assert reasons == [
        f"commit 1f0b1f2 is already in progress as {rollout}: nothing runs twice",
        f"commit 1f0b1f2 has already run as {rollout} (succeeded): nothing runs twice",
    ]


def test_a_failed_run_is_not_repeated_by_a_redelivery(world: MemoryWorld) -> None:
    rollout = world.push(delivery(DEV))
    world.finish(rollout, DEV, RunState.FAILED, "BUILD FAILED")
    world.push(delivery(DEV))
    assert len(world.builds.started) == 1
    assert world.rollout(rollout).state is RolloutState.FAILED


def test_a_target_that_refuses_fails_its_own_run_only(world: MemoryWorld) -> None:
    world.builds.refuses[PROD] = "AccessDenied"
    rollout = world.push(delivery(DEV, PROD))
    world.finish(rollout, DEV)

    assert world.run(rollout, PROD).state is RunState.REFUSED
    assert world.run(rollout, PROD).reason == "AccessDenied"
    assert world.run(rollout, DEV).state is RunState.SUCCEEDED
    assert world.rollout(rollout).state is RolloutState.FAILED
    assert world.store.queues([PROD])[PROD].holder is None


def test_a_redelivery_retries_what_was_refused_and_nothing_else(world: MemoryWorld) -> None:
    world.builds.refuses[PROD] = "AccessDenied"
    rollout = world.push(delivery(DEV, PROD))
    world.finish(rollout, DEV)
    world.builds.refuses.clear()
    world.push(delivery(DEV, PROD))

    assert world.builds.started == [(rollout, DEV, 1), (rollout, PROD, 2)]
    world.finish(rollout, PROD)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED
    assert world.types(rollout).count("RolloutEnded") == 2


def test_a_redelivery_does_not_undo_a_newer_commit(world: MemoryWorld) -> None:
    world.builds.refuses[DEV] = "ThrottlingException"
    old = delivery(DEV, commit="a" * 40)
    world.push(old)
    world.builds.refuses.clear()
    world.clock.pass_by(minutes=5)
    newer = world.push(delivery(DEV, commit="b" * 40, name="d-2", at=world.clock()))
    world.finish(newer, DEV)

    rollout = world.push(old)

    assert [started[0] for started in world.builds.started] == [newer]
    [repeated] = [event for event in world.events(rollout) if isinstance(event, RolloutRepeated)]
    assert "is not retried: a newer one ran there since" in repeated.reason


def test_a_target_has_one_live_run_and_the_next_waits_and_is_recorded(world: MemoryWorld) -> None:
    first = world.push(delivery(DEV, commit="a" * 40))
    second = world.push(delivery(DEV, commit="b" * 40, name="d-2"))

    assert world.run(second, DEV).state is RunState.WAITING
    [waited] = [event for event in world.events(second) if isinstance(event, RunWaited)]
    assert waited.blocked_by == first

    world.finish(first, DEV)
    assert world.run(second, DEV).state is RunState.RUNNING
    assert world.run(first, DEV).state is RunState.SUCCEEDED


def test_the_newest_commit_supersedes_the_one_that_waits(world: MemoryWorld) -> None:
    first = world.push(delivery(DEV, commit="a" * 40))
    second = world.push(delivery(DEV, commit="b" * 40, name="d-2", at=world.later()))
    third = world.push(delivery(DEV, commit="c" * 40, name="d-3", at=world.later()))

    assert world.run(second, DEV).state is RunState.SUPERSEDED
    assert world.rollout(second).state is RolloutState.SUPERSEDED
    assert third in world.run(second, DEV).reason
    world.finish(first, DEV)
    assert world.run(third, DEV).state is RunState.RUNNING


def test_a_queueing_route_runs_its_commits_first_in_first_out(world: MemoryWorld) -> None:
    rollouts = [
        world.push(delivery(DEV, commit=letter * 40, name=f"d-{letter}", when_busy=WhenBusy.QUEUE)) for letter in "abc"
    ]
    for rollout in rollouts:
        world.finish(rollout, DEV)
    assert [started[0] for started in world.builds.started] == rollouts


def test_two_routes_on_one_target_wait_for_each_other_and_both_run(world: MemoryWorld) -> None:
    site = world.push(delivery(DEV, route="site"))
    base = world.push(delivery(DEV, route="base"))
    assert world.run(base, DEV).state is RunState.WAITING
    world.finish(site, DEV)
    world.finish(base, DEV)
    assert world.rollout(base).state is RolloutState.SUCCEEDED


def test_the_end_of_a_build_reported_twice_or_late_changes_nothing(world: MemoryWorld) -> None:
    rollout = world.push(delivery(DEV))
    report = world.finish(rollout, DEV)
    before = world.events(rollout)
    failed = report.replace(state=RunState.FAILED)
    world.engine.build_ended(rollout, DEV, 1, failed)
    assert world.run(rollout, DEV).state is RunState.SUCCEEDED
    assert world.events(rollout) == before


def test_a_build_of_another_account_cannot_end_a_run(world: MemoryWorld) -> None:
    rollout = world.push(delivery(PROD))
    forged = BuildReport(
        arn="arn:aws:codebuild:eu-west-1:222222222222:build/pointsman:00000000", state=RunState.SUCCEEDED
    )
    world.engine.build_ended(rollout, PROD, 1, forged)
    assert world.run(rollout, PROD).state is RunState.RUNNING


def test_the_sweep_finds_an_end_that_was_never_reported(world: MemoryWorld) -> None:
    rollout = world.push(delivery(DEV))
    world.builds.finish(world.run(rollout, DEV).build_arn or "", RunState.TIMED_OUT, "BUILD TIMED_OUT")
    world.engine.sweep()
    assert world.run(rollout, DEV).state is RunState.TIMED_OUT
    assert world.rollout(rollout).state is RolloutState.FAILED


def test_a_region_without_an_answer_is_retried_and_delays_no_other(world: MemoryWorld) -> None:
    world.builds.silent.add(PROD)
    incoming = delivery(DEV, PROD)
    with pytest.raises(Unavailable):
        world.push(incoming)
    rollout = incoming.specs[0].rollout
    assert world.run(rollout, DEV).state is RunState.RUNNING
    assert world.run(rollout, PROD).state is RunState.STARTING

    world.builds.silent.clear()
    world.engine.sweep()
    assert world.run(rollout, PROD).state is RunState.RUNNING


def test_a_build_whose_start_got_no_answer_is_found_and_not_started_twice(world: MemoryWorld) -> None:
    incoming = delivery(DEV)
    world.builds.silent.add(DEV)
    with pytest.raises(Unavailable):
        world.push(incoming)
    rollout = incoming.specs[0].rollout
    world.builds.silent.clear()
    world.builds.start(world.rollout(rollout), world.run(rollout, DEV))  # the call that got no answer
    world.clock.pass_by(minutes=6)  # the token has expired
    world.engine.sweep()
    assert world.run(rollout, DEV).state is RunState.RUNNING
    assert len(world.builds.started) == 1


def test_two_deliveries_at_the_same_instant_start_one_build_per_target(world: MemoryWorld) -> None:
    targets = [f"{account}/{region}" for account in ("dev", "prod") for region in ("eu-west-1", "us-east-1")]
    deliveries = [delivery(*targets, name=f"d-{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(world.push, deliveries))
    rollout = deliveries[0].specs[0].rollout
    assert sorted(started[1] for started in world.builds.started) == sorted(targets)
    assert world.types(rollout).count("RolloutStarted") == 1


def test_ends_reported_at_the_same_instant_end_the_rollout_once(world: MemoryWorld) -> None:
    targets = [f"dev/{region}" for region in ("eu-west-1", "us-east-1", "ca-central-1", "eu-central-1")]
    rollout = world.push(delivery(*targets))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda target: world.finish(rollout, target), targets))
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED
    assert world.types(rollout).count("RolloutEnded") == 1
    ends = [event for event in world.events(rollout) if isinstance(event, RunEnded)]
    assert len(ends) == len(targets)


def test_a_message_handled_twice_is_not_a_repetition_and_retries_nothing(world: MemoryWorld) -> None:
    world.builds.refuses[PROD] = "AccessDenied"
    incoming = delivery(DEV, PROD)
    rollout = world.push(incoming, "message-a")
    for _ in range(3):
        world.push(incoming, "message-a")
    assert "RolloutRepeated" not in world.types(rollout)
    assert world.run(rollout, PROD).attempt == 1


def test_a_redelivery_that_is_refused_again_is_retried_once_however_often_its_message_comes(world: MemoryWorld) -> None:
    world.builds.refuses[PROD] = "AccessDenied"
    incoming = delivery(DEV, PROD)
    rollout = world.push(incoming, "message-a")
    for _ in range(3):
        world.push(incoming, "message-b")
    assert world.run(rollout, PROD).attempt == 2
    assert world.types(rollout).count("RolloutRepeated") == 1


def test_a_retried_older_commit_is_superseded_by_a_newer_one_that_waits(world: MemoryWorld) -> None:
    old = delivery(DEV, commit="a" * 40)
    world.builds.refuses[DEV] = "AccessDenied"
    world.push(old)
    world.builds.refuses.clear()
    other = world.push(delivery(DEV, route="base"))
    newer = world.push(delivery(DEV, commit="b" * 40, name="d-2", at=world.later()))

    rollout = world.push(old)
    world.finish(other, DEV)

    assert world.run(rollout, DEV).state is RunState.SUPERSEDED
    assert world.run(newer, DEV).state is RunState.RUNNING


def test_a_late_delivery_does_not_undo_a_newer_commit(world: MemoryWorld) -> None:
    late = delivery(DEV, commit="a" * 40)
    newer = world.push(delivery(DEV, commit="b" * 40, name="d-2", at=world.later()))
    world.finish(newer, DEV)
    rollout = world.push(late)
    assert world.run(rollout, DEV).state is RunState.SUPERSEDED
    assert "a newer commit on the same route has run on this target" in world.run(rollout, DEV).reason


def test_a_refusal_after_a_lost_answer_finds_the_build_and_keeps_the_target(world: MemoryWorld) -> None:
    incoming = delivery(DEV)
    world.builds.silent.add(DEV)
    with pytest.raises(Unavailable):
        world.push(incoming)
    rollout = incoming.specs[0].rollout
    world.builds.silent.clear()
    world.builds.start(world.rollout(rollout), world.run(rollout, DEV))  # the call that got no answer
    world.builds.refuses[DEV] = "ThrottlingException"
    world.engine.sweep()
    assert world.run(rollout, DEV).state is RunState.RUNNING


def test_a_redelivery_runs_on_a_target_that_the_route_did_not_have_before(world: MemoryWorld) -> None:
    rollout = world.push(delivery(DEV))
    world.finish(rollout, DEV)
    world.push(delivery(DEV, PROD))
    assert world.builds.started == [(rollout, DEV, 1), (rollout, PROD, 1)]
    [repeated] = [event for event in world.events(rollout) if isinstance(event, RolloutRepeated)]
    assert "runs on prod/eu-west-1, which the route did not have before" in repeated.reason


def test_a_delivery_with_another_decision_the_second_time_is_recorded_both_times(world: MemoryWorld) -> None:
    world.push(delivery(name="d-1"))
    world.push(delivery(DEV, name="d-1"))
    world.push(delivery(DEV, name="d-1"))
    assert len(world.trail.of_partition("DELIVERY#d-1")) == 2
