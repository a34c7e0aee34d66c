"""`cancel`: nothing of a rollout starts any more, what is running stops, and the trail says who wanted it."""

from datetime import timedelta

import pytest

from pointsman.core.cancellation import CommandId
from pointsman.core.model import RolloutState, RunState
from pointsman.core.rollouts.commands.forms import Cancel, Retry, RollBack
from pointsman.core.trail.command_events import CommandRefused, RolloutCancelled
from pointsman.core.trail.events import RolloutEnded, RolloutRepeated, RunEnded
from pointsman.errors import Rejected
from tests.support.commands import HANA, People
from tests.support.rollouts import delivery
from tests.support.world import DEV, PROD, MemoryWorld

OTHER = "2" * 40


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


@pytest.fixture
def people(world: MemoryWorld) -> People:
    return People(world)


def test_a_running_build_is_stopped_and_the_rollout_ends_as_cancelled(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV))
    people.cancel(rollout, "wrong branch")
    assert world.builds.stopped == [world.run(rollout, DEV).build_arn]
    assert world.run(rollout, DEV).state is RunState.RUNNING  # until CodeBuild reports its end

    world.finish(rollout, DEV, RunState.STOPPED)

    assert world.run(rollout, DEV).reason == "cancelled by Ops/hana: wrong branch"
    assert world.rollout(rollout).state is RolloutState.CANCELLED
    [ended] = [event for event in world.events(rollout) if isinstance(event, RolloutEnded)]
    assert ended.reason == "cancelled by Ops/hana: wrong branch; 0 of 1 targets succeeded, 1 cancelled"


def test_a_run_that_waits_never_starts_and_leaves_its_queue(world: MemoryWorld, people: People) -> None:
    first = world.push(delivery(DEV, commit=OTHER, route="base"))
    waiting = world.push(delivery(DEV))
    people.cancel(waiting)

    assert world.run(waiting, DEV).state is RunState.CANCELLED
    assert world.rollout(waiting).state is RolloutState.CANCELLED
    world.finish(first, DEV)
    assert [rollout for rollout, _, _ in world.builds.started] == [first]
    assert world.store.queues(["dev/eu-west-1"])["dev/eu-west-1"].waiting == ()


def test_the_next_in_the_queue_starts_when_a_cancelled_run_has_stopped(world: MemoryWorld, people: People) -> None:
    first = world.push(delivery(DEV, commit=OTHER, route="base"))
    second = world.push(delivery(DEV))
    people.cancel(first)
    assert world.run(second, DEV).state is RunState.WAITING

    world.finish(first, DEV, RunState.STOPPED)

    assert world.run(second, DEV).state is RunState.RUNNING


def test_targets_that_have_no_run_yet_get_one_that_says_who_cancelled_it(world: MemoryWorld, people: People) -> None:
    [rollout] = world.engine.accept(delivery(DEV, PROD), "message-1")
    people.cancel(rollout)
    assert {run.state for run in world.runs(rollout).values()} == {RunState.CANCELLED}
    assert world.builds.started == []
    reasons = [event.reason for event in world.events(rollout) if isinstance(event, RunEnded)]
    assert reasons == ["cancelled by Ops/hana"] * 2


def test_a_run_that_succeeded_stays_as_it_is(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV, PROD))
    world.finish(rollout, DEV)
    people.cancel(rollout)
    world.finish(rollout, PROD, RunState.STOPPED)
    assert world.run(rollout, DEV).state is RunState.SUCCEEDED
    assert world.rollout(rollout).state is RolloutState.CANCELLED


def test_a_rollout_whose_builds_all_succeeded_before_they_stopped_has_succeeded(
    world: MemoryWorld, people: People
) -> None:
    rollout = world.push(delivery(DEV))
    people.cancel(rollout)
    world.finish(rollout, DEV, RunState.SUCCEEDED)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_a_build_whose_start_got_no_answer_is_found_and_stopped(world: MemoryWorld, people: People) -> None:
    world.builds.loses_answers.add(DEV)
    rollout = world.engine.accept(delivery(DEV), "message-1")[0]
    with pytest.raises(Exception, match="lost"):
        world.engine.reconcile([rollout])
    people.waits = True
    people.cancel(rollout)
    world.new_engine().reconcile([rollout])
    assert world.run(rollout, DEV).state is RunState.STARTING  # the call may still be in progress
    assert len(world.builds.started) == 1

    for minutes in (4, 2):  # a call that began with the same token may take another minute
        assert world.builds.stopped == []
        world.clock.pass_by(minutes=minutes)
        world.engine.sweep()

    assert world.builds.stopped == [world.run(rollout, DEV).build_arn]
    assert len(world.builds.started) == 1


