"""The RunLookup port: DynamoDB (on moto, written by the engine's store) and the one in memory behave the same."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.run_lookup_dynamodb import DynamoRunLookup
from pointsman.adapters.run_lookup_memory import MemoryRunLookup
from pointsman.core.audit.recorder import RunLookup
from pointsman.core.ports import Transition
from tests.support.events import DEV, PROD, ROLLOUT, arn, stored_run
from tests.support.tables import create_tables


class AttemptOfARun(NamedTuple):
    rollout: str
    target: str
    attempt: int


@pytest.fixture(params=["memory", "dynamodb"])
def run_lookup(request: pytest.FixtureRequest) -> Iterator[RunLookup]:
    stored = stored_run(DEV, PROD, build_arn=arn(DEV))
    assert stored.run
    if request.param == "memory":
        twin = MemoryRunLookup()
        twin.add(stored.rollout, stored.run)
        yield twin
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_tables(client)
        transition = Transition(rollout=stored.rollout, runs=(stored.run,))
        DynamoRollouts(client, "rollouts", "audit").commit(transition)
        yield DynamoRunLookup(client, "rollouts")


def test_a_run_is_found_with_its_rollout(run_lookup: RunLookup) -> None:
    found = run_lookup.find(AttemptOfARun(rollout=ROLLOUT, target=DEV, attempt=1))
    assert found
    assert found.run
    assert found.rollout.change.actor == "hana"
    assert found.run.build_arn == arn(DEV)


@pytest.mark.parametrize(("target", "attempt"), [(DEV, 2), (PROD, 1), ("dev/us-east-1", 1)])
def test_a_run_that_was_never_made_is_none(run_lookup: RunLookup, target: str, attempt: int) -> None:
    found = run_lookup.find(AttemptOfARun(rollout=ROLLOUT, target=target, attempt=attempt))
    assert found
    assert found.run is None


def test_a_rollout_that_was_never_started_is_none(run_lookup: RunLookup) -> None:
    assert run_lookup.find(AttemptOfARun(rollout="r-unknown", target=DEV, attempt=1)) is None


def test_the_results_of_each_build_are_counted(run_lookup: RunLookup) -> None:
    assert [run_lookup.count_result(arn(DEV)) for _ in range(3)] == [1, 2, 3]
    assert run_lookup.count_result(arn(PROD)) == 1


def test_the_rejected_events_of_an_account_are_counted_by_day(run_lookup: RunLookup) -> None:
    monday, tuesday = date(2026, 11, 23), date(2026, 11, 24)
    days = [("222222222222", monday), ("222222222222", monday), ("222222222222", tuesday), ("333333333333", monday)]
    assert [run_lookup.count_rejected(account, day) for account, day in days] == [1, 2, 1, 1]
