"""The audit table on moto: what DynamoDB's refusals become, and that nothing is too large for it."""

import time

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import Stubber
from moto import mock_aws

from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail, put_of
from pointsman.core.ports import Transition
from pointsman.core.trail.events import HostResultRecorded
from pointsman.errors import Misconfigured, Unavailable
from tests.support.events import DEV, host, started_run
from tests.support.tables import create_tables


def test_an_event_larger_than_an_item_is_shortened_and_says_so() -> None:
    tasks = [
        {
            "name": f"t{n}",
            "path": "p:1",
            "action": "a",
            "status": "changed",
            "diff": "+ü" * 20_000,
            "duration_seconds": 1,
        }
        for n in range(30)
    ]
    event = host(DEV, tasks=tasks)
    with mock_aws():
        client = boto3.client("dynamodb")
        create_tables(client)
        trail = DynamoTrail(client, "audit")
        assert trail.record(event)
        (stored,) = trail.of_partition(event.partition)
    assert isinstance(stored, HostResultRecorded)
    assert stored.shortened
    assert [task.name for task in stored.tasks] == [f"t{n}" for n in range(30)]


def test_a_put_in_a_transaction_is_refused_when_the_event_is_there() -> None:
    with mock_aws():
        client = boto3.client("dynamodb")
        create_tables(client)
        put = put_of(started_run(DEV), "audit")
        client.transact_write_items(TransactItems=[{"Put": put}])  # type: ignore[typeddict-item]
        with pytest.raises(client.exceptions.TransactionCanceledException):
            client.transact_write_items(TransactItems=[{"Put": put}])  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("ProvisionedThroughputExceededException", Unavailable),
        ("InternalServerError", Unavailable),
        ("AccessDeniedException", Misconfigured),
        ("ResourceNotFoundException", Misconfigured),
    ],
)
def test_an_error_of_dynamodb_says_who_must_act(code: str, raised: type[Exception]) -> None:
    client = boto3.client("dynamodb")
    with Stubber(client) as stub:
        stub.add_client_error("put_item", code)
        with pytest.raises(raised, match="recording RunStarted"):
            DynamoTrail(client, "audit").record(started_run(DEV))


def test_no_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("dynamodb")

    def no_answer(*_: object, **__: object) -> None:
        raise ConnectTimeoutError(endpoint_url="https://dynamodb")

    monkeypatch.setattr(client, "_make_api_call", no_answer)
    with pytest.raises(Unavailable):
        DynamoTrail(client, "audit").record(started_run(DEV))


@pytest.mark.parametrize("days", [0, 400])
def test_both_writers_of_events_say_when_an_event_expires_if_it_does(days: int) -> None:
    with mock_aws():
        client = boto3.client("dynamodb")
        create_tables(client)
        DynamoTrail(client, "audit", days).record(host(DEV))
        DynamoRollouts(client, "rollouts", "audit", days).commit(Transition(events=(started_run(DEV),)))
        items = client.scan(TableName="audit")["Items"]
    expected = time.time() + days * 86_400
    assert len(items) == 2
    for item in items:
        assert ("expires_at" in item) is (days > 0)
        assert not days or abs(int(item["expires_at"]["N"]) - expected) < 600
