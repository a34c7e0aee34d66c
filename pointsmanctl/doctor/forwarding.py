"""The way of build states and alarms from a target to the control stack's bus.

Nobody but AWS can send such events. So each rule's pattern is tested with a sample, its target, its role and the bus's
policy are read, and CloudWatch says whether real events were refused. If nothing is wrong so far, a test event takes
the way of a build state.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pointsmanctl.doctor import crossing
from pointsmanctl.doctor.model import CheckResult, Link, LinkState, TargetContext

NAME = "events"
HOURS = 24
_DEPLOY = "run `pointsman deploy`"


def check(target: TargetContext) -> Iterator[CheckResult]:
    """Check both rules, their target with its role, the bus and the events of the last day."""
    link = Link(NAME, target.name)
    results = list(_configuration(target, link))
    yield from results
    if all(each.state is LinkState.OK for each in results):
        yield from crossing.check(target, link, rule_name(target))
    yield judge_failures(link, _failures(target))


def _configuration(target: TargetContext, link: Link) -> Iterator[CheckResult]:
    bus = target.control.output("BusArn")
    roles: set[str] = set()
    for name, event in ((rule_name(target), build_state(target)), (alarm_rule_name(target), alarm_state(target))):
        yield _check_rule(link, target, name, event, roles)
    for role in sorted(roles):
        yield judge_role(link, role, _policies(target.client("iam"), role.rpartition("/")[2]), bus)
    described = target.control.client("events").describe_event_bus(Name=bus.rpartition("/")[2])
    yield judge_bus(link, described.get("Policy"), target.account_id)


def _check_rule(link: Link, target: TargetContext, name: str, event: Mapping[str, Any], roles: set[str]) -> CheckResult:
    """Judge a rule. `roles` gets the role with which it puts events on the bus."""
    events, bus = target.client("events"), target.control.output("BusArn")
    try:
        rule = events.describe_rule(Name=name)
    except events.exceptions.ResourceNotFoundException:
        return link.broken(f"there is no rule {name}", _DEPLOY)
    targets = events.list_targets_by_rule(Rule=name)["Targets"]
    roles.update(str(each["RoleArn"]) for each in targets if each["Arn"] == bus and each.get("RoleArn"))
    matches = events.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))["Result"]
    return judge_rule(link, rule, [each["Arn"] for each in targets], bus, matches=matches)


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


def _policies(iam: Any, role: str) -> list[Mapping[str, Any]] | None:
    """Return the role's own policies; None if there is no such role."""
    try:
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    except iam.exceptions.NoSuchEntityException:
        return None
    return [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]


def judge_role(link: Link, role: str, policies: Sequence[Mapping[str, Any]] | None, bus: str) -> CheckResult:
    """Judge whether the role of the rule's target may put events on the bus; None as `policies`: there is no role."""
    name = role.rpartition("/")[2]
    if policies is None:
        return link.broken(f"the rule's role {name} does not exist", _DEPLOY)
    allowed = [each for policy in policies for each in policy["Statement"] if each["Effect"] == "Allow"]
    if not any("events:PutEvents" in each["Action"] and bus in each["Resource"] for each in allowed):
        return link.broken(f"the rule's role {name} may not put events on {bus}", _DEPLOY)
    return link.ok(f"the rule's role {name} may put events on the bus")


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
