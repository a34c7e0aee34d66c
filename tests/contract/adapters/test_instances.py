"""The Instances port, on the twin and on EC2 (moto): both behave the same."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.instances_ec2 import Ec2Instances
from pointsman.adapters.instances_memory import MemoryInstances
from pointsman.core.ports import FoundInstance, Instances

ACCOUNT, REGION = "222222222222", "eu-west-1"
UNKNOWN = "i-0123456789abcdef0"


@pytest.fixture(params=["memory", "ec2"])
def kind(request: pytest.FixtureRequest) -> Iterator[str]:
    with mock_aws():
        yield request.param


def ec2(region: str = REGION) -> Any:
    """EC2 as the worker account has it."""
    role = f"arn:aws:iam::{ACCOUNT}:role/pointsman-start-{region}"
    answer = boto3.client("sts", region_name=region).assume_role(RoleArn=role, RoleSessionName="test")
    credentials = answer["Credentials"]
    return boto3.client(
        "ec2",
        region_name=region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def launched(**tags: str) -> str:
    """The id of a new instance with these tags; `managed` stands for pointsman:managed."""
    names = {"managed": "pointsman:managed"}
    listed = [{"Key": names.get(key, key), "Value": value} for key, value in tags.items()]
    specification = [{"ResourceType": "instance", "Tags": listed}] if listed else []
    request = {"ImageId": "ami-0123456789abcdef0", "MinCount": 1, "MaxCount": 1}
    answer = ec2().run_instances(**request, TagSpecifications=specification)
    return str(answer["Instances"][0]["InstanceId"])


def instances(kind: str, instance_id: str = UNKNOWN) -> Instances:
    """One side; the twin knows what EC2 says of the instance."""
    real = Ec2Instances("pointsman-start", "an-external-id")
    if kind == "ec2":
        return real
    twin = MemoryInstances()
    if instance_id != UNKNOWN and (found := real.find(ACCOUNT, REGION, instance_id)):
        twin.known[ACCOUNT, REGION, instance_id] = found
    return twin


def find(kind: str, instance_id: str, region: str = REGION) -> FoundInstance | None:
    return instances(kind, instance_id).find(ACCOUNT, region, instance_id)


def test_an_instance_is_described_with_its_state_its_tags_and_its_launch_time(kind: str) -> None:
    instance_id = launched(Name="web-1", managed="true")
    found = find(kind, instance_id)
    assert found
    assert (found.id, found.state, found.is_managed, found.name) == (instance_id, "running", True, "web-1")
    assert found.launched_at.tzinfo is not None


@pytest.mark.parametrize("tags", [{}, {"Name": "db-1"}, {"managed": "false"}], ids=["no tag", "another", "false"])
def test_an_instance_without_the_tag_is_not_managed(kind: str, tags: dict[str, str]) -> None:
    found = find(kind, launched(**tags))
    assert found
    assert not found.is_managed


def test_a_terminated_instance_says_so(kind: str) -> None:
    instance_id = launched(managed="true")
    ec2().terminate_instances(InstanceIds=[instance_id])
    found = find(kind, instance_id)
    assert found
    assert found.state == "terminated"


def test_an_unknown_instance_and_one_of_another_region_are_not_found(kind: str) -> None:
    assert find(kind, UNKNOWN) is None
    assert find(kind, launched(managed="true"), "us-east-1") is None
