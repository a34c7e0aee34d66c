"""A rollback brings each target back to what succeeded there before, and the bad commit never returns."""

from datetime import timedelta
from typing import Any

import pytest

from pointsman.core.model import RolloutId, RolloutState, RunState, TargetName, WhenBusy
from pointsman.core.ports import Transition
from pointsman.core.rollout_facts import Rollback
from pointsman.core.rollout_plan import OnFailure
from pointsman.core.rollouts.commands.forms import Retry, RollBack
from pointsman.core.run_request import Trigger
from pointsman.core.trail.command_events import CommandRefused, RolloutRetried, RolloutRolledBack
from pointsman.core.trail.events import RolloutEnded, RolloutRepeated
from pointsman.errors import Unavailable
from tests.support.commands import People
from tests.support.plans import WavesWorld, gated, waved
from tests.support.rollouts import MORNING, delivery

DEV, PROD = "dev/eu-west-1", "prod/eu-west-1"
A, B, C = "a" * 40, "b" * 40, "c" * 40


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


@pytest.fixture
def people(world: WavesWorld) -> People:
    return People(world)


def pushed(world: WavesWorld, commit: str, *names: str, state: RunState = RunState.SUCCEEDED) -> RolloutId:
    """A push that ran on these targets."""
    world.clock.pass_by(minutes=1)
    rollout = world.push(delivery(*names, commit=commit, name=f"d-{commit[:3]}", at=world.clock()))
    world.finish_all(rollout, *names, state=state)
    return rollout


def of_rollback(world: WavesWorld, rollout: RolloutId) -> dict[str, set[str]]:
    """The commits of the rollouts that roll `rollout` back, each with its targets."""
    found = {}
    for name in dict.fromkeys(each for each, _, _ in world.builds.started):
        stored = world.rollout(name)
        if stored.request and stored.request.rolls_back == rollout:
            assert stored.request.trigger is Trigger.ROLLBACK
            found[stored.change.after] = {str(target.name) for target in stored.spec.targets}
    return found


def requested(world: WavesWorld) -> RolloutId:
    """The only rollout that no push asked for."""
    [name] = dict.fromkeys(each for each, _, _ in world.builds.started if world.rollout(each).request)
    return name


def test_each_target_goes_back_to_its_own_last_good_commit(world: WavesWorld, people: People) -> None:
    pushed(world, A, DEV, PROD)
    pushed(world, B, DEV)
    bad = pushed(world, C, DEV, PROD)
    event = people.send(RollBack, rollout=bad, reason="500s")

    assert isinstance(event, RolloutRolledBack)
    assert {part.commit: part.targets for part in event.parts} == {B: (DEV,), A: (PROD,)}
    assert of_rollback(world, bad) == {B: {DEV}, A: {PROD}}
    assert world.rollout(bad).state is RolloutState.ROLLED_BACK
    ended = [event for event in world.events(bad) if isinstance(event, RolloutEnded)][-1]
    assert ended.reason.startswith("rolled back by Ops/hana: 500s; ")


def test_a_plan_changes_nothing(world: WavesWorld, people: People) -> None:
    pushed(world, A, DEV)
    bad = pushed(world, C, DEV)
    before = world.events(bad)
    event = people.send(RollBack, rollout=bad, plan_only=True)
    assert isinstance(event, RolloutRolledBack)
    assert [part.commit for part in event.parts] == [A]
    assert world.events(bad) == before
    assert world.rollout(bad).rollback is None


def test_it_never_goes_to_a_commit_that_failed_there(world: WavesWorld, people: People) -> None:
    pushed(world, A, DEV)
    pushed(world, B, DEV, state=RunState.FAILED)
    bad = pushed(world, C, DEV)
    people.send(RollBack, rollout=bad)
    assert of_rollback(world, bad) == {A: {DEV}}


