"""Reads a stack from CloudFormation."""

from typing import TYPE_CHECKING

from pointsmanctl.deployment.model import StackState

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


def read_stack(cloudformation: "CloudFormationClient", name: str) -> StackState | None:
    """Return a stack by its name or id; None if it does not exist. Raises ClientError."""
    from botocore.exceptions import ClientError

    try:
        [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return StackState(
        id=stack["StackId"],
        status=stack["StackStatus"],
        reason=stack.get("StackStatusReason", ""),
        parameters={each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", [])},
        outputs={each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])},
    )