def test_a_run_whose_start_got_no_answer_and_has_no_build_ends(world: MemoryWorld, people: People) -> None:
    world.builds.silent.add(DEV)
    rollout = world.engine.accept(delivery(DEV), "message-1")[0]
    with pytest.raises(Exception, match="does not answer"):
        world.engine.reconcile([rollout])
    people.waits = True
    people.cancel(rollout)
    world.builds.silent.clear()
    world.clock.pass_by(minutes=6)
    world.engine.sweep()
    assert world.run(rollout, DEV).state is RunState.CANCELLED
    assert world.builds.started == []


def test_a_build_that_does_not_stop_is_asked_again_by_the_next_sweep(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV))
    people.cancel(rollout)
    world.engine.sweep()
    assert len(world.builds.stopped) == 1
    world.clock.pass_by(minutes=5)
    world.engine.sweep()
    assert len(world.builds.stopped) == 2


def test_a_region_that_refuses_to_stop_a_build_says_so_in_the_run(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV))
    world.builds.refuses[DEV] = "AccessDeniedException"
    people.cancel(rollout)
    assert world.run(rollout, DEV).reason == "it has to stop, but CodeBuild does not stop it: AccessDeniedException"
    assert world.run(rollout, DEV).state is RunState.RUNNING


def test_a_region_that_does_not_answer_is_asked_by_the_next_sweep(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV, PROD))
    world.builds.silent.add(DEV)
    with pytest.raises(Exception, match="does not answer"):
        people.cancel(rollout)
    assert len(world.builds.stopped) == 1  # the other region's
    world.builds.silent.clear()
    world.clock.pass_by(minutes=5)
    world.engine.sweep()
    assert len(world.builds.stopped) == 3  # both again: neither has reported its end


def test_the_same_command_again_takes_effect_once(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV))
    first = people.cancel(rollout, command="command-x")
    world.later()
    assert people.cancel(rollout, command="command-x") == first
    assert world.types(rollout).count("RolloutCancelled") == 1


def test_the_trail_has_the_arn_that_iam_verified(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV))
    event = people.cancel(rollout, "wrong branch")
    assert isinstance(event, RolloutCancelled)
    assert (event.actor, event.reason, event.route) == (HANA, "wrong branch", "site")


def test_a_second_command_is_refused_with_the_reason(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV))
    people.cancel(rollout)
    refused = people.cancel(rollout)
    assert isinstance(refused, CommandRefused)
    assert refused.reason == "the rollout was already cancelled by Ops/hana"


def test_a_rollout_that_has_ended_is_not_cancelled(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV))
    world.finish(rollout, DEV)
    refused = people.cancel(rollout)
    assert isinstance(refused, CommandRefused)
    assert refused.reason == "the rollout has ended: succeeded"
    assert "CommandRefused" in world.types(rollout)


def test_a_rollout_that_is_being_rolled_back_is_not_cancelled(world: MemoryWorld, people: People) -> None:
    world.finish(world.push(delivery(DEV)), DEV)
    rollout = world.push(delivery(DEV, commit=OTHER, at=world.later()))
    people.send(RollBack, rollout=rollout)
    event = people.cancel(rollout)
    assert isinstance(event, CommandRefused)
    assert event.reason.startswith("the rollout is being rolled back already")
    assert world.rollout(rollout).cancellation is None


def test_a_rollout_that_does_not_exist_is_an_error_without_an_event(world: MemoryWorld, people: People) -> None:
    with pytest.raises(Rejected, match="does not exist"):
        people.cancel(delivery(DEV).specs[0].rollout)
    assert world.trail.all() == []


