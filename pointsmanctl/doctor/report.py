"""The report of the month: if it is on, its schedule is enabled, and it was written."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from pointsman.core.text import format_duration
from pointsmanctl.deployment.accounts import CONTROL
from pointsmanctl.doctor.model import CheckResult, ControlContext, Link
from pointsmanctl.doctor.schedules import rule_state

NAME = "report"
MOST_AGE: Final = timedelta(days=32)  # a schedule may be monthly
now = partial(datetime.now, UTC)


def check(control: ControlContext) -> Iterator[CheckResult]:
    """Read the parameter, the rule of audit_reporter, and when it last wrote a page."""
    link, schedule = Link(NAME, CONTROL), control.parameter("ReportSchedule")
    if not schedule:
        yield link.skipped("no report is written: ReportSchedule is empty")
        return
    yield judge_schedule(link, schedule, rule_state(control, "audit-reporter"))
    yield judge_age(link, _newest(control), now())


def _newest(control: ControlContext) -> datetime | None:
    """The hour in which the newest report was written; None: in no hour of the time that counts."""
    answer: Mapping[str, Any] = control.client("cloudwatch").get_metric_statistics(
        Namespace="Pointsman",
        MetricName="ReportsWritten",
        Dimensions=[{"Name": "service", "Value": control.stack_name}],
        StartTime=now() - MOST_AGE,
        EndTime=now(),
        Period=3600,
        Statistics=["Sum"],
    )
    return max((each["Timestamp"] for each in answer["Datapoints"] if each["Sum"]), default=None)


def judge_schedule(link: Link, schedule: str, state: str | None) -> CheckResult:
    """Judge the state of the rule that calls audit_reporter."""
    if state is None:
        return link.broken("the rule that calls audit_reporter is gone", "run `pointsman deploy`")
    if state != "ENABLED":
        return link.broken(f"the rule that calls audit_reporter is {state}", "enable it in EventBridge")
    return link.ok(f"audit_reporter is called by {schedule}")


def judge_age(link: Link, newest: datetime | None, at: datetime) -> CheckResult:
    """Judge when the newest report was written."""
    if newest is None:
        return link.warning(
            f"no report was written in the last {MOST_AGE.days} days",
            "if the schedule is not new, read audit_reporter's log (docs/operations.md: AuditReporterFailed)",
        )
    return link.ok(f"the newest report was written {format_duration((at - newest).total_seconds())} ago")
