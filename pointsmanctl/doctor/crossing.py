"""A test event that takes the way of a build state: from a target's default bus to the control stack, and back here.

It reaches a queue that nothing but this module reads, so a forged one can do nothing.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pointsmanctl.doctor.denied import is_denied
from pointsmanctl.doctor.model import CheckResult, Link, TargetContext

SOURCE, DETAIL_TYPE = "pointsman.doctor", "TestEventSent"
SECONDS = 30.0  # EventBridge usually needs less than one
_POLL_SECONDS = 2


@dataclass(frozen=True)
class SentEvent:
    """A test event with an id by which it is recognised."""

    project: str
    id: str

    @property
    def entry(self) -> dict[str, str]:
        """The event as PutEvents takes it."""
        detail = {"project-name": self.project, "test-event": self.id}
        return {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": json.dumps(detail)}

    def is_in(self, body: str) -> bool:
        """Whether a message of the queue is this event."""
        try:
            return bool(json.loads(body)["detail"]["test-event"] == self.id)
        except (ValueError, KeyError, TypeError):
            return False


def check(target: TargetContext, link: Link, rule: str) -> Iterator[CheckResult]:
    """Send a test event, and wait for it. Raises ClientError for anything but missing permissions."""
    queue = target.control.output("TestEventsQueueUrl")
    if not target.control.sends_test_events:
        yield link.skipped("no test event was sent", "leave out --no-test-event")
        return
    if not queue:
        yield link.skipped("the control stack takes no test events", "run `pointsman deploy`")
        return
    event = SentEvent(target.control.stack_name, secrets.token_hex(8))
    if denied := _denied("events:PutEvents", lambda: _send(target.client("events"), event)):
        yield link.skipped(*denied)
        return
    arrived = Arrival(target.control.client("sqs"), queue, event)
    if denied := _denied("sqs:ReceiveMessage", lambda: arrived.wait(SECONDS)):
        yield link.skipped(*denied)
        return
    yield judge(link, rule, arrived=arrived.seen)


def _denied(action: str, call: Callable[[], None]) -> tuple[str, str] | None:
    """Return message and remedy if the caller lacks the permission for `call`."""
    from botocore.exceptions import ClientError

    try:
        call()
    except ClientError as error:
        if not is_denied(error):
            raise
        return f"no test event was exchanged: these credentials lack {action}", "allow it, or use --no-test-event"
    return None


def _send(events: Any, event: SentEvent) -> None:
    """Put an event on the default bus. Raises ClientError, also for the answer 200 with an error in it."""
    from botocore.exceptions import ClientError

    answer: Mapping[str, Any] = events.put_events(Entries=[event.entry])
    [entry] = answer["Entries"]
    if code := entry.get("ErrorCode"):
        raise ClientError({"Error": {"Code": code, "Message": entry.get("ErrorMessage", "")}}, "PutEvents")


@dataclass
class Arrival:
    """Waits for one event in a queue in which others look for theirs at the same time."""

    sqs: Any
    queue: str
    event: SentEvent
    seen: bool = False

    def wait(self, seconds: float) -> None:
        """Receive messages until the event is among them or `seconds` have passed."""
        deadline = time.monotonic() + seconds
        while not self.seen and time.monotonic() < deadline:
            answer = self.sqs.receive_message(
                QueueUrl=self.queue, MaxNumberOfMessages=10, VisibilityTimeout=1, WaitTimeSeconds=_POLL_SECONDS
            )
            for message in answer.get("Messages", []):
                # Another message is visible again after a second, for whoever waits for it.
                if self.event.is_in(message["Body"]):
                    self.seen = True
                    self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])


def judge(link: Link, rule: str, *, arrived: bool) -> CheckResult:
    """Judge whether the test event came to the control stack, where its whole way looks right."""
    if arrived:
        return link.ok("a test event reached the control stack")
    return link.broken(
        f"a test event did not reach the control stack within {SECONDS:.0f} s, although rule, role and bus look right",
        f"look for what denies the role of rule {rule} to put events: a permissions boundary, or a policy of the "
        "organization; the metric FailedInvocations of the rule counts what the bus refused",
    )
