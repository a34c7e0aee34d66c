"""New instances: which run they get, when, and why not. See docs/new-instances.md."""

import pytest

from pointsman.core.decision import Decision, Outcome
from pointsman.core.model import Mode, RolloutId, RolloutState, RunState, TargetQueue
from pointsman.core.rollouts import instance_runs
from pointsman.core.trail.events import RolloutStarted, RunEnded
from pointsman.core.trail.instance_events import InstanceDecided, InstancesSkipped
from tests.support.rollouts import MORNING, delivery, launch
from tests.support.world import DEV, PROD, MemoryWorld

OLD, NEW = "a" * 40, "b" * 40


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


def push(world: MemoryWorld, commit: str = OLD, *targets: str, route: str = "site", name: str = "") -> RolloutId:
    """A commit is pushed now."""
    about = {"commit": commit, "route": route, "playbook": f"{route}.yml", "name": name or f"d-{commit[0]}-{route}"}
    return world.push(delivery(*(targets or (DEV,)), at=world.clock(), **about))  # type: ignore[arg-type]


def succeed(world: MemoryWorld, commit: str = OLD, *targets: str, route: str = "site") -> RolloutId:
    """A commit is pushed and succeeds on every target."""
    rollout = push(world, commit, *targets, route=route)
    for name in world.runs(rollout):
        world.finish(rollout, name)
    world.later()
    return rollout


def decisions(world: MemoryWorld, number: int = 1) -> list[Decision]:
    events = world.trail.of_partition(f"INSTANCE#{launch(number).instance}")
    return [decision for event in events if isinstance(event, InstanceDecided) for decision in event.decisions]


def skipped(world: MemoryWorld) -> list[InstancesSkipped]:
    return [event for event in world.trail.all() if isinstance(event, InstancesSkipped)]


def queue(world: MemoryWorld) -> TargetQueue:
    return world.store.queues([DEV])[DEV]


def test_an_instance_gets_the_last_good_commit_alone_on_its_target(world: MemoryWorld) -> None:
    succeed(world, OLD, DEV, PROD)
    launched = world.launch(1)
    [rollout] = world.runs_on_instances()
    assert rollout.change.after == OLD
    assert rollout.request
    assert rollout.request.instances == (launched.instance,)
    assert [run.target.name for run in world.runs(rollout.id).values()] == [DEV]
    world.finish(rollout.id, DEV)
    assert world.rollout(rollout.id).state is RolloutState.SUCCEEDED
    assert sorted(world.types(rollout.id)) == ["RolloutEnded", "RolloutStarted", "RunEnded", "RunStarted"]


def test_the_trail_says_that_an_instance_is_the_reason_not_the_person_who_pushed(world: MemoryWorld) -> None:
    succeed(world)
    launched = world.launch(1)
    [rollout] = world.runs_on_instances()
    world.finish(rollout.id, DEV)
    events = world.events(rollout.id)
    assert {event.actor for event in events} == {"aws.ec2"}
    [started] = [event for event in events if isinstance(event, RolloutStarted)]
    assert started.request == rollout.request
    assert started.request
    assert started.request.reason == (
        f"1 new instance came up: {launched.instance}; commit aaaaaaa is the last that succeeded on dev/eu-west-1"
    )


def test_the_same_event_again_does_nothing(world: MemoryWorld) -> None:
    succeed(world)
    at = world.clock()
    world.launch(1, at=at)
    recorded = len(world.trail.all())
    world.launch(1, at=at)
    world.finish(world.runs_on_instances()[0].id, DEV)
    world.launch(1, at=at)
    assert len(world.builds.started) == 2
    assert len(world.trail.all()) == recorded + 2  # of the end


def test_without_a_good_commit_nothing_runs_and_the_trail_says_why(world: MemoryWorld) -> None:
    rollout = push(world)
    world.finish(rollout, DEV, RunState.FAILED)
    world.launch(1)
    [decision] = decisions(world)
    assert (decision.outcome, decision.runs) == (Outcome.IGNORED, False)
    assert decision.reason == "no commit of this route has succeeded on dev/eu-west-1 yet: push one"
    assert world.runs_on_instances() == []


