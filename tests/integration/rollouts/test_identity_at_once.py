"""Law 2 under real threads: one build for repository, route, commit, mode and target, at the same instant."""

import pytest

from pointsman.core.model import RunState
from pointsman.core.trail.events import RolloutRepeated
from tests.support.concurrency import assert_built_once, assert_recorded, handle_together
from tests.support.rollouts import delivery
from tests.support.world import DEV, PROD, MakeWorld


def test_one_event_under_two_ids_at_the_same_instant_is_built_once(new_world: MakeWorld) -> None:
    world = new_world()
    queued = [(delivery(DEV, PROD, name=f"hook-{number}"), f"m-{number}") for number in (1, 2)]
    handle_together(world, queued)
    assert_built_once(world, queued[0][0].specs[0].rollout, [DEV, PROD], repetitions=1)
    assert_recorded(world, queued)


def test_one_id_delivered_twice_at_the_same_instant_is_built_once(new_world: MakeWorld) -> None:
    world = new_world()
    queued = [(delivery(DEV, PROD), message) for message in ("m-1", "m-2")]
    handle_together(world, queued)
    assert_built_once(world, queued[0][0].specs[0].rollout, [DEV, PROD], repetitions=1)
    assert_recorded(world, queued[:1])


def test_one_message_received_twice_at_the_same_instant_is_not_a_repetition(new_world: MakeWorld) -> None:
    world = new_world()
    incoming = delivery(DEV, PROD)
    handle_together(world, [(incoming, "m-1"), (incoming, "m-1")])
    assert_built_once(world, incoming.specs[0].rollout, [DEV, PROD], repetitions=0)


@pytest.mark.parametrize(("ids", "rounds"), [(2, 10), (8, 5)])
def test_several_ids_at_the_same_instant_are_built_once_every_time(new_world: MakeWorld, ids: int, rounds: int) -> None:
    for _ in range(rounds):
        world = new_world()
        queued = [(delivery(DEV, PROD, name=f"hook-{number}"), f"m-{number}") for number in range(ids)]
        handle_together(world, queued)
        assert_built_once(world, queued[0][0].specs[0].rollout, [DEV, PROD], repetitions=ids - 1)
        assert_recorded(world, queued)


def test_what_was_refused_is_retried_once_by_eight_redeliveries_at_the_same_instant(new_world: MakeWorld) -> None:
    world = new_world()
    incoming = delivery(DEV, PROD)
    rollout = incoming.specs[0].rollout
    world.builds.refuses[PROD] = "AccessDenied"
    world.push(incoming, "m-0")
    world.builds.refuses.clear()
    handle_together(world, [(incoming, f"m-{number}") for number in range(1, 9)])
    assert sorted(world.builds.started) == [(rollout, DEV, 1), (rollout, PROD, 2)]
    events = world.events(rollout)
    repeated = [event for event in events if isinstance(event, RolloutRepeated)]
    assert len(repeated) == 8
    assert [event.retried for event in repeated if event.retried] == [(PROD,)]
    assert world.runs(rollout)[PROD].state is RunState.RUNNING


def test_two_commits_at_the_same_instant_share_no_target_and_neither_is_lost(new_world: MakeWorld) -> None:
    world = new_world()
    queued = [(delivery(DEV, PROD, commit=letter * 40, name=f"push-{letter}"), f"m-{letter}") for letter in "ab"]
    handle_together(world, queued)
    assert sorted(target for _, target, _ in world.builds.started) == [DEV, PROD]
    for incoming, _ in queued:
        runs = world.runs(incoming.specs[0].rollout)
        assert runs.keys() == {DEV, PROD}
        assert all(run.state is RunState.RUNNING or run.blocked_by or run.reason for run in runs.values())
