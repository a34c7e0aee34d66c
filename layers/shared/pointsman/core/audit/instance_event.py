"""EC2's event that an instance is running.

`read_instance_event(event)` takes the raw EventBridge event. It says neither whether the instance is new nor what tags
it has. An Auto Scaling group's instance, one of Terraform's and one that was started again all have this event; a
reboot has none.

https://docs.aws.amazon.com/ec2/latest/userguide/monitoring-instance-state-changes.html
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, ValidationError, field

from pointsman.core.audit.build_event import UnrelatedEvent
from pointsman.core.audit.envelope import describe_errors, read_envelope
from pointsman.core.value import Value, read_as

SOURCE = "aws.ec2"
DETAIL_TYPE = "EC2 Instance State-change Notification"


class InstanceRunning(Value, kw_only=True, frozen=True):
    """An instance is running. `account`, `region` and `at` are the envelope's, which nobody can choose."""

    account: str
    region: str
    at: datetime
    instance_id: str


class _Detail(Struct, kw_only=True, frozen=True):
    instance_id: Annotated[str, Meta(pattern=r"^i-[0-9a-f]{8,32}\Z")] = field(name="instance-id")
    state: Literal["running"]


def read_instance_event(event: Mapping[str, Any]) -> InstanceRunning | UnrelatedEvent:
    """Read a raw EventBridge event. Raises Misconfigured when it has no envelope."""
    envelope = read_envelope(event)
    if (envelope.source, envelope.detail_type) != (SOURCE, DETAIL_TYPE):
        return UnrelatedEvent(reason=f"{envelope.source} does not report instances")
    try:
        detail = read_as(_Detail, envelope.detail)
    except ValidationError as error:
        return UnrelatedEvent(reason=describe_errors(error), malformed=True)
    return InstanceRunning(
        account=envelope.account, region=envelope.region, at=envelope.time, instance_id=detail.instance_id
    )
