"""Change sets: create one, read what it changes, discard it."""

import contextlib
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pointsmanctl.deployment.accounts import CONTROL
from pointsmanctl.deployment.model import ResourceChange, Stack, StackState
from pointsmanctl.deployment.stack_events import Pace
from pointsmanctl.deployment.stack_state import read_stack
from pointsmanctl.deployment.template import TemplateParameter
from pointsmanctl.deployment.treatment import REVIEW
from pointsmanctl.errors import DeploymentFailed

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.literals import CapabilityType
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef

CAPABILITIES: "Sequence[CapabilityType]" = ("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
_NOTHING_TO_CHANGE = ("didn't contain changes", "no updates are to be performed")
_HIDDEN = "****"  # what CloudFormation shows of a NoEcho parameter


def parameter_list(
    stack: Stack, known: Mapping[str, TemplateParameter], present: StackState | None, *, updates: bool
) -> list["ParameterTypeDef"]:
    """Return a stack's parameters for CloudFormation. What nobody sets keeps its value. Raises DeploymentFailed."""
    previous = present.parameters if present else {}
    values = {name: _value(name, stack, previous, updates=updates) for name in known}
    missing = [name for name, value in values.items() if value is None and known[name].default is None]
    if missing:
        table = "[parameters]" if stack.label == CONTROL else "[workers.parameters]"
        raise DeploymentFailed(f"no value for {', '.join(missing)}: set it in {table} of pointsman.toml")
    return [value for value in values.values() if value]


def _value(name: str, stack: Stack, previous: Mapping[str, str], *, updates: bool) -> "ParameterTypeDef | None":
    if name in stack.parameters:
        return {"ParameterKey": name, "ParameterValue": stack.parameters[name]}
    if name in previous and updates:
        return {"ParameterKey": name, "UsePreviousValue": True}
    if name in previous and previous[name] != _HIDDEN:
        return {"ParameterKey": name, "ParameterValue": previous[name]}
    return None


def create_change_set(
    cloudformation: "CloudFormationClient",
    stack: Stack,
    template_url: str,
    parameters: Sequence["ParameterTypeDef"],
    pace: Pace,
    *,
    updates: bool,
) -> str | None:
    """Create a change set and wait for it; its ARN, or None if there is nothing to change. Raises DeploymentFailed."""
    created = cloudformation.create_change_set(
        StackName=stack.name,
        ChangeSetName=f"pointsman-{uuid.uuid4()}",
        ChangeSetType="UPDATE" if updates else "CREATE",
        Description="pointsman deploy",
        TemplateURL=template_url,
        Parameters=parameters,
        Capabilities=CAPABILITIES,
    )
    name = created["Id"]
    try:
        status, reason = wait_for_change_set(cloudformation, name, pace)
        if status == "CREATE_COMPLETE":
            return name
    except BaseException:
        discard_change_set(cloudformation, stack, name)
        raise
    discard_change_set(cloudformation, stack, name)
    if any(each in reason.lower() for each in _NOTHING_TO_CHANGE):
        return None
    raise DeploymentFailed(f"the change set failed: {reason}")


def wait_for_change_set(cloudformation: "CloudFormationClient", change_set: str, pace: Pace) -> tuple[str, str]:
    """Wait for a change set; its status and the reason."""
    while True:
        described = cloudformation.describe_change_set(ChangeSetName=change_set)
        if not described["Status"].endswith(("_PENDING", "_IN_PROGRESS")):
            return described["Status"], described.get("StatusReason", described["Status"])
        pace.pause()


def read_changes(cloudformation: "CloudFormationClient", change_set: str) -> list[ResourceChange]:
    """Return what a change set does with each resource."""
    changes: list[ResourceChange] = []
    for page in cloudformation.get_paginator("describe_change_set").paginate(ChangeSetName=change_set):
        changes += [_change(each["ResourceChange"]) for each in page.get("Changes", []) if "ResourceChange" in each]
    return changes


def _change(change: Any) -> ResourceChange:
    return ResourceChange(
        action=change["Action"],
        resource=change["LogicalResourceId"],
        kind=change["ResourceType"],
        replacement=change.get("Replacement", "False"),
    )


def discard_change_set(cloudformation: "CloudFormationClient", stack: Stack, change_set: str) -> None:
    """Delete a change set, and the stack if it has nothing else. Does what it can."""
    from botocore.exceptions import BotoCoreError, ClientError

    with contextlib.suppress(BotoCoreError, ClientError):
        cloudformation.delete_change_set(ChangeSetName=change_set)
        state = read_stack(cloudformation, stack.name)
        if state and state.status == REVIEW:
            cloudformation.delete_stack(StackName=state.id)
