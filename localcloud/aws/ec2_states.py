"""Bridges the emulator's EC2: the event that an instance is running, and the launch time of one that was started again.

Gap: the emulator emits no event when an instance changes its state, and a start keeps the launch time.
https://docs.aws.amazon.com/ec2/latest/userguide/monitoring-instance-state-changes.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from localcloud.aws import emulator
from localcloud.aws.emulator import Reply, ec2

SOURCE: Final = "aws.ec2"
DETAIL_TYPE: Final = "EC2 Instance State-change Notification"
_INSTANCE: Final = re.compile(rb"<instanceId>(i-[0-9a-f]+)</instanceId>")

type _Action = Callable[[dict[str, Any]], Reply]


def install() -> None:
    """Emit the event after RunInstances and StartInstances."""
    for name in ("RunInstances", "StartInstances"):
        ec2._ACTION_MAP[name] = _with_events(ec2._ACTION_MAP[name])


def _with_events(action: _Action) -> _Action:
    def act(parameters: dict[str, Any]) -> Reply:
        before = {name for name, instance in ec2._instances.items() if _is_running(instance)}
        reply = action(parameters)
        for instance_id in dict.fromkeys(each.decode() for each in _INSTANCE.findall(_body(reply))):
            instance = ec2._instances.get(instance_id)
            if instance and _is_running(instance) and instance_id not in before:
                _started(instance_id, instance)
        return reply

    return act


def _is_running(instance: dict[str, Any]) -> bool:
    return bool(instance["State"]["Name"] == "running")


def _body(reply: Reply) -> bytes:
    body: bytes | str = reply[2]
    return body.encode() if isinstance(body, str) else body


def _started(instance_id: str, instance: dict[str, Any]) -> None:
    account, region = emulator.current_scope()
    instance["LaunchTime"] = ec2._now_ts()
    detail = {"instance-id": instance_id, "state": "running"}
    arn = f"arn:aws:ec2:{region}:{account}:instance/{instance_id}"
    emulator.publish(account, region, SOURCE, DETAIL_TYPE, detail, [arn])
