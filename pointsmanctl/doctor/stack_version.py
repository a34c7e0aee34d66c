"""The stacks: their last operation succeeded, and their templates and the runner are those of this version."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pointsmanctl.deployment.accounts import CONTROL
from pointsmanctl.deployment.archive import zip_directory
from pointsmanctl.deployment.artifacts import digest
from pointsmanctl.deployment.model import StackState
from pointsmanctl.deployment.sam_digest import sam_digest
from pointsmanctl.deployment.template import parse_template, read_template
from pointsmanctl.deployment.treatment import ROLLED_BACK, SUCCEEDED
from pointsmanctl.doctor.model import CheckResult, ControlContext, Link, TargetContext

NAME = "stack"
_DEPLOY = "run `pointsman deploy`"
_PACKAGED = frozenset({"CodeUri", "ContentUri", "Content", "Metadata"})  # what a deployment writes into a template


def check_control(control: ControlContext) -> Iterator[CheckResult]:
    """Check the control stack."""
    link = Link(NAME, CONTROL)
    yield judge_status(link, control.state)
    deployed = deployed_template(control.client("cloudformation"), control.state.id)
    yield judge_template(link, deployed, read_template(control.installation.sources.control))


def check_target(target: TargetContext) -> Iterator[CheckResult]:
    """Check a worker stack."""
    link = Link(NAME, target.name)
    yield judge_status(link, target.state)
    deployed = deployed_template(target.client("cloudformation"), target.state.id)
    template = target.control.installation.sources.worker
    yield judge_template(link, deployed, read_template(template))
    yield from judge_runner(link, deployed, template)


def deployed_template(cloudformation: Any, stack: str) -> Mapping[str, Any]:
    """Return the template that a stack was deployed with, before its transform."""
    body = cloudformation.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
    return parse_template(body) if isinstance(body, str) else body


def judge_status(link: Link, state: StackState) -> CheckResult:
    """Judge the status of a stack."""
    if state.status in SUCCEEDED:
        return link.ok(f"the stack is in {state.status}")
    if state.status == ROLLED_BACK:
        return link.warning("the last update was rolled back", f"{_DEPLOY}: it names the reason")
    if state.status.endswith("_IN_PROGRESS"):
        return link.warning(f"the stack is in {state.status}", "wait for its end")
    return link.broken(f"the stack is in {state.status}: {state.reason or 'no reason given'}", _DEPLOY)


def judge_template(link: Link, deployed: Mapping[str, Any], expected: Mapping[str, Any]) -> CheckResult:
    """Judge whether a stack has the template of this version."""
    different = sorted(
        f"{section}.{name}"
        for section in ("Parameters", "Resources", "Outputs")
        for name in _names(deployed, expected, section)
        if _plain(deployed.get(section, {}).get(name)) != _plain(expected.get(section, {}).get(name))
    )
    if not different:
        return link.ok("the template is of this version")
    more = f" and {len(different) - 3} more" if len(different) > 3 else ""
    return link.broken(f"the template is of another version: {', '.join(different[:3])}{more} differ", _DEPLOY)


def judge_runner(link: Link, deployed: Mapping[str, Any], template: Path) -> Iterator[CheckResult]:
    """Judge whether a worker stack has the runner of this version: its archive is named after its content."""
    for name, resource in read_template(template)["Resources"].items():
        source = resource.get("Properties", {}).get("Content")
        if resource["Type"] != "AWS::Lambda::LayerVersion" or not isinstance(source, str):
            continue
        content = deployed.get("Resources", {}).get(name, {}).get("Properties", {}).get("Content")
        key = content.get("S3Key", "") if isinstance(content, Mapping) else ""
        directory = template.parent / source
        if PurePosixPath(key).stem in {digest(zip_directory(directory, bytecode=False)), sam_digest(directory)}:
            yield link.ok("the runner is of this version")
        else:
            yield link.broken("the runner, which builds start, is of another version", _DEPLOY)


def _names(deployed: Mapping[str, Any], expected: Mapping[str, Any], section: str) -> set[str]:
    return set(deployed.get(section, {})) | set(expected.get(section, {}))


def _plain(value: Any) -> Any:
    """Return a part of a template without what a deployment writes into it, and with scalars as texts."""
    match value:
        case Mapping():
            return {name: _plain(each) for name, each in value.items() if name not in _PACKAGED}
        case list():
            return [_plain(each) for each in value]
        case None:
            return None
        case _:
            return str(value)
