"""What a sweep counts for the alarms: runs that do not come to a build, and its own lack of time."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.start_build.sweep_metrics import publish
from pointsman.adapters.builds_memory import MemoryBuilds
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.model import Run, RunState
from pointsman.core.rollouts.engine import Engine
from pointsman.core.rollouts.sweep import LONG_START, is_starting_long
from pointsman.errors import Unavailable
from tests.support.rollouts import Clock, delivery, target
from tests.support.tables import create_tables

DEV = "dev/eu-west-1"
SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}


@pytest.fixture(autouse=True)
def namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Pointsman")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "pointsman")


@pytest.fixture
def table() -> Iterator[DynamoRollouts]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        yield DynamoRollouts(client, "rollouts", "audit")


class SilentBuilds(MemoryBuilds):
    """A region that takes every call and answers none."""

    def start(self, *_: Any) -> Any:
        raise Unavailable("StartBuild in dev/eu-west-1: no answer")

    def find(self, *_: Any) -> Any:
        raise Unavailable("ListBuildsForProject in dev/eu-west-1: no answer")


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    [line] = lines
    assert line["service"] == "pointsman"
    names = ("SweepsCutShort", "RunsStartingLong")
    return {name: sum(line[name]) for name in names}


def an_engine(table: DynamoRollouts, clock: Clock, builds: MemoryBuilds) -> Engine:
    return Engine(table, DynamoTrail(boto3.client("dynamodb", region_name="us-east-1"), "audit"), builds, clock)


def test_a_run_that_has_been_starting_for_long_is_counted_until_it_starts(
    table: DynamoRollouts, capsys: pytest.CaptureFixture[str]
) -> None:
    clock, builds = Clock(datetime.now(UTC) - LONG_START - timedelta(minutes=1)), SilentBuilds()
    engine = an_engine(table, clock, builds)
    ids = engine.accept(delivery(DEV, at=clock.now), "m-1")
    with pytest.raises(Unavailable):
        engine.reconcile(ids)
    clock.now = datetime.now(UTC)
    with pytest.raises(Unavailable):  # counted all the same
        engine.sweep(lambda: False, publish)
    assert counted(capsys) == {"SweepsCutShort": 0, "RunsStartingLong": 1}

    answering = an_engine(table, clock, MemoryBuilds())
    answering.sweep(lambda: False, publish)
    assert counted(capsys) == {"SweepsCutShort": 0, "RunsStartingLong": 0}


def test_a_sweep_that_has_no_time_for_every_rollout_is_counted(
    table: DynamoRollouts, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock(datetime.now(UTC))
    engine = an_engine(table, clock, MemoryBuilds())
    for number in range(3):
        engine.reconcile(engine.accept(delivery(DEV, commit=f"{number}" * 40, at=clock.now), f"m-{number}"))
    engine.sweep(lambda: True, publish)
    assert counted(capsys)["SweepsCutShort"] == 1
    engine.sweep(lambda: False, publish)
    assert counted(capsys)["SweepsCutShort"] == 0


def test_only_what_has_been_starting_for_a_quarter_of_an_hour_is_long() -> None:
    now = datetime.now(UTC)

    def run(state: RunState, minutes: float) -> Run:
        claimed = now - timedelta(minutes=minutes)
        return Run(
            rollout="r-1", route="site", target=target(DEV), created_at=claimed, acquired_at=claimed, state=state
        )

    assert is_starting_long(run(RunState.STARTING, 15.1), now)
    assert not is_starting_long(run(RunState.STARTING, 14.9), now)
    assert not is_starting_long(run(RunState.RUNNING, 60), now)
    assert not is_starting_long(run(RunState.WAITING, 60), now)