@pytest.mark.parametrize("before", [(), (A,)], ids=["the first commit", "a later commit"])
def test_it_goes_to_a_commit_whose_failed_hosts_were_retried(
    world: WavesWorld, people: People, before: tuple[str, ...]
) -> None:
    for commit in before:
        pushed(world, commit, DEV)
    healthy = world.push(delivery(DEV, commit=B, at=world.later()))
    world.fail_hosts(healthy, DEV, {"web-1": "ok", "web-2": "failed"})
    people.retry(healthy, failed_hosts=True)
    assert world.run(healthy, TargetName(DEV)).hosts == ("web-2",)
    world.finish_all(healthy, DEV)
    bad = pushed(world, C, DEV)
    people.send(RollBack, rollout=bad)
    assert of_rollback(world, bad) == {B: {DEV}}


def test_it_never_goes_to_a_commit_that_was_rolled_back(world: WavesWorld, people: People) -> None:
    pushed(world, A, DEV)
    pushed(world, B, DEV)
    third = pushed(world, C, DEV)
    people.send(RollBack, rollout=third)
    back = requested(world)
    world.finish_all(back, DEV)
    people.send(RollBack, rollout=back)
    assert of_rollback(world, back) == {A: {DEV}}


def test_a_target_that_a_newer_commit_has_held_since_is_left_out(world: WavesWorld, people: People) -> None:
    pushed(world, A, DEV, PROD)
    second = pushed(world, B, DEV, PROD)
    pushed(world, C, PROD)
    event = people.send(RollBack, rollout=second)
    assert isinstance(event, RolloutRolledBack)
    assert of_rollback(world, second) == {A: {DEV}}
    assert event.left_out == {PROD: "a newer commit of the route has held the target since, or waits for it"}


def test_what_an_earlier_attempt_has_reached_goes_back_too(world: WavesWorld, people: People) -> None:
    pushed(world, A, DEV)
    bad = pushed(world, C, DEV, state=RunState.FAILED)
    world.builds.throttles[DEV] = "throttled"
    people.retry(bad)
    people.cancel(bad)
    people.send(RollBack, rollout=bad)
    world.builds.throttles.clear()
    world.pass_by(minutes=10)
    assert of_rollback(world, bad) == {A: {DEV}}


def pushed_without_answer(world: WavesWorld, *names: str) -> RolloutId:
    """A push on whose last target StartBuild succeeds, but its answer is lost."""
    world.builds.loses_answers.add(names[-1])
    sent = delivery(*names, commit=C, at=world.later())
    with pytest.raises(Unavailable):
        world.push(sent)
    return sent.specs[0].rollout


def test_what_a_build_may_have_reached_goes_back_too(world: WavesWorld, people: People) -> None:
    """CodeBuild's answer to StartBuild was lost: it is not known yet whether there is a build."""
    pushed(world, A, DEV, PROD)
    people.waits = True
    bad = pushed_without_answer(world, DEV, PROD)
    event = people.send(RollBack, rollout=bad)
    assert isinstance(event, RolloutRolledBack)
    assert ([part.targets for part in event.parts], event.left_out) == ([(DEV, PROD)], {})
    world.builds.loses_answers.clear()
    world.pass_by(minutes=10)
    world.pass_by(minutes=5)
    world.finish_all(bad, DEV, PROD, state=RunState.STOPPED)
    assert of_rollback(world, bad) == {A: {DEV, PROD}}


def test_what_stayed_unknown_goes_back_too(world: WavesWorld, people: People) -> None:
    pushed(world, A, DEV)
    bad = pushed_without_answer(world, DEV)
    world.pass_by(hours=46)
    assert world.run(bad, TargetName(DEV)).state is RunState.FAULTED
    world.builds.loses_answers.clear()
    event = people.send(RollBack, rollout=bad)
    assert isinstance(event, RolloutRolledBack)
    assert [part.targets for part in event.parts] == [(DEV,)]


