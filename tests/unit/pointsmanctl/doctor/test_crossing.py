"""The test event: recognised among others', waited for with a bound, and no obstacle without permissions."""

import json
from collections.abc import Sequence
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pointsmanctl.doctor import crossing
from pointsmanctl.doctor.arrivals import Arrivals, id_of
from pointsmanctl.doctor.crossing import SentEvent
from pointsmanctl.doctor.model import CheckResult, Link
from tests.contract.templates.cloudformation import ROOT

LINK = Link("events", "dev/eu-west-1")
EVENT = SentEvent("pointsman", "9f86d081884c7d65")
BODY = (ROOT / "events/aws/eventbridge-test-event.json").read_text()


class FakeQueue:
    """Gives the messages of each call in turn."""

    def __init__(self, *calls: Sequence[str], fault: str = "") -> None:
        self.calls = list(calls)
        self.fault = fault
        self.deleted: list[str] = []

    def receive_message(self, **_: Any) -> dict[str, Any]:
        if self.fault:
            raise ClientError({"Error": {"Code": self.fault, "Message": "no"}}, "ReceiveMessage")
        bodies = self.calls.pop(0) if self.calls else []
        return {"Messages": [{"Body": each, "ReceiptHandle": each} for each in bodies]} if bodies else {}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        self.deleted.append(ReceiptHandle)


class FakeEvents:
    def __init__(self, *, code: str = "", denied: bool = False) -> None:
        self.code, self.denied = code, denied
        self.entries: list[dict[str, str]] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        if self.denied:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutEvents")
        self.entries += Entries
        return {"FailedEntryCount": int(bool(self.code)), "Entries": [{"ErrorCode": self.code} if self.code else {}]}


def check(events: FakeEvents, queue: FakeQueue, url: str = "https://queue", *, sends: bool = True) -> CheckResult:
    control = SimpleNamespace(
        stack_name="pointsman",
        sends_test_events=sends,
        output=lambda _: url,
        client=lambda _: queue,
        arrivals=Arrivals(),
    )
    target: Any = SimpleNamespace(control=control, client=lambda _: events)
    [result] = crossing.check(target, LINK, "pointsman-build-states")
    return result


def test_the_sample_is_what_is_sent() -> None:
    sent, sample = EVENT.entry, json.loads(BODY)
    assert (sent["Source"], sent["DetailType"]) == (sample["source"], sample["detail-type"])
    assert json.loads(sent["Detail"]) == sample["detail"]
    assert id_of(BODY) == EVENT.id


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"detail": 1}', '{"detail": {"test-event": {}}}'])
def test_what_is_no_test_event_has_no_id(body: str) -> None:
    assert id_of(body) is None


def test_an_event_is_found_among_others_and_taken_away_alone() -> None:
    queue = FakeQueue(["{}"], [], [body_of("another examination's"), BODY])
    assert arrives(expecting(EVENT.id), queue)
    assert queue.deleted == [BODY]


def test_the_wait_has_a_bound() -> None:
    assert not arrives(expecting(EVENT.id), FakeQueue(), 0.05)


def test_a_check_notes_the_events_that_others_wait_for() -> None:
    arrivals = expecting(EVENT.id, "second", "third")
    assert arrives(arrivals, FakeQueue([body_of("third"), body_of("second"), BODY]))
    assert arrivals.has("second")
    assert arrives(arrivals, FakeQueue(fault="NotCalled"), event="third")


def test_the_wait_lasts_for_as_long_as_events_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0.0, 20.0)
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    others = [str(each) for each in range(9)]
    queue = FakeQueue(*[[body_of(each)] for each in others], [BODY])
    assert arrives(expecting(EVENT.id, *others), queue, 50.0)
    assert not arrives(expecting("lost"), FakeQueue(), 50.0, "lost")


def expecting(*events: str) -> Arrivals:
    arrivals = Arrivals()
    for each in events:
        arrivals.expect(each)
    return arrivals


def arrives(arrivals: Arrivals, queue: FakeQueue, seconds: float = 60.0, event: str = EVENT.id) -> bool:
    arrivals.wait(queue, "https://queue", event, seconds)
    return arrivals.has(event)


def body_of(event: str) -> str:
    return json.dumps({"detail": {"test-event": event}})


def test_without_permission_the_event_is_skipped_with_the_permission() -> None:
    put = check(FakeEvents(denied=True), FakeQueue())
    assert (put.state, put.message) == (
        "skipped",
        "no test event was exchanged: these credentials lack events:PutEvents",
    )
    receive = check(FakeEvents(), FakeQueue(fault="AccessDenied"))
    assert (receive.state, receive.message[-18:]) == ("skipped", "sqs:ReceiveMessage")


def test_an_event_that_the_default_bus_refuses_is_an_error_although_the_answer_is_200() -> None:
    with pytest.raises(ClientError, match="InternalException"):
        check(FakeEvents(code="InternalException"), FakeQueue())


def test_a_control_stack_of_an_earlier_version_gets_none() -> None:
    events = FakeEvents()
    assert check(events, FakeQueue(), "").message == "the control stack takes no test events"
    assert check(events, FakeQueue(), sends=False).message == "no test event was sent"
    assert events.entries == []


def test_an_event_that_does_not_arrive_is_a_broken_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crossing, "SECONDS", 0.05)
    result = check(FakeEvents(), FakeQueue())
    assert result.state == "broken"
    assert "did not reach the control stack" in result.message
    assert "a permissions boundary" in result.remedy
