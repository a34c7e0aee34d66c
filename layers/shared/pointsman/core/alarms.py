"""Alarms of CloudWatch: where an alarm is, and what is kept of its state."""

import re
from typing import NamedTuple

from redaction import Redactor, Strictness

from pointsman.core.ports import AlarmReading, AlarmState
from pointsman.core.text import one_line

LONGEST_REASON = 200  # characters
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html#amazoncloudwatch-resources-for-iam-policies
_ARN = re.compile(r"arn:aws[a-z-]*:cloudwatch:([a-z0-9-]+):([0-9]{12}):alarm:([^\x00-\x1f\x7f]{1,255})")


class AlarmPlace(NamedTuple):
    """The account and region of an alarm."""

    account_id: str
    region: str


def split_alarm_arn(arn: str) -> tuple[AlarmPlace, str] | None:
    """Where an alarm is, and its name; None if `arn` is not the ARN of an alarm."""
    match = _ARN.fullmatch(arn)
    return (AlarmPlace(match[2], match[1]), match[3]) if match else None


def not_an_alarm() -> AlarmReading:
    """The reading of what is not the ARN of an alarm."""
    return AlarmReading(state=AlarmState.UNREADABLE, reason="this is not the ARN of a CloudWatch alarm")


def missing(place: AlarmPlace) -> AlarmReading:
    """The reading of an alarm that does not exist."""
    return AlarmReading(state=AlarmState.MISSING, reason=f"{place.account_id}/{place.region} has no alarm of this name")


def reading(state: AlarmState, reason: str) -> AlarmReading:
    """A reading with a reason from outside: one line, short and without secrets."""
    line = " ".join(reason.split())
    return AlarmReading(state=state, reason=one_line(Redactor().redact(line, Strictness.TITLE), LONGEST_REASON))
