"""Bridges the emulator's CloudWatch: an alarm that changes its state is an event on the default bus.

Gap: the emulator only publishes to the topics of the alarm.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from localcloud.aws import emulator
from localcloud.aws.emulator import cloudwatch


def install() -> None:
    """Send an event whenever the emulator executes the actions of an alarm."""
    dispatch = cloudwatch._dispatch_alarm_actions

    def dispatch_all(alarm: dict[str, Any], old_state: str, new_state: str, reason: str) -> None:
        dispatch(alarm, old_state, new_state, reason)
        account, region = emulator.current_scope()
        detail = _detail(alarm, old_state, new_state, reason)
        emulator.publish(
            account, region, "aws.cloudwatch", "CloudWatch Alarm State Change", detail, [str(alarm["AlarmArn"])]
        )

    cloudwatch._dispatch_alarm_actions = dispatch_all


def _detail(alarm: dict[str, Any], old_state: str, new_state: str, reason: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    timestamp = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}+0000"
    return {
        "alarmName": alarm["AlarmName"],
        "configuration": {"description": alarm.get("AlarmDescription", "")},
        "previousState": {"value": old_state},
        "state": {"reason": reason, "timestamp": timestamp, "value": new_state},
    }
