"""command_receiver on moto: from API Gateway's event to the stored decision and the message to start_build."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.command_receiver import handler
from pointsman.core.model import RolloutId
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.errors import Misconfigured, Unavailable
from tests.support.commands import HANA
from tests.support.lambda_context import FakeContext
from tests.support.moto_server import call_moto
from tests.support.rollouts import delivery
from tests.support.world import DEV, TableWorld


class Aws:
    """The tables with an open rollout, and the queue to start_build."""

    def __init__(self) -> None:
        self.world = TableWorld()
        self.rollout = self.world.push(delivery(DEV, at=datetime.now(UTC)))
        self.sqs = boto3.client("sqs", region_name="us-east-1")
        self.url = self.sqs.create_queue(QueueName="changes.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

    def messages(self) -> list[str]:
        found = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        return [message["Body"] for message in found]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    # moto undoes a cancelled transaction by restoring all its tables, so steps must not run in parallel.
    monkeypatch.setattr("pointsman.core.rollouts.executor.PARALLEL_STEPS", 1)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with mock_aws():
        aws = Aws()
        for name, value in (("ROLLOUTS_TABLE", "rollouts"), ("AUDIT_TABLE", "audit"), ("CHANGES_QUEUE_URL", aws.url)):
            monkeypatch.setenv(name, value)
        call_moto(monkeypatch)
        monkeypatch.setattr(handler, "packaged_routes", lambda: CompiledRoutes(places=(), routes=()))
        handler._service.cache_clear()
        yield aws
    handler._service.cache_clear()


def call(rollout: RolloutId, name: str = "cancel", **about: Any) -> tuple[int, dict[str, Any]]:
    body = {"id": "0b9c2f6e-5a41", "name": name, "rollout": rollout} | about
    identity = {"authorizer": {"iam": {"userArn": HANA, "accountId": "111111111111"}}}
    event = {"version": "2.0", "routeKey": "POST /commands", "requestContext": identity, "body": json.dumps(body)}
    answer = handler.lambda_handler(event, FakeContext())  # type: ignore[arg-type]
    return answer["statusCode"], json.loads(answer["body"])


def test_a_command_is_stored_and_start_build_is_told(aws: Aws) -> None:
    status, answer = call(aws.rollout, reason="wrong branch")
    assert (status, answer["type"], answer["actor"], answer["reason"]) == (
        200,
        "RolloutCancelled",
        HANA,
        "wrong branch",
    )
    assert aws.messages() == [json.dumps({"reconcile": aws.rollout}, separators=(",", ":"))]
    cancellation = aws.world.rollout(aws.rollout).cancellation
    assert cancellation
    assert cancellation.caller == HANA


def test_the_same_command_again_has_the_same_answer_and_one_event(aws: Aws) -> None:
    first = call(aws.rollout)
    assert call(aws.rollout) == first
    assert aws.world.types(aws.rollout).count("RolloutCancelled") == 1


def test_a_refused_command_is_answered_with_its_reason_and_no_message(aws: Aws) -> None:
    status, answer = call(aws.rollout, "retry")
    assert (status, answer["type"]) == (409, "CommandRefused")
    assert answer["reason"] == "there is nothing to retry: dev/eu-west-1: its run has not ended"
    assert aws.messages() == []


def test_an_unknown_rollout_is_not_found(aws: Aws) -> None:
    status, answer = call(RolloutId("r-0000000000000000"))
    assert status == 404
    assert "pointsman status" in answer["error"]


def test_a_request_that_makes_no_sense_is_answered_with_what_is_wrong(aws: Aws) -> None:
    status, answer = call(aws.rollout, "deploy")
    assert status == 400
    assert "deploy" in answer["error"]


def test_a_request_without_an_identity_is_never_taken(aws: Aws) -> None:
    event = {"body": json.dumps({"id": "0b9c2f6e-5a41", "name": "cancel", "rollout": aws.rollout})}
    with pytest.raises(Misconfigured, match="AWS_IAM"):
        handler.lambda_handler(event, FakeContext())  # type: ignore[arg-type]
    assert aws.world.rollout(aws.rollout).cancellation is None


def test_without_the_table_the_answer_says_to_send_it_again(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise Unavailable("DynamoDB does not answer")

    monkeypatch.setattr("pointsman.adapters.rollouts_dynamodb.DynamoRollouts.commit", fail)
    status, answer = call(aws.rollout)
    assert status == 503
    assert "send the command again" in answer["error"]
