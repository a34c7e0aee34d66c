"""A test event that takes the way of a build state: from a target's default bus to the control stack, and back here.

It reaches a queue that nothing but this module reads, so a forged one can do nothing.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pointsmanctl.doctor.denied import is_denied
from pointsmanctl.doctor.model import CheckResult, Link, TargetContext

SOURCE, DETAIL_TYPE = "pointsman.doctor", "TestEventSent"
SECONDS = 30.0  # without an arrival; EventBridge usually needs less than one


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


def check(target: TargetContext, link: Link, rule: str) -> Iterator[CheckResult]:
    """Send a test event, and wait for it. Raises ClientError for anything but missing permissions."""
    queue = target.control.output("TestEventsQueueUrl")
    if not target.control.sends_test_events:
        yield link.skipped("no test event was sent", "leave out --no-test-event")
        return
    if not queue:
        yield link.skipped("the control stack takes no test events", "run `pointsman deploy`")
        return
    event, arrivals = SentEvent(target.control.stack_name, secrets.token_hex(8)), target.control.arrivals
    arrivals.expect(event.id)
    if denied := _denied("events:PutEvents", lambda: _send(target.client("events"), event)):
        yield link.skipped(*denied)
        return
    sqs = target.control.client("sqs")
    if denied := _denied("sqs:ReceiveMessage", lambda: arrivals.wait(sqs, queue, event.id, SECONDS)):
        yield link.skipped(*denied)
        return
    yield judge(link, rule, arrived=arrivals.has(event.id))


def _denied(action: str, call: Callable[[], object]) -> tuple[str, str] | None:
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


def judge(link: Link, rule: str, *, arrived: bool) -> CheckResult:
    """Judge whether the test event came to the control stack, where its whole way looks right."""
    if arrived:
        return link.ok("a test event reached the control stack")
    return link.broken(
        f"a test event did not reach the control stack within {SECONDS:.0f} s, although rule, role and bus look right",
        f"look for what denies the role of rule {rule} to put events: a permissions boundary, or a policy of the "
        "organization; the metric FailedInvocations of the rule counts what the bus refused",
    )
