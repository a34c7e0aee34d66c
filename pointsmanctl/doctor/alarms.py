"""The alarms of the control stack and of a target."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pointsmanctl.deployment.accounts import CONTROL
from pointsmanctl.doctor.model import CheckResult, ControlContext, Link, TargetContext

NAME = "alarms"


def check_control(control: ControlContext) -> Iterator[CheckResult]:
    """Check the alarms of the control stack."""
    yield judge(Link(NAME, CONTROL), _firing(control.client("cloudwatch"), control.installation.settings.stack))


def check_target(target: TargetContext) -> Iterator[CheckResult]:
    """Check the alarms of a worker stack."""
    stack = target.control.installation.settings.workers.stack
    yield judge(Link(NAME, target.name), _firing(target.client("cloudwatch"), stack))


def _firing(cloudwatch: Any, stack: str) -> list[Mapping[str, Any]]:
    pages = cloudwatch.get_paginator("describe_alarms").paginate(StateValue="ALARM", AlarmNamePrefix=f"{stack}/")
    return [alarm for page in pages for alarm in page["MetricAlarms"]]


def judge(link: Link, firing: Sequence[Mapping[str, Any]]) -> CheckResult:
    """Judge the alarms that fire."""
    if not firing:
        return link.ok("no alarm fires")
    first = firing[0]
    names = ", ".join(sorted(str(each["AlarmName"]) for each in firing))
    return link.warning(f"an alarm fires: {names}", str(first.get("AlarmDescription", "see docs/operations.md")))
