"""The role by which start_build enters an account: it trusts this control stack, with this external id.

Only start_build may assume the role, so the policies are read, not tried.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pointsmanctl.doctor.model import CheckResult, Link, TargetContext

NAME = "start role"
_DEPLOY = "run `pointsman deploy`: it carries both to every worker"


def check(target: TargetContext) -> Iterator[CheckResult]:
    """Check the trust policy of the role."""
    link, role = Link(NAME, target.name), f"{target.control.stack_name}-start-{target.region}"
    iam = target.client("iam")
    try:
        policy = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    except iam.exceptions.NoSuchEntityException:
        yield link.broken(f"there is no role {role}", "run `pointsman deploy`")
        return
    control = target.control
    caller = f"{control.stack_name}-start-build"
    yield judge_trust(link, policy, control.account_id, control.parameter("ExternalId"), caller)


def judge_trust(
    link: Link, policy: Mapping[str, Any], control_account: str, external_id: str, caller: str
) -> CheckResult:
    """Judge whether start_build, whose role is `caller`, can assume the role."""
    statements = [each for each in policy.get("Statement", []) if each.get("Effect") == "Allow"]
    trusted = [each for each in statements if control_account in _accounts(each)]
    if not trusted:
        return link.broken(f"the role does not trust the control account {control_account}", _DEPLOY)
    if not any(external_id in _values(each, "StringEquals", "sts:ExternalId") for each in trusted):
        return link.broken("the role requires another external id than the control stack sends", _DEPLOY)
    arn = f"iam::{control_account}:role/{caller}"
    if not any(arn.split(":", 1)[1] in _ends(_values(each, "ArnEquals", "aws:PrincipalArn")) for each in trusted):
        return link.broken(f"the role does not trust the control stack's role {caller}", _DEPLOY)
    return link.ok("start_build can assume the role with the external id")


def _accounts(statement: Mapping[str, Any]) -> str:
    return " ".join(_listed(statement.get("Principal", {}).get("AWS")))


def _values(statement: Mapping[str, Any], operator: str, key: str) -> list[str]:
    return _listed(statement.get("Condition", {}).get(operator, {}).get(key))


def _ends(arns: list[str]) -> list[str]:
    """Return ARNs without their partition."""
    return [arn.split(":", 3)[3] for arn in arns if arn.count(":") >= 3]


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
