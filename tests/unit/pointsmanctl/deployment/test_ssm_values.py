"""Values of parameters that are in SSM: read in the stack's account and region, and checked like any other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pointsmanctl.deployment.model import Stack
from pointsmanctl.deployment.sources import PRODUCT
from pointsmanctl.deployment.ssm_values import has_reference, with_ssm_values
from pointsmanctl.deployment.template import read_parameters
from pointsmanctl.errors import DeploymentFailed

WORKER = PRODUCT / "regional/template.yaml"


@pytest.fixture
def ssm() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("ssm", region_name="eu-west-1")
        client.put_parameter(Name="/network/vpc-id", Value="vpc-0a1b", Type="String")
        client.put_parameter(Name="/network/subnet-ids", Value="subnet-1,subnet-2", Type="StringList")
        client.put_parameter(Name="/network/secret", Value="vpc-0a1b", Type="SecureString")
        yield client


def resolved(ssm: Any, **parameters: str) -> dict[str, str]:
    stack = Stack("dev/eu-west-1", "worker", "dev", "222222222222", "eu-west-1", Path("template.yaml"), parameters)
    return dict(with_ssm_values(stack, ssm, read_parameters(WORKER)).parameters)


def test_references_become_values_and_plain_values_stay(ssm: Any) -> None:
    values = resolved(
        ssm,
        VpcId="{{resolve:ssm:/network/vpc-id}}",
        SubnetIds="{{resolve:ssm:/network/subnet-ids:1}},subnet-3",
        SecurityGroupIds="sg-1",
    )
    assert values == {
        "VpcId": "vpc-0a1b",
        "SubnetIds": "subnet-1,subnet-2,subnet-3",
        "SecurityGroupIds": "sg-1",
    }


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        (
            "VpcId",
            "/network/missing",
            "parameter VpcId: SSM has no parameter /network/missing in this account and region",
        ),
        ("VpcId", "/network/secret", "/network/secret is a SecureString"),
        ("VpcId", "/network/subnet-ids", "'subnet-1,subnet-2' is not valid: the id of a VPC, or empty"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_parameter(ssm: Any, name: str, value: str, reason: str) -> None:
    with pytest.raises(DeploymentFailed) as error:
        resolved(ssm, **{name: f"{{{{resolve:ssm:{value}}}}}"})
    assert reason in str(error.value)


@pytest.mark.parametrize(
    "value", ["vpc-1", "{{resolve:secretsmanager:x}}", "{{resolve:ssm-secure:/x:1}}", "{{resolve:ssm:}}"]
)
def test_nothing_else_is_a_reference(value: str) -> None:
    assert not has_reference(value)
