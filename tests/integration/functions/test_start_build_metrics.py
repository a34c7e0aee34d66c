"""The metrics of a sweep: runs without a build, and a sweep that ran out of time."""

import json
from datetime import timedelta

import pytest

from functions.start_build.sweep_metrics import publish
from pointsman.core.model import Run, RunState
from pointsman.core.rollouts.engine import never
from pointsman.core.rollouts.sweep import LONG_START, is_starting_long
from pointsman.errors import Unavailable
from tests.support.rollouts import MORNING, delivery, target
from tests.support.world import DEV, MemoryWorld


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
    names = ("SweepsCutShort", "RunsStartingLong", "TargetsHealed")
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
    assert counted(capsys) == {"SweepsCutShort": 0, "RunsStartingLong": 1, "TargetsHealed": 0}

    world.builds.silent.clear()
    world.engine.sweep(never, publish)
    assert counted(capsys) == {"SweepsCutShort": 0, "RunsStartingLong": 0, "TargetsHealed": 0}


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


def test_only_a_run_that_has_been_starting_for_15_minutes_counts() -> None:
    def run(state: RunState, minutes: float) -> Run:
        acquired_at = MORNING - timedelta(minutes=minutes)
        about = {"rollout": "r-1", "route": "site", "target": target(DEV), "state": state}
        return Run.read(about | {"created_at": acquired_at, "acquired_at": acquired_at})

    assert is_starting_long(run(RunState.STARTING, 15.1), MORNING)
    assert not is_starting_long(run(RunState.STARTING, 14.9), MORNING)
    assert not is_starting_long(run(RunState.RUNNING, 60), MORNING)
    assert not is_starting_long(run(RunState.WAITING, 60), MORNING)
