"""The metrics of a sweep (runs without a build, a sweep that ran out of time, the oldest wait), and those of runs."""

import json
from datetime import timedelta

import pytest

from functions.start_build.run_metrics import END_METRICS, publish_runs
from functions.start_build.sweep_metrics import publish
from pointsman.core.model import Run, RunState
from pointsman.core.ports import Transition
from pointsman.core.rollouts.engine import never
from pointsman.core.rollouts.run_tally import RunCounts
from pointsman.core.rollouts.sweep import LONG_START, is_starting_long
from pointsman.errors import Unavailable
from tests.support.rollouts import MORNING, delivery, target
from tests.support.world import DEV, PROD, MemoryWorld


@pytest.fixture(autouse=True)
def namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Pointsman")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "pointsman")


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    [line] = lines
    assert line["service"] == "pointsman"
    names = ("SweepsCutShort", "RunsStartingLong", "TargetsHealed", "OldestWait")
    return {name: sum(line[name]) for name in names}


def test_a_run_that_has_been_starting_long_is_counted_until_it_starts(
    world: MemoryWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.builds.silent.add(DEV)
    with pytest.raises(Unavailable):
        world.push(delivery(DEV))
    world.clock.pass_by(seconds=LONG_START.total_seconds() + 1)
    with pytest.raises(Unavailable):  # and yet it is counted
        world.engine.sweep(never, publish)
    assert counted(capsys) == {"SweepsCutShort": 0, "RunsStartingLong": 1, "TargetsHealed": 0, "OldestWait": 0}

    world.builds.silent.clear()
    world.clock.pass_by(hours=1)  # the longest pause until a region is asked again
    world.engine.sweep(never, publish)
    assert counted(capsys) == {"SweepsCutShort": 0, "RunsStartingLong": 0, "TargetsHealed": 0, "OldestWait": 0}


def test_a_sweep_that_has_no_time_for_every_rollout_is_counted(
    world: MemoryWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    for letter in "abc":
        world.push(delivery(DEV, commit=letter * 40))
    world.engine.sweep(lambda: True, publish)
    assert counted(capsys)["SweepsCutShort"] == 1
    world.engine.sweep(never, publish)
    assert counted(capsys)["SweepsCutShort"] == 0


def test_a_target_that_was_freed_is_counted(world: MemoryWorld, capsys: pytest.CaptureFixture[str]) -> None:
    holder = world.push(delivery(DEV, route="base", playbook="base.yml"))
    world.push(delivery(DEV, at=world.later()))
    world.builds.finish(world.run(holder, DEV).build_arn or "", RunState.SUCCEEDED)
    world.store.forget(holder)
    world.engine.sweep(never, publish)
    assert counted(capsys)["TargetsHealed"] == 1


def test_the_oldest_wait_is_that_of_the_run_that_joined_its_queue_first(
    world: MemoryWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    holder = world.push(delivery(DEV, PROD, route="base", playbook="base.yml"))
    world.clock.pass_by(hours=1)
    world.push(delivery(PROD, at=world.clock()))
    world.clock.pass_by(minutes=5)
    world.push(delivery(DEV, route="app", playbook="app.yml", at=MORNING))  # pushed earlier, but it joined later
    world.clock.pass_by(minutes=2)
    world.engine.sweep(never, publish)
    assert counted(capsys)["OldestWait"] == 7 * 60

    world.finish(holder, PROD)
    world.engine.sweep(never, publish)
    assert counted(capsys)["OldestWait"] == 2 * 60


def test_a_run_that_an_earlier_version_stored_has_waited_since_its_push(
    world: MemoryWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.push(delivery(DEV, route="base", playbook="base.yml"))
    waiting = world.push(delivery(DEV))
    world.store.commit(Transition(runs=(world.run(waiting, DEV).replace(waiting_since=None),)))
    world.clock.pass_by(minutes=3)
    world.engine.sweep(never, publish)
    assert counted(capsys)["OldestWait"] == 3 * 60


def test_every_state_in_which_a_run_ends_has_a_metric() -> None:
    assert set(END_METRICS) == {state for state in RunState if state.ended}


def test_nothing_is_published_if_no_run_started_or_ended(capsys: pytest.CaptureFixture[str]) -> None:
    publish_runs(RunCounts(ended={}, failures={}, build_seconds=[], waiting_seconds=[]))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("number", [1, 100, 250])
def test_each_run_is_published_once_however_many_there_are(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    waits = [float(each) for each in range(number)]
    publish_runs(RunCounts(ended={}, failures={}, build_seconds=[], waiting_seconds=waits))
    published = [json.loads(line)["RunWait"] for line in capsys.readouterr().out.splitlines()]
    assert [each for line in published for each in line] == waits


def test_only_a_run_that_has_been_starting_for_15_minutes_counts() -> None:
    def run(state: RunState, minutes: float) -> Run:
        acquired_at = MORNING - timedelta(minutes=minutes)
        about = {"rollout": "r-1", "route": "site", "target": target(DEV), "state": state}
        return Run.read(about | {"created_at": acquired_at, "acquired_at": acquired_at})

    assert is_starting_long(run(RunState.STARTING, 15.1), MORNING)
    assert not is_starting_long(run(RunState.STARTING, 14.9), MORNING)
    assert not is_starting_long(run(RunState.RUNNING, 60), MORNING)
    assert not is_starting_long(run(RunState.WAITING, 60), MORNING)