def test_targets_go_back_one_after_the_other(world: WavesWorld, people: People) -> None:
    pushed(world, A, DEV, PROD)
    bad = world.push(delivery(DEV, PROD, commit=C, at=world.later()))
    refused = people.send(RollBack, rollout=bad, targets=(TargetName(DEV),))
    assert isinstance(refused, CommandRefused)
    assert refused.reason == "it has not ended: cancel it first, or roll back all of its targets"
    world.finish_all(bad, DEV, PROD)
    people.send(RollBack, rollout=bad, targets=(TargetName(DEV),))
    assert len(world.builds.started) == 5
    people.send(RollBack, rollout=bad, targets=(TargetName(PROD),))
    assert len(world.builds.started) == 6
    again = people.send(RollBack, rollout=bad, targets=(TargetName(PROD),))
    assert isinstance(again, CommandRefused)
    assert "it was rolled back already" in again.reason


def test_a_new_instance_never_gets_a_commit_that_was_rolled_back(world: WavesWorld, people: People) -> None:
    pushed(world, A, DEV)
    bad = pushed(world, C, DEV)
    people.send(RollBack, rollout=bad)
    back = requested(world)
    world.finish_all(back, DEV, state=RunState.FAILED)
    world.clock.pass_by(hours=3)
    world.launch(1)
    newest = world.rollout(world.builds.started[-1][0])
    assert newest.request
    assert (newest.request.trigger, newest.change.after) == (Trigger.INSTANCE, A)


def test_it_is_refused_if_there_is_nothing_to_go_back_to(world: WavesWorld, people: People) -> None:
    bad = pushed(world, C, DEV)
    event = people.send(RollBack, rollout=bad)
    assert isinstance(event, CommandRefused)
    assert event.reason == (
        "there is nothing to go back to: dev/eu-west-1: no earlier commit of the route that succeeded there is known"
    )
    assert world.rollout(bad).state is RolloutState.SUCCEEDED


def test_no_push_and_no_retry_brings_the_bad_commit_back(world: WavesWorld, people: People) -> None:
    pushed(world, A, DEV)
    bad = pushed(world, C, DEV)
    people.send(RollBack, rollout=bad, reason="500s")
    world.clock.pass_by(minutes=5)
    world.push(delivery(DEV, commit=C, name="d-ccc", at=MORNING + timedelta(minutes=2)))
    world.push(delivery(DEV, commit=C, name="d-again", before=A, at=world.clock()))
    assert [name for name, _, _ in world.builds.started].count(bad) == 1
    repeated = [event for event in world.events(bad) if isinstance(event, RolloutRepeated)]
    assert all("push a new commit, or use `pointsman run`" in event.reason for event in repeated)
    assert isinstance(people.send(Retry, rollout=bad), CommandRefused)
    assert isinstance(people.send(RollBack, rollout=bad), CommandRefused)


def test_a_rollout_that_is_running_is_stopped_first(world: WavesWorld, people: People) -> None:
    pushed(world, A, DEV)
    bad = world.push(delivery(DEV, commit=C, at=world.later()))
    people.send(RollBack, rollout=bad)
    assert world.builds.stopped == [world.run(bad, TargetName(DEV)).build_arn]
    assert of_rollback(world, bad) == {}
    world.finish_all(bad, DEV, state=RunState.STOPPED)
    assert of_rollback(world, bad) == {A: {DEV}}
    assert world.rollout(bad).state is RolloutState.ROLLED_BACK


def test_a_newer_commit_goes_forward_after_a_rollback(world: WavesWorld, people: People) -> None:
    pushed(world, A, DEV)
    bad = pushed(world, B, DEV)
    people.send(RollBack, rollout=bad)
    back = requested(world)
    world.finish_all(back, DEV)
    new = pushed(world, C, DEV)
    assert world.rollout(new).state is RolloutState.SUCCEEDED
    people.send(RollBack, rollout=new)
    assert of_rollback(world, new) == {A: {DEV}}


