"""Of a large rollout all targets are counted, and the most urgent are listed."""

import pytest

from pointsman.core.model import RolloutState, RunState
from pointsman.core.slack.message import render
from pointsman.core.slack.rollout_summary import MAX_NAMED
from pointsman.core.slack.rollout_view import URGENCY, HostsByStatus, RolloutView
from pointsman.core.trail.events import RolloutStarted, TrailEvent
from tests.support.events import (
    ROLLOUT,
    ended_rollout,
    ended_run,
    host,
    repeated,
    retried,
    started_rollout,
    started_run,
)
from tests.support.summaries_world import SummariesWorld

JOINED = "dev/ca-central-1"

MANY = tuple(f"{account}/eu-west-{number}" for account in ("dev", "prod") for number in range(150))


def many() -> SummariesWorld:
    world = SummariesWorld()
    world.trail.page_size = 100
    world.happen(started_rollout(*MANY))
    return world


def counts(view: RolloutView | None) -> dict[RunState, int]:
    assert view
    return dict(view.by_state)


def test_every_state_has_a_place() -> None:
    assert sorted(URGENCY) == sorted(RunState)
    assert all(state.failed for state in URGENCY[:5])
    assert not any(state.failed for state in URGENCY[5:])


def scope(view: RolloutView | None) -> str:
    assert view
    return view.scope


def test_of_many_targets_all_are_counted_and_the_most_urgent_listed() -> None:
    world = many()
    assert counts(world.view) == {RunState.STARTING: 300}
    world.happen(*(started_run(name) for name in MANY[100:]))
    for name in MANY[150:]:
        world.happen(host(name, status="failed" if name == MANY[250] else "ok"))
        world.happen(ended_run(name, "failed" if name == MANY[250] else "succeeded"))
    view = world.view
    assert view
    assert counts(view) == counts(world.folded)
    assert counts(view) == {RunState.STARTING: 100, RunState.RUNNING: 50, RunState.SUCCEEDED: 149, RunState.FAILED: 1}
    assert view.hosts == HostsByStatus(ok=149, failed=1)
    assert view.targets[0].name == MANY[250]
    assert len(view.targets) <= MAX_NAMED
    assert "300 targets: 1 failed, 50 running, 100 starting, 149 succeeded" in str(render(view).blocks)
    assert f"`{MANY[250]}` failed" in str(render(view).blocks)


def test_a_target_that_joins_a_large_rollout_is_told_from_those_that_it_began_with() -> None:
    """Of a large rollout the summary does not have every name."""
    world = many()
    world.happen(*(ended_run(name) for name in MANY[:200]), ended_rollout("failed"))
    world.happen(retried(80, MANY[150], MANY[250], JOINED))
    assert counts(world.view) == counts(world.folded) == {RunState.SUCCEEDED: 199, RunState.STARTING: 102}
    world.store.drop_summary(ROLLOUT)
    assert counts(world.view) == counts(world.folded)


def test_more_targets_are_retried_than_one_write_takes() -> None:
    world = many()
    world.happen(*(ended_run(name, "failed") for name in MANY), ended_rollout("failed"))
    failed = world.view
    assert failed
    assert failed.state is RolloutState.FAILED
    world.store.faults = ["", "", "before", "", "after"]
    world.happen(retried(80, *MANY))
    assert counts(world.view) == {RunState.STARTING: 300}
    reopened = world.view
    assert reopened
    assert reopened.state is RolloutState.OPEN


def test_rollouts_to_the_same_targets_have_the_same_scope() -> None:
    world, other = many(), SummariesWorld()
    other.happen(started_rollout(*MANY[:-1]))
    assert scope(world.view) != scope(other.view)
    other.happen(repeated(80, MANY[-1]))
    assert scope(other.view) == scope(world.view) == scope(world.folded)


def test_the_start_of_the_rollout_is_read_from_the_trail_only_when_somebody_joins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = many()
    asked: list[str] = []
    with_key = world.trail.with_key

    def noted(partition: str, beginning: str) -> list[TrailEvent]:
        asked.append(beginning)
        return with_key(partition, beginning)

    monkeypatch.setattr(world.trail, "with_key", noted)
    world.happen(*(ended_run(name, "failed") for name in MANY))
    world.happen(retried(80, *MANY))
    assert asked == []
    world.happen(repeated(90, JOINED))
    assert asked == [RolloutStarted.__name__]