def test_a_commit_that_failed_is_not_the_last_good_one(world: MemoryWorld) -> None:
    succeed(world, OLD)
    world.finish(push(world, NEW), DEV, RunState.FAILED)
    world.later()
    world.launch(1)
    assert [rollout.change.after for rollout in world.runs_on_instances()] == [OLD]


def test_an_end_that_is_reported_late_does_not_bring_an_older_commit_back(world: MemoryWorld) -> None:
    first = push(world, OLD)
    run = world.run(first, DEV)
    assert run.build_arn
    late = world.builds.finish(run.build_arn, RunState.SUCCEEDED)
    world.engine.build_ended(first, DEV, 1, late)
    world.later()
    succeed(world, NEW)
    world.engine.build_ended(first, DEV, 1, late)
    assert queue(world).last_good["186853002#site"].ordering_time > MORNING
    world.launch(1)
    assert [rollout.change.after for rollout in world.runs_on_instances()] == [NEW]


def test_instances_that_come_up_while_the_target_is_busy_share_one_run(world: MemoryWorld) -> None:
    succeed(world, OLD)
    busy = push(world, OLD, route="base")
    numbers = range(1, 11)
    launched = [world.launch(number) for number in numbers]
    assert world.runs_on_instances() == []
    world.finish(busy, DEV)
    [rollout] = world.runs_on_instances()
    assert rollout.request
    assert rollout.request.instances == tuple(each.instance for each in launched)
    assert queue(world).new_instances == {}


def test_ten_instances_on_a_free_target_need_two_runs(world: MemoryWorld) -> None:
    succeed(world)
    for number in range(1, 11):
        world.launch(number)
    [first] = world.runs_on_instances()
    world.finish(first.id, DEV)
    _, second = world.runs_on_instances()
    assert second.request
    assert len(second.request.instances) == 9


def test_a_run_has_at_most_a_hundred_instances(world: MemoryWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance_runs, "INSTANCES_IN_A_RUN", 2)
    succeed(world)
    busy = push(world, OLD, route="base")
    for number in range(1, 6):
        world.launch(number)
    world.finish(busy, DEV)
    for _ in range(3):
        world.finish(world.runs_on_instances()[-1].id, DEV)
    assert [len(rollout.request.instances) for rollout in world.runs_on_instances() if rollout.request] == [2, 2, 1]


def test_the_commit_is_chosen_when_the_run_starts_not_when_the_instance_comes_up(world: MemoryWorld) -> None:
    succeed(world, OLD)
    newer = push(world, NEW)
    world.later()
    world.launch(1)  # after the newer commit's build has read its inventory
    world.finish(newer, DEV)
    [rollout] = world.runs_on_instances()
    assert rollout.change.after == NEW
    assert skipped(world) == []


def test_a_push_that_starts_after_an_instance_came_up_includes_it(world: MemoryWorld) -> None:
    succeed(world, OLD)
    busy = push(world, OLD, route="base")
    newer = push(world, NEW)  # waits
    launched = world.launch(1)
    world.later()
    world.finish(busy, DEV)
    world.finish(newer, DEV)
    assert world.runs_on_instances() == []
    [event] = skipped(world)
    assert (event.rollout, event.instances, event.commit) == (newer, (launched.instance,), NEW)
    assert event.reason == f"rollout {newer} began after they came up and includes them"
    assert queue(world).new_instances == {}


def test_a_push_that_started_and_ended_before_a_late_event_includes_the_instance(world: MemoryWorld) -> None:
    came_up = world.clock()
    world.later()
    rollout = succeed(world, OLD)
    world.launch(1, at=came_up)
    assert decisions(world)[0].reason == f"rollout {rollout} began after it came up and includes it"
    assert world.runs_on_instances() == []


def test_a_push_that_failed_on_an_instance_is_not_undone_there(world: MemoryWorld) -> None:
    succeed(world, OLD)
    busy = push(world, OLD, route="base")
    newer = push(world, NEW)
    world.launch(1)
    world.later()
    world.finish(busy, DEV)
    world.finish(newer, DEV, RunState.FAILED)
    assert world.runs_on_instances() == []
    assert len(skipped(world)) == 1


