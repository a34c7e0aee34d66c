"""The Queue port: SQS (on moto) and the twin in memory take the same messages."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.sqs import models as moto_sqs

from pointsman.adapters.aws_client import CallLimits
from pointsman.adapters.aws_json import SQS, AwsJson
from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.adapters.queue_sqs import SqsQueue, group_of
from pointsman.core.delivery import Delivery
from pointsman.core.model import RolloutId
from pointsman.core.ports import Queue
from pointsman.core.queue_message import MESSAGE_BYTES, ReconcileRequest, split_to_fit, to_message
from pointsman.errors import Misconfigured, Unavailable
from tests.support.http_server import Call, Reply, serving
from tests.support.moto_server import call_moto
from tests.support.rollouts import delivery

type World = tuple[Queue, Callable[[], list[dict[str, Any]]]]


@pytest.fixture(params=["memory", "sqs"])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The queue, and what reads all its messages."""
    if request.param == "memory":
        queue = MemoryQueue()
        yield queue, lambda: [{"Body": message} for message in queue.messages]
        return
    with sqs_queue(monkeypatch) as world:
        yield world


@contextmanager
def sqs_queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(moto_sqs, "MAXIMUM_MESSAGE_LENGTH", 1_048_576)  # AWS's; moto still has a quarter of it
    with mock_aws():
        client = boto3.client("sqs", region_name="us-east-1")
        url = make_queue(client)
        call_moto(monkeypatch)
        yield SqsQueue(AwsJson(SQS), url), lambda: received(client, url)


def make_queue(client: Any) -> str:
    attributes = {"FifoQueue": "true", "MaximumMessageSize": "262144"}
    return str(client.create_queue(QueueName="changes.fifo", Attributes=attributes)["QueueUrl"])


def received(client: Any, url: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    while batch := client.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], WaitTimeSeconds=0
    ).get("Messages"):
        messages += batch
        for message in batch:
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return messages


def read(messages: list[dict[str, Any]]) -> list[Delivery]:
    return [Delivery.read_json(message["Body"]) for message in messages]


def with_change(incoming: Delivery, **changes: Any) -> Delivery:
    return incoming.replace(change=incoming.change.replace(**changes))


def test_a_request_to_reconcile_arrives_in_the_group_of_its_rollout(world: World) -> None:
    queue, messages = world
    assert isinstance(queue, MemoryQueue | SqsQueue)
    queue.request(RolloutId("r-3f2a9c0d1e2b4a56"))
    [message] = messages()
    assert ReconcileRequest.read_from(message["Body"]) == ReconcileRequest(reconcile=RolloutId("r-3f2a9c0d1e2b4a56"))
    if "Attributes" in message:
        assert message["Attributes"]["MessageGroupId"] == "r-3f2a9c0d1e2b4a56"


def test_a_delivery_arrives_unchanged(world: World) -> None:
    queue, messages = world
    incoming = delivery("dev/eu-west-1", "prod/eu-west-1")
    variables = {"n": 4, "ratio": 0.25, "none": None, "nested": {"list": [None, True]}}
    incoming = incoming.replace(specs=(incoming.specs[0].replace(extra_vars=variables),))
    queue.send(incoming)
    queue.send(delivery())
    assert read(messages()) == [incoming, delivery()]


def test_the_same_delivery_twice_is_two_messages(world: World) -> None:
    queue, messages = world
    queue.send(delivery("dev/eu-west-1"))
    queue.send(delivery("dev/eu-west-1"))
    assert len(messages()) == 2


def test_text_that_sqs_refuses_arrives_escaped(world: World) -> None:
    queue, messages = world
    incoming = with_change(delivery(), title="nul \x00 esc \x1b ffff \uffff 😀 ümläut \u2028", files=("two\nlines",))
    queue.send(incoming)
    assert read(messages()) == [incoming]


def test_a_delivery_that_is_too_large_arrives_without_its_file_names_and_keeps_their_number(world: World) -> None:
    queue, messages = world
    # moto's queue takes a quarter of a megabyte; the limit itself is tested below.
    names = tuple(f"ansible/{'x' * 12_000}/{number}" for number in range(100))
    queue.send(with_change(delivery("dev/eu-west-1"), files=names, files_total=2_500))
    [arrived] = read(messages())
    assert arrived.change.files == ()
    assert arrived.change.files_total == 2_500
    assert arrived.shortened
    assert arrived.specs == delivery("dev/eu-west-1").specs


