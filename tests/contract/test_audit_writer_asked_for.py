"""The AskedFor port: the table (on moto, written by the engine's own store) and the twin keep the same promises."""

from collections.abc import Iterator
from datetime import date

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.asked_for_dynamodb import DynamoAskedFor
from pointsman.adapters.asked_for_memory import MemoryAskedFor
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.core.build_event import RunName
from pointsman.core.ports import Transition
from pointsman.core.witness import AskedFor
from tests.support.tables import create_tables
from tests.support.told import DEV, PROD, ROLLOUT, arn, asked


@pytest.fixture(params=["memory", "dynamodb"])
def asked_for(request: pytest.FixtureRequest) -> Iterator[AskedFor]:
    stored = asked(DEV, PROD, build_arn=arn(DEV))
    assert stored.run
    if request.param == "memory":
        twin = MemoryAskedFor()
        twin.add(stored.rollout, stored.run)
        yield twin
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_tables(client)
        transition = Transition(rollout=stored.rollout, runs=(stored.run,))
        DynamoRollouts(client, "rollouts", "audit").commit(transition)
        yield DynamoAskedFor(client, "rollouts")


def test_a_run_is_found_with_who_asked_for_it(asked_for: AskedFor) -> None:
    found = asked_for.find(RunName(rollout=ROLLOUT, target=DEV, attempt=1))
    assert found
    assert found.run
    assert found.rollout.change.actor == "hana"
    assert found.rollout.order.targets[1].account_id == "333333333333"
    assert found.run.build_arn == arn(DEV)


@pytest.mark.parametrize(("target", "attempt"), [(DEV, 2), (PROD, 1), ("dev/us-east-1", 1)])
def test_a_run_that_was_never_made_is_none(asked_for: AskedFor, target: str, attempt: int) -> None:
    found = asked_for.find(RunName(rollout=ROLLOUT, target=target, attempt=attempt))
    assert found
    assert found.run is None


def test_a_rollout_that_was_never_started_is_none(asked_for: AskedFor) -> None:
    assert asked_for.find(RunName(rollout="r-unknown", target=DEV, attempt=1)) is None


def test_the_results_of_each_build_are_counted(asked_for: AskedFor) -> None:
    assert [asked_for.count_result(arn(DEV)) for _ in range(3)] == [1, 2, 3]
    assert asked_for.count_result(arn(PROD)) == 1


def test_what_is_rejected_of_an_account_is_counted_by_day(asked_for: AskedFor) -> None:
    monday, tuesday = date(2026, 11, 23), date(2026, 11, 24)
    days = [("222222222222", monday), ("222222222222", monday), ("222222222222", tuesday), ("333333333333", monday)]
    assert [asked_for.count_rejected(account, day) for account, day in days] == [1, 2, 1, 1]
