"""The way of build states and alarms from a target to the control stack's bus.

Nobody but AWS can send such events. So each rule's pattern is tested with a sample, its target and the bus's
policy are read, and CloudWatch says whether real events were refused.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pointsmanctl.doctor.model import CheckResult, Link, TargetContext

NAME = "events"
HOURS = 24
_DEPLOY = "run `pointsman deploy`"


def check(target: TargetContext) -> Iterator[CheckResult]:
    """Check both rules, their target, the bus and the events of the last day."""
    link, bus = Link(NAME, target.name), target.control.output("BusArn")
    for name, event in ((rule_name(target), build_state(target)), (alarm_rule_name(target), alarm_state(target))):
        yield _check_rule(link, target, name, event)
    described = target.control.client("events").describe_event_bus(Name=bus.rpartition("/")[2])
    yield judge_bus(link, described.get("Policy"), target.account_id)
    yield judge_failures(link, _failures(target))


def _check_rule(link: Link, target: TargetContext, name: str, event: Mapping[str, Any]) -> CheckResult:
    events, bus = target.client("events"), target.control.output("BusArn")
    try:
        rule = events.describe_rule(Name=name)
    except events.exceptions.ResourceNotFoundException:
        return link.broken(f"there is no rule {name}", _DEPLOY)
    targets = [each["Arn"] for each in events.list_targets_by_rule(Rule=name)["Targets"]]
    matches = events.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))["Result"]
    return judge_rule(link, rule, targets, bus, matches=matches)


def rule_name(target: TargetContext) -> str:
    """Return the name of the rule that forwards build states."""
    return f"{target.control.stack_name}-build-states"


def alarm_rule_name(target: TargetContext) -> str:
    """Return the name of the rule that forwards alarms."""
    return f"{target.control.stack_name}-alarm-states"


def build_state(target: TargetContext) -> dict[str, Any]:
    """Return a build state as CodeBuild sends it."""
    detail = {"build-status": "IN_PROGRESS", "project-name": target.control.stack_name}
    return _event(target, "aws.codebuild", "CodeBuild Build State Change", detail)


def alarm_state(target: TargetContext) -> dict[str, Any]:
    """Return an alarm of the worker stack as CloudWatch sends it."""
    name = f"{target.control.installation.settings.workers.stack}/BuildStates"
    partition = target.control.output("BusArn").split(":")[1]
    arn = f"arn:{partition}:cloudwatch:{target.region}:{target.account_id}:alarm:{name}"
    detail = {"alarmName": name, "state": {"value": "ALARM"}}
    return _event(target, "aws.cloudwatch", "CloudWatch Alarm State Change", detail, arn)


def _event(
    target: TargetContext, source: str, detail_type: str, detail: Mapping[str, Any], *resources: str
) -> dict[str, Any]:
    return {
        "id": "0",
        "account": target.account_id,
        "region": target.region,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source": source,
        "detail-type": detail_type,
        "resources": resources,
        "detail": detail,
    }


def judge_rule(link: Link, rule: Mapping[str, Any], targets: Sequence[str], bus: str, *, matches: bool) -> CheckResult:
    """Judge a rule that forwards events, as EventBridge describes it."""
    name, state = rule["Name"], rule["State"]
    if state != "ENABLED":
        return link.broken(f"rule {name} is {state}", f"enable it: aws events enable-rule --name {name}")
    if bus not in targets:
        return link.broken(f"rule {name} does not forward to {bus}", _DEPLOY)
    if not matches:
        return link.broken(f"rule {name} does not match a sample of its events", _DEPLOY)
    return link.ok(f"rule {name} forwards events to the control stack's bus")


def judge_bus(link: Link, policy: str | None, account: str) -> CheckResult:
    """Judge whether the bus takes events from an account."""
    statements = json.loads(policy)["Statement"] if policy else []
    if any(account in json.dumps(each.get("Principal", {})) for each in statements):
        return link.ok(f"the bus accepts events of account {account}")
    return link.broken(f"the bus does not accept events of account {account}", f"{_DEPLOY}: it sets WorkerAccountIds")


def _failures(target: TargetContext) -> float:
    now = datetime.now(UTC)
    answer: Mapping[str, Any] = target.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Events",
        MetricName="FailedInvocations",
        Dimensions=[{"Name": "RuleName", "Value": rule_name(target)}],
        StartTime=now - timedelta(hours=HOURS),
        EndTime=now,
        Period=HOURS * 3600,
        Statistics=["Sum"],
    )
    return sum(float(each["Sum"]) for each in answer["Datapoints"])


def judge_failures(link: Link, failed: float) -> CheckResult:
    """Judge the number of events that the bus refused."""
    if failed:
        return link.warning(
            f"{failed:.0f} events were refused in the last {HOURS} hours",
            "check the bus's policy, which `pointsman deploy` sets; the sweep has asked CodeBuild about these builds",
        )
    return link.ok(f"no event was refused in the last {HOURS} hours")