def test_a_message_of_the_largest_size_fits_and_one_byte_more_does_not() -> None:
    incoming = delivery("dev/eu-west-1")
    room = MESSAGE_BYTES - len(to_message(with_change(incoming, files=("",))))
    fitting = with_change(incoming, files=("x" * room,))
    assert split_to_fit(fitting) == (fitting,)
    assert not fitting.shortened
    [shortened] = split_to_fit(with_change(incoming, files=("x" * (room + 1),)))
    assert shortened.change.files == ()
    assert shortened.shortened
    assert MESSAGE_BYTES < 1_048_576


def test_specs_that_do_not_fit_together_are_sent_in_several_messages_with_all_decisions() -> None:
    incoming = delivery("dev/eu-west-1")
    specs = tuple(incoming.specs[0].replace(rollout=f"r-{number}") for number in range(30))
    decisions = tuple(incoming.decisions[0].replace(reason="because " * 100) for _ in range(5))
    large = incoming.replace(specs=specs, decisions=decisions)
    parts = split_to_fit(large, limit=6_000)
    assert len(parts) > 1
    assert [spec for part in parts for spec in part.specs] == list(specs)
    assert all(len(to_message(part)) <= 6_000 for part in parts)
    assert all(len(part.decisions) == 5 and part.id == large.id and part.shortened for part in parts)


def test_a_delivery_without_specs_is_one_message_however_large() -> None:
    incoming = delivery()
    assert len(split_to_fit(with_change(incoming, title="x" * 10_000), limit=1_000)) == 1


def test_pushes_to_one_ref_are_a_group_and_no_other() -> None:
    incoming = delivery()
    same = with_change(incoming, after="f" * 40, title="x")
    other_ref = with_change(incoming, ref="refs/heads/ümläut \U0001f600" + "x" * 500)
    other_repository = with_change(incoming, repository="acme/other")
    assert group_of(incoming) == group_of(same) == group_of(with_change(incoming, repository="Acme/Infra"))
    assert len({group_of(each) for each in (incoming, other_ref, other_repository)}) == 3
    # SQS: at most 128 letters, digits and punctuation marks.
    assert all(len(group_of(each)) == 64 and group_of(each).isalnum() for each in (incoming, other_ref))


def test_messages_are_grouped_and_never_deduplicated(monkeypatch: pytest.MonkeyPatch) -> None:
    with sqs_queue(monkeypatch) as (queue, messages):
        queue.send(delivery())
        queue.send(delivery())
        attributes = [message["Attributes"] for message in messages()]
    assert {each["MessageGroupId"] for each in attributes} == {group_of(delivery())}
    assert len({each["MessageDeduplicationId"] for each in attributes}) == 2


def test_a_queue_that_does_not_exist_is_misconfigured(monkeypatch: pytest.MonkeyPatch) -> None:
    call_moto(monkeypatch)
    queue = SqsQueue(AwsJson(SQS), "https://sqs.us-east-1.amazonaws.com/111111111111/none.fifo")
    with pytest.raises(Misconfigured, match="sending a delivery to the queue"):
        queue.send(delivery())


LIMITS = CallLimits(connect=1, read=1, attempts=2)


@pytest.mark.parametrize("code", ["ServiceUnavailable", "ThrottlingException", "InternalError", "RequestThrottled"])
def test_a_failure_of_the_queue_is_unavailable(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": "later"}).encode()
    with serving(lambda _: Reply(400, answer)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(Unavailable, match="later"):
            SqsQueue(AwsJson(SQS, LIMITS, sleep=lambda _: None), "https://q").send(delivery())


def test_a_network_without_an_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(Unavailable):
        SqsQueue(AwsJson(SQS, LIMITS, sleep=lambda _: None), "https://q").send(delivery())


def test_a_message_that_is_sent_again_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[bytes] = []

    def serve(call: Call) -> Reply:
        bodies.append(call.body)
        return Reply(503 if len(bodies) == 1 else 200, b"{}")

    with serving(serve) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        SqsQueue(AwsJson(SQS, LIMITS, sleep=lambda _: None), "https://q").send(delivery())
    assert len(bodies) == 2
    assert len(set(bodies)) == 1


def test_the_twin_can_be_down() -> None:
    queue = MemoryQueue()
    queue.down = True
    with pytest.raises(Unavailable):
        queue.send(delivery())
    assert queue.messages == []


def test_a_message_is_ascii_json() -> None:
    message = to_message(with_change(delivery(), title="日本語"))
    assert message.isascii()
    assert json.loads(message)["change"]["title"] == "日本語"
