"""Parameters of a stack whose values are in SSM: `VpcId = "{{resolve:ssm:/network/vpc-id}}"` in pointsman.toml.

The form is that of CloudFormation's dynamic references. They are resolved here, with the credentials and in the region
of the stack, because CloudFormation splits a list before it resolves a reference, and matches AllowedPattern with it.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-ssm.html
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pointsmanctl.deployment.model import Stack
from pointsmanctl.deployment.template import TemplateParameter
from pointsmanctl.errors import DeploymentFailed

_REFERENCE = re.compile(r"\{\{resolve:ssm:([A-Za-z0-9_./-]+(?::[0-9]+)?)\}\}")


def has_reference(value: str) -> bool:
    """Return whether a value has a reference to SSM."""
    return _REFERENCE.search(value) is not None


def with_ssm_values(stack: Stack, ssm: Any, known: Mapping[str, TemplateParameter]) -> Stack:
    """Return the stack with the values in SSM in place of references. Raises DeploymentFailed with every problem."""
    values = dict(stack.parameters)
    problems: list[str] = []
    for name, value in stack.parameters.items():
        if has_reference(value):
            try:
                values[name] = _REFERENCE.sub(lambda found: _read(ssm, found[1]), value)
            except DeploymentFailed as error:
                problems.append(f"parameter {name}: {error}")
                continue
            if reason := known[name].violation(values[name]):
                problems.append(f"parameter {name} = {value}: {reason}")
    if problems:
        raise DeploymentFailed("; ".join(problems))
    return replace(stack, parameters=values)


def _read(ssm: Any, name: str) -> str:
    """Return the value of an SSM parameter, of type String or StringList."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        parameter = ssm.get_parameter(Name=name)["Parameter"]
    except ssm.exceptions.ParameterNotFound as error:
        raise DeploymentFailed(f"SSM has no parameter {name} in this account and region") from error
    except (BotoCoreError, ClientError) as error:
        raise DeploymentFailed(f"SSM parameter {name} cannot be read: {error}") from error
    if parameter["Type"] == "SecureString":
        raise DeploymentFailed(f"SSM parameter {name} is a SecureString, and a stack's parameters are not secret")
    return str(parameter["Value"])
