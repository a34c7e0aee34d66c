"""Read CloudWatch's event "CloudWatch Alarm State Change".

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from typing import Any

import msgspec

from pointsman.core.slack.alarm_status import AlarmChange
from pointsman.core.text import replace_surrogates
from pointsman.errors import Unreadable

DETAIL_TYPE = "CloudWatch Alarm State Change"


def is_alarm_event(event: dict[str, Any]) -> bool:
    """Return whether an event of EventBridge reports a change of an alarm's state."""
    return bool(event.get("source") == "aws.cloudwatch" and event.get("detail-type") == DETAIL_TYPE)


def read_alarm_event(event: dict[str, Any]) -> AlarmChange:
    """Return the change that an event reports. Raises Unreadable if it does not have the documented form."""
    try:
        detail = event["detail"]
        state, previous = detail["state"], detail.get("previousState") or {}
        is_dated = previous.get("value") and previous.get("timestamp")
        fields = {
            "arn": event["resources"][0],
            "name": detail["alarmName"],
            "account": event["account"],
            "region": event["region"],
            "description": (detail.get("configuration") or {}).get("description") or "",
            "state": state["value"],
            "at": _time(state["timestamp"]),
            "reason": state.get("reason") or "",
            "previous_state": previous.get("value") or "",
            "previous_at": _time(previous["timestamp"]) if is_dated else None,
            "previous_reason": previous.get("reason") or "",
        }
        return AlarmChange.read(
            {name: replace_surrogates(each) if isinstance(each, str) else each for name, each in fields.items()}
        )
    except (KeyError, IndexError, TypeError, AttributeError, msgspec.ValidationError) as error:
        raise Unreadable(f"an event of CloudWatch is not as documented: {type(error).__name__}: {error}") from error


def _time(text: str) -> str:
    """Return CloudWatch's `2026-11-29T06:30:00.123+0000` with the colon that RFC 3339 requires."""
    return f"{text[:-2]}:{text[-2:]}" if text[-5:-4] in ("+", "-") else text
