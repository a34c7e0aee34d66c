"""The CodeBuild projects of a target: there, with the control stack's bus."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pointsman.core.github_host import GithubHost
from pointsmanctl.doctor.model import CheckResult, Link, TargetContext
from pointsmanctl.stack.github import github_host

NAME = "project"
_DEPLOY = "run `pointsman deploy`"


def check(target: TargetContext) -> Iterator[CheckResult]:
    """Check both projects."""
    names = (target.control.stack_name, f"{target.control.stack_name}-check")
    projects = target.client("codebuild").batch_get_projects(names=list(names))["projects"]
    link, host = Link(NAME, target.name), github_host(target.control.state.parameters)
    yield judge(link, names, projects, target.account, target.control.output("BusArn"))
    yield from judge_source(link, projects, host)


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


def judge_source(link: Link, projects: Sequence[Mapping[str, Any]], host: GithubHost) -> Iterator[CheckResult]:
    """Judge whether the projects clone from the GitHub whose deliveries the control stack takes."""
    others = {each["source"]["location"] for each in projects if not host.has(each["source"].get("location", ""))}
    if others:
        yield link.broken(
            f"the builds clone from {' and '.join(sorted(others))}, but the control stack serves {host.name}",
            "set [github] url in pointsman.toml (by hand: GithubUrl and RepositoryUrl), and deploy",
        )
