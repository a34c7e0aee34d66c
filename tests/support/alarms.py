"""Alarms as CloudWatch reports them."""

import copy
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_SAMPLE = Path(__file__).parents[2] / "events/aws/cloudwatch-alarm.json"
BEGAN = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


def alarm_event(state: str = "ALARM", minutes: float = 0, **more: Any) -> dict[str, Any]:
    """Return the event that an alarm changed to `state`, that many minutes after it fired.

    `more`: `name`, `description`, `reason`, `previous` (a state) and `previous_minutes`.
    """
    event: dict[str, Any] = copy.deepcopy(json.loads(_SAMPLE.read_text()))
    detail = event["detail"]
    detail["state"] |= {"value": state, "timestamp": _stamp(minutes)}
    detail["previousState"] |= {"value": "OK" if state == "ALARM" else "ALARM", "timestamp": _stamp(0)}
    if "previous" in more:
        detail["previousState"] |= {"value": more["previous"]}
    if "previous_minutes" in more:
        detail["previousState"] |= {"timestamp": _stamp(more["previous_minutes"])}
    if "reason" in more:
        detail["state"]["reason"] = more["reason"]
    if "description" in more:
        detail["configuration"]["description"] = more["description"]
    if name := more.get("name"):
        detail["alarmName"] = name
        event["resources"] = [f"arn:aws:cloudwatch:eu-west-1:222222222222:alarm:{name}"]
    return event


def _stamp(minutes: float) -> str:
    moment = BEGAN + timedelta(minutes=minutes)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"
