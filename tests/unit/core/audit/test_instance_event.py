"""EC2's event that an instance is running, as EventBridge sends it."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from pointsman.core.audit.build_event import UnrelatedEvent
from pointsman.core.audit.instance_event import InstanceRunning, read_instance_event
from pointsman.errors import Misconfigured
from tests.support.events import sample

RUNNING = "aws/ec2-instance-running.json"


def changed(**detail: Any) -> dict[str, Any]:
    event = copy.deepcopy(sample(RUNNING))
    event["detail"] |= {name.replace("_", "-"): value for name, value in detail.items()}
    return event


def test_the_instance_is_the_details_and_the_rest_is_the_envelopes() -> None:
    assert read_instance_event(sample(RUNNING)) == InstanceRunning(
        account="222222222222",
        region="eu-west-1",
        at=datetime(2026, 11, 23, 8, tzinfo=UTC),
        instance_id="i-0a1b2c3d4e5f60718",
    )


@pytest.mark.parametrize("state", ["pending", "stopping", "stopped", "shutting-down", "terminated", None, 1])
def test_only_an_instance_that_runs_is_read(state: object) -> None:
    assert isinstance(read_instance_event(changed(state=state)), UnrelatedEvent)


@pytest.mark.parametrize(
    "instance_id", ["", "i-", "i-XYZ", "web-1", "i-0a1b2c3d4e5f60718,i-1", "i-0a1b2c3d4e5f60718\n", None, 7]
)
def test_what_is_no_instance_id_is_refused(instance_id: object) -> None:
    event = read_instance_event(changed(instance_id=instance_id))
    assert isinstance(event, UnrelatedEvent)
    assert event.malformed


def test_another_services_event_is_unrelated() -> None:
    assert isinstance(read_instance_event(sample("aws/codebuild-build-succeeded.json")), UnrelatedEvent)


def test_without_an_envelope_the_rule_is_wrong() -> None:
    with pytest.raises(Misconfigured):
        read_instance_event({"source": "aws.ec2"})