@pytest.mark.parametrize("is_waved", [True, False])
def test_a_commit_that_waits_for_the_older_one_runs_after_its_rollback(world: WavesWorld, *, is_waved: bool) -> None:
    pushed(world, A, DEV, PROD)
    waves = ((DEV,), (PROD,)) if is_waved else ((DEV, PROD),)
    queued: dict[str, Any] = {"on_failure": OnFailure.ROLLBACK, "when_busy": WhenBusy.QUEUE}
    bad = world.push(waved(*waves, commit=B, at=world.later(), **queued))
    waiting = world.push(waved(*waves, commit=C, at=world.later(), **queued))
    world.finish_all(bad, DEV)
    world.finish_all(bad, PROD, state=RunState.FAILED)
    assert of_rollback(world, bad) == {A: {DEV, PROD}}
    back = requested(world)
    world.finish_all(back, DEV, PROD)
    world.finish_all(waiting, DEV)
    world.finish_all(waiting, PROD)
    assert world.rollout(waiting).state is RolloutState.SUCCEEDED


def test_a_newer_commit_at_its_gate_goes_on_after_a_rollback(world: WavesWorld, people: People) -> None:
    pushed(world, A, DEV, PROD)
    bad = pushed(world, B, DEV, PROD)
    newer = world.push(waved((DEV,), (PROD,), commit=C, at=world.later(), policies={0: gated(soak_seconds=600)}))
    world.finish_all(newer, DEV)
    world.later()
    people.send(RollBack, rollout=bad)
    assert of_rollback(world, bad) == {A: {PROD}}
    back = requested(world)
    world.finish_all(back, PROD)
    world.pass_by(minutes=10)
    world.finish_all(newer, PROD)
    assert world.rollout(newer).state is RolloutState.SUCCEEDED


def test_a_rollback_of_an_old_commit_can_be_retried(world: WavesWorld, people: People) -> None:
    pushed(world, A, DEV)
    bad = pushed(world, B, DEV)
    world.clock.pass_by(days=20)
    people.send(RollBack, rollout=bad)
    back = requested(world)
    world.finish_all(back, DEV, state=RunState.FAILED)
    assert isinstance(people.retry(back), RolloutRetried)
    world.finish_all(back, DEV)
    assert world.rollout(back).state is RolloutState.SUCCEEDED


def test_on_failure_rollback_brings_back_what_the_rollout_changed(world: WavesWorld) -> None:
    pushed(world, A, DEV, PROD)
    world.clock.pass_by(minutes=1)
    bad = world.push(waved((DEV,), (PROD,), commit=C, at=world.clock(), on_failure=OnFailure.ROLLBACK))
    world.finish_all(bad, DEV)
    world.finish_all(bad, PROD, state=RunState.FAILED)

    assert of_rollback(world, bad) == {A: {DEV, PROD}}
    assert world.rollout(bad).state is RolloutState.ROLLED_BACK
    [event] = [event for event in world.events(bad) if isinstance(event, RolloutRolledBack)]
    assert event.actor == "pointsman.engine"


def test_on_failure_rollback_without_an_earlier_commit_only_fails(world: WavesWorld, people: People) -> None:
    bad = world.push(waved((DEV,), (PROD,), commit=C, on_failure=OnFailure.ROLLBACK))
    world.finish_all(bad, DEV, state=RunState.FAILED)
    stored = world.rollout(bad)
    assert (stored.state, stored.rollback) == (RolloutState.FAILED, None)
    [event] = [event for event in world.events(bad) if isinstance(event, RolloutRolledBack)]
    assert (event.parts, list(event.left_out)) == ((), [DEV])

    assert isinstance(people.retry(bad), RolloutRetried)
    world.finish_all(bad, DEV)
    world.finish_all(bad, PROD)
    assert world.rollout(bad).state is RolloutState.SUCCEEDED


def test_a_stored_rollback_without_parts_does_not_stop_a_retry(world: WavesWorld, people: People) -> None:
    """An earlier version stored it with a rollout that had nothing to go back to."""
    failed = pushed(world, C, DEV, state=RunState.FAILED)
    empty = Rollback(
        id="on-failure.x.1", actor="pointsman.engine", at=world.clock(), reason="", parts=(), requested=True
    )
    world.store.commit(Transition(rollout=world.rollout(failed).replace(rollback=empty)))
    assert isinstance(people.retry(failed), RolloutRetried)
    world.finish_all(failed, DEV)
    assert world.rollout(failed).state is RolloutState.SUCCEEDED
