"""Small stacks for tests, created in one call. What is deployed goes through `pointsmanctl.deployment`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from localcloud.errors import DeploymentError

CAPABILITIES: Final = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
_STACK_SECONDS: Final = 600.0
_POLL_SECONDS: Final = 0.1


def create_stack(cloudformation: Any, name: str, body: str, parameters: Mapping[str, str]) -> None:
    """Create a stack and wait for its end; DeploymentError with the reason when it fails."""
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=body,
        Capabilities=list(CAPABILITIES),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        OnFailure="DO_NOTHING",
    )
    deadline = time.monotonic() + _STACK_SECONDS
    while (status := _status(cloudformation, name))[0].endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise DeploymentError(f"stack {name} did not settle in {_STACK_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)
    if status[0] != "CREATE_COMPLETE":
        raise DeploymentError(f"stack {name}: {status[0]}: {_first_failure(cloudformation, name) or status[1]}")


def outputs(cloudformation: Any, name: str) -> dict[str, str]:
    """A stack's outputs by key."""
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def _status(cloudformation: Any, name: str) -> tuple[str, str]:
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return stack["StackStatus"], stack.get("StackStatusReason", "")


def _first_failure(cloudformation: Any, name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [each for each in events if each["ResourceStatus"].endswith("_FAILED")]
    return f"{failed[-1]['LogicalResourceId']}: {failed[-1].get('ResourceStatusReason', '')}" if failed else ""