def test_a_push_that_fails_while_an_instance_comes_up_may_have_reached_it(world: MemoryWorld) -> None:
    succeed(world, OLD)
    newer = push(world, NEW)
    world.later()
    launched = world.launch(1)
    world.finish(newer, DEV, RunState.FAILED)
    assert world.runs_on_instances() == []
    [event] = skipped(world)
    assert event.instances == (launched.instance,)
    assert event.reason == f"rollout {newer} did not succeed and may have reached them: fix the cause and push"


def test_a_push_that_failed_before_a_late_event_may_have_reached_the_instance(world: MemoryWorld) -> None:
    succeed(world, OLD)
    came_up = world.clock()
    world.later()
    world.finish(push(world, NEW), DEV, RunState.FAILED)
    world.later()
    world.launch(1, at=came_up)
    assert world.runs_on_instances() == []
    assert (
        decisions(world)[0].reason == "a newer commit did not succeed and may have reached it: fix the cause and push"
    )
    world.launch(2)  # came up after that
    assert len(world.runs_on_instances()) == 1


def test_a_push_without_a_build_leaves_the_instance_waiting(world: MemoryWorld) -> None:
    succeed(world, OLD)
    busy = push(world, OLD, route="base")
    newer = push(world, NEW)
    world.launch(1)
    world.later()
    world.builds.refuses[DEV] = "access denied"
    world.finish(busy, DEV)
    assert world.run(newer, DEV).state is RunState.REFUSED
    refused = [event for event in world.trail.all() if isinstance(event, RunEnded) and event.actor == "aws.ec2"]
    assert [event.reason for event in refused] == ["access denied"]  # its own run was tried, too
    assert skipped(world) == []


def test_a_push_waits_behind_the_run_of_an_instance_and_is_not_overtaken_by_it(world: MemoryWorld) -> None:
    succeed(world, OLD)
    world.launch(1)
    [rollout] = world.runs_on_instances()
    newer = push(world, NEW)
    assert world.run(newer, DEV).blocked_by == rollout.id
    world.finish(rollout.id, DEV)
    assert world.run(newer, DEV).state is RunState.RUNNING


def test_the_run_of_an_instance_changes_neither_the_last_good_commit_nor_the_newest(world: MemoryWorld) -> None:
    succeed(world, OLD)
    before = queue(world)
    world.launch(1)
    world.finish(world.runs_on_instances()[0].id, DEV)
    assert queue(world).last_good == before.last_good
    assert queue(world).newest_applied == before.newest_applied


def test_a_check_is_no_good_commit(world: MemoryWorld) -> None:
    checked = delivery(DEV, commit=NEW)
    spec = checked.specs[0].replace(mode=Mode.CHECK)
    rollout = world.push(checked.replace(specs=(spec,)))
    world.finish(rollout, DEV)
    assert queue(world).last_good == {}


def test_an_instance_that_is_started_again_gets_another_run(world: MemoryWorld) -> None:
    succeed(world)
    world.launch(1)
    world.finish(world.runs_on_instances()[0].id, DEV)
    world.clock.pass_by(hours=2)
    world.launch(1)
    assert len(world.runs_on_instances()) == 2


def test_a_playbook_that_restarts_its_own_instance_does_not_run_for_ever(world: MemoryWorld) -> None:
    succeed(world)
    for _ in range(20):
        world.launch(1)
        world.clock.pass_by(minutes=5)
        for rollout in world.runs_on_instances():
            if not rollout.state.ended:
                world.finish(rollout.id, DEV)
    assert len(world.runs_on_instances()) == 1
    assert decisions(world)[-1].reason == (
        "it had also come up less than an hour before: it is not configured again so soon"
    )


def test_every_route_of_the_target_decides_for_itself(world: MemoryWorld) -> None:
    succeed(world, OLD)
    succeed(world, NEW, route="base")
    world.launch(1, "site", "base", "extra")
    assert [(each.route, each.runs) for each in decisions(world)] == [("site", True), ("base", True), ("extra", False)]
    world.finish(world.runs_on_instances()[0].id, DEV)
    assert [rollout.spec.route for rollout in world.runs_on_instances()] == ["site", "base"]
    assert [rollout.change.after for rollout in world.runs_on_instances()] == [OLD, NEW]
