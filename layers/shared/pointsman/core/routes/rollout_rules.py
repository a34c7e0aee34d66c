"""How a route's rollouts go through its targets, as routes.yaml says it: waves, gates, and times without rollouts."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, model_validator

from pointsman.core.routes.freeze_windows import Cron, TimeZone, never_end_together, never_ends
from pointsman.core.routes.selectors import Selectors
from pointsman.core.routes.values import APPROVER, NotEmpty, RoutesPart, duration, several

PARALLEL = 1_000
WAVES = 50
APPROVERS = 50
ALARMS = 20
FREEZES = 20
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html (AlarmName)
ALARM_ARN = r"^arn:aws(-cn|-us-gov)?:cloudwatch:[a-z]{2}(-[a-z]+)+-[0-9]:[0-9]{12}:alarm:[^\x00-\x1f\x7f]{1,255}$"
_PERCENTAGE = r"(0|[1-9][0-9]?|100)%"
TOLERANCE_PERCENTAGE = rf"^{_PERCENTAGE}$"
SERIAL_PERCENTAGE = r"^([1-9][0-9]?|100)%$"
LARGEST_NUMBER = 100_000


def _amount(value: object, least: int, pattern: str) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST_NUMBER
    if not is_number and not (isinstance(value, str) and re.fullmatch(pattern, value)):
        raise ValueError(f"must be a whole number from {least}, or a percentage such as 25% from {least}% to 100%")
    return str(value)


def _number_or_percentage(least: int, pattern: str) -> BeforeValidator:
    number = Annotated[int, Field(ge=least, le=LARGEST_NUMBER)]
    return BeforeValidator(
        lambda value: _amount(value, least, pattern),
        json_schema_input_type=number | Annotated[str, Field(pattern=pattern)],
    )


def _alarm(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(ALARM_ARN, value):
        raise ValueError(
            f"`{value}` is not the ARN of a CloudWatch alarm: write arn:aws:cloudwatch:<region>:<account>:alarm:<name>"
        )
    return value


Serial = Annotated[str, _number_or_percentage(1, SERIAL_PERCENTAGE)]
Tolerated = Annotated[str, _number_or_percentage(0, TOLERANCE_PERCENTAGE)]
Alarm = Annotated[str, BeforeValidator(_alarm, json_schema_input_type=Annotated[str, Field(pattern=ALARM_ARN)])]
Approver = Annotated[str, Field(pattern=APPROVER)]


class HostsRule(RoutesPart):
    """How Ansible goes through the hosts of one target."""

    serial: Serial = Field(description="Hosts at a time: a number, or a percentage of them such as 25%.")


class ToleranceRule(RoutesPart):
    """What may go wrong in a wave that still counts as successful."""

    failed_hosts: Tolerated | None = Field(None, description="A number, or a percentage of the wave's hosts.")
    unreachable_hosts: Tolerated | None = Field(None, description="A number, or a percentage of the wave's hosts.")
    unavailable_targets: Tolerated | None = Field(
        None, description="Targets whose region starts no build: a number, or a percentage of the wave's targets."
    )

    @model_validator(mode="after")
    def _tolerates_something(self) -> Self:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError("is empty: give `failed_hosts`, `unreachable_hosts` or `unavailable_targets`")
        return self


class ApprovalGate(RoutesPart):
    """An approval that the rollout waits for."""

    by: Annotated[tuple[Approver, ...], several(Approver), Field(max_length=APPROVERS), NotEmpty] = Field(
        description="Who may approve: GitHub logins, or teams of the file as `team:<name>`. One of them is enough."
    )
    within: Annotated[int, duration("1m", "7d")] = Field(
        86_400,
        description="The rollout is halted if nobody approves in this time.",
        json_schema_extra={"default": "24h"},
    )
    not_author: StrictBool = Field(False, description="Who pushed, wrote or ran it may not approve.")


class GateRule(RoutesPart):
    """What must be true after a wave before the next one starts, beyond the success of the wave."""

    soak: Annotated[int, duration("1s", "7d")] | None = Field(None, description="The time that must pass.")
    alarms: Annotated[tuple[Alarm, ...], several(Alarm), Field(max_length=ALARMS), NotEmpty] | None = Field(
        None, description="ARNs of CloudWatch alarms that must not be in the state ALARM."
    )
    approval: ApprovalGate | None = Field(None, description="Somebody must approve.")

    @model_validator(mode="after")
    def _waits_for_something(self) -> Self:
        if self.soak is None and self.alarms is None and self.approval is None:
            raise ValueError("waits for nothing: give `soak`, `alarms` or `approval`")
        return self


class WaveRule(RoutesPart):
    """Some of a route's targets, which run after those of the waves before."""

    targets: Selectors = Field(
        description="all, or names (account/region) and labels. A target is in the first wave that selects it."
    )
    max_parallel: Annotated[StrictInt, Field(ge=1, le=PARALLEL)] | None = Field(
        None, description="Targets at a time. Default: all of the wave."
    )
    hosts: HostsRule | None = Field(None, description="How Ansible goes through the hosts of a target.")
    tolerate: ToleranceRule | None = Field(None, description="What may go wrong. Default: nothing.")
    after: GateRule | None = Field(None, description="What must be true before the next wave starts.")


class FreezeRule(RoutesPart):
    """A recurring time in which nothing starts."""

    cron: Cron = Field(description="When it begins: minute, hour, day of the month, month, day of the week.")
    for_: Annotated[int, duration("1m", "31d")] = Field(alias="for", description="How long it lasts, such as 64h.")
    time_zone: TimeZone = Field("UTC", description="IANA's name of the time zone, such as Europe/Berlin.")

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if never_ends(self.cron, self.for_):
            raise ValueError("never ends, because each time begins before the last one is over: give a shorter `for`")
        return self


Waves = Annotated[tuple[WaveRule, ...], several(WaveRule), Field(max_length=WAVES), NotEmpty]


def _end_together(rules: tuple[FreezeRule, ...]) -> tuple[FreezeRule, ...]:
    if len(rules) > 1 and never_end_together((rule.cron, rule.for_, rule.time_zone) for rule in rules):
        raise ValueError("never ends, because one of its windows is always in effect: give a shorter `for`")
    return rules


Freezes = Annotated[
    tuple[FreezeRule, ...],
    several(FreezeRule),
    Field(max_length=FREEZES),
    NotEmpty,
    AfterValidator(_end_together),
]
