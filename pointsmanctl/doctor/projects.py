"""The CodeBuild projects of a target: there, with the control stack's bus."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pointsmanctl.doctor.model import CheckResult, Link, TargetContext

NAME = "project"
_DEPLOY = "run `pointsman deploy`"


def check(target: TargetContext) -> Iterator[CheckResult]:
    """Check both projects."""
    names = (target.control.stack_name, f"{target.control.stack_name}-check")
    projects = target.client("codebuild").batch_get_projects(names=list(names))["projects"]
    yield judge(Link(NAME, target.name), names, projects, target.account, target.control.output("BusArn"))


def judge(
    link: Link, names: Sequence[str], projects: Sequence[Mapping[str, Any]], account: str, bus: str
) -> CheckResult:
    """Judge the projects of a target."""
    missing = [name for name in names if name not in {each["name"] for each in projects}]
    if missing:
        return link.broken(f"there is no project {' and '.join(missing)}", _DEPLOY)
    for project in projects:
        variables = {each["name"]: each["value"] for each in project["environment"].get("environmentVariables", [])}
        if variables.get("POINTSMAN_BUS") != bus:
            return link.broken(f"project {project['name']} reports to another bus than {bus}", _DEPLOY)
        if variables.get("POINTSMAN_ACCOUNT_NAME") != account:
            return link.broken(f"project {project['name']} has another account name than {account}", _DEPLOY)
    return link.ok("both projects are there and report to the control stack")
