"""The DeadLetters port: SQS (on moto) and the twin in memory keep the same messages."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.dead_letters_memory import MemoryDeadLetters
from pointsman.adapters.dead_letters_sqs import REASON_LENGTH, SqsDeadLetters
from pointsman.core.ports import DeadLetters
from pointsman.errors import Misconfigured, Unavailable

type Letters = list[tuple[str, str]]
type Side = tuple[DeadLetters, Callable[[], Letters]]


@pytest.fixture(params=["memory", "sqs"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    """An implementation, and what reads the body and reason of every message in it."""
    if request.param == "memory":
        twin = MemoryDeadLetters()
        yield twin, lambda: [(letter.body, letter.reason) for letter in twin.letters.values()]
        return
    with mock_aws():
        client = boto3.client("sqs", region_name="us-east-1")
        url = client.create_queue(QueueName="dead-letters.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        yield SqsDeadLetters(lambda: client, url), lambda: received(client, url)


def received(client: Any, url: str) -> Letters:
    answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return [(each["Body"], each["MessageAttributes"]["reason"]["StringValue"]) for each in answer.get("Messages", [])]


def test_a_message_is_kept_unchanged_with_its_reason(side: Side) -> None:
    dead_letters, letters = side
    dead_letters.put('{"not": "a delivery"}', "m-1", "group", "id: Field required")
    assert letters() == [('{"not": "a delivery"}', "id: Field required")]


def test_a_message_that_is_put_twice_is_kept_once(side: Side) -> None:
    dead_letters, letters = side
    for _ in range(2):
        dead_letters.put("body", "m-1", "group", "reason")
    assert len(letters()) == 1


@mock_aws
def test_a_reason_that_sqs_does_not_take_is_shortened_and_escaped() -> None:
    client = boto3.client("sqs", region_name="us-east-1")
    url = client.create_queue(QueueName="dead-letters.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    dead_letters = SqsDeadLetters(lambda: client, url)
    dead_letters.put("a", "m-1", "group", "nul \x00 " + "x" * 1_000)
    dead_letters.put("b", "m-2", "other group", "")
    reasons = dict(received(client, url))
    assert reasons["a"].startswith("nul \\x00 xxx")
    assert len(reasons["a"]) == REASON_LENGTH
    assert reasons["b"] == "unknown"


@mock_aws
def test_a_queue_that_does_not_exist_is_a_wrong_setting() -> None:
    client = boto3.client("sqs", region_name="us-east-1")
    dead_letters = SqsDeadLetters(lambda: client, "https://sqs.us-east-1.amazonaws.com/111111111111/none.fifo")
    with pytest.raises(Misconfigured, match="sending a message to the dead-letter queue"):
        dead_letters.put("body", "m-1", "group", "reason")


def test_the_twin_can_be_down() -> None:
    twin = MemoryDeadLetters()
    twin.down = True
    with pytest.raises(Unavailable):
        twin.put("body", "m-1", "group", "reason")
    assert twin.letters == {}