def test_a_redelivery_does_not_bring_a_cancelled_rollout_back(world: MemoryWorld, people: People) -> None:
    push = delivery(DEV, PROD)
    rollout = world.push(push)
    people.cancel(rollout)
    for name in (DEV, PROD):
        world.finish(rollout, name, RunState.STOPPED)
    world.push(push)
    assert world.rollout(rollout).state is RolloutState.CANCELLED
    assert len(world.builds.started) == 2
    [repeated] = [event for event in world.events(rollout) if isinstance(event, RolloutRepeated)]
    assert repeated.reason == "commit 1f0b1f2 was cancelled by Ops/hana; retry the rollout, or push again"


def test_a_redelivery_retries_no_target_that_refused_before_the_cancellation(
    world: MemoryWorld, people: People
) -> None:
    push = delivery(DEV, PROD)
    world.builds.refuses[PROD] = "no such project"
    rollout = world.push(push)
    world.builds.refuses.clear()
    people.cancel(rollout)
    world.finish(rollout, DEV, RunState.STOPPED)
    world.push(push)
    world.push(delivery(DEV, PROD, "dev/us-east-1"))  # the route has another target since
    assert len(world.builds.started) == 1
    assert world.rollout(rollout).state is RolloutState.FAILED  # it failed on a target before


def test_another_push_of_the_commit_voids_the_cancellation(world: MemoryWorld, people: People) -> None:
    push = delivery(DEV, PROD)
    rollout = world.push(push)
    world.finish(rollout, PROD)
    people.cancel(rollout)
    world.finish(rollout, DEV, RunState.STOPPED)

    again = delivery(DEV, PROD, name="d-2", before="2" * 40, at=world.clock() + timedelta(minutes=1))
    world.clock.pass_by(minutes=1)
    world.push(again)

    assert world.rollout(rollout).cancellation is None
    assert world.run(rollout, DEV).state is RunState.RUNNING
    assert world.run(rollout, DEV).attempt == 2
    assert world.run(rollout, PROD).attempt == 1  # it succeeded there


def test_a_push_while_the_build_is_being_stopped_runs_when_it_has_stopped(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV))
    people.cancel(rollout)
    world.later()
    world.push(delivery(DEV, name="d-2", before="2" * 40, at=world.clock()))
    world.finish(rollout, DEV, RunState.STOPPED)
    assert (world.run(rollout, DEV).state, world.run(rollout, DEV).attempt) == (RunState.RUNNING, 2)


def test_a_push_that_was_made_before_the_cancellation_and_arrives_late_does_not_void_it(
    world: MemoryWorld, people: People
) -> None:
    rollout = world.push(delivery(DEV))
    pushed_at = world.later()
    world.later()
    people.cancel(rollout)
    world.finish(rollout, DEV, RunState.STOPPED)
    world.push(delivery(DEV, name="d-2", before="2" * 40, at=pushed_at))
    assert world.rollout(rollout).state is RolloutState.CANCELLED
    assert len(world.builds.started) == 1


def test_a_run_that_failed_by_itself_makes_the_cancelled_rollout_a_failed_one(
    world: MemoryWorld, people: People
) -> None:
    rollout = world.push(delivery(DEV, PROD))
    world.finish(rollout, PROD, RunState.FAILED)
    people.cancel(rollout)
    world.finish(rollout, DEV, RunState.STOPPED)
    assert world.rollout(rollout).state is RolloutState.FAILED


@pytest.mark.parametrize("kind", [Retry, Cancel])
def test_an_id_belongs_to_one_command_of_one_person(
    world: MemoryWorld, people: People, kind: type[Cancel] | type[Retry]
) -> None:
    rollout = world.push(delivery(DEV))
    people.cancel(rollout, command="command-10")
    other = kind(id=CommandId("command-10"), rollout=rollout)
    with pytest.raises(Rejected, match="choose a new one"):
        people.service.execute(other, f"{HANA}-2" if kind is Cancel else HANA)


def test_an_id_that_begins_like_another_is_another(world: MemoryWorld, people: People) -> None:
    first, second = world.push(delivery(DEV)), world.push(delivery(PROD, commit=OTHER))
    people.cancel(first, command="command-10")
    assert isinstance(people.cancel(first, command="command-1"), CommandRefused)
    assert isinstance(people.cancel(second, command="command-10"), RolloutCancelled)


def test_the_command_is_stored_even_if_start_build_cannot_be_told(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV))
    people.queue.down = True
    people.cancel(rollout)
    assert world.builds.stopped == []
    world.engine.sweep()
    assert len(world.builds.stopped) == 1
