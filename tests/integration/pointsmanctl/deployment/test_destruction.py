"""Stacks are deleted, workers first; what they retain stays, and buckets are emptied before."""

import json
from pathlib import Path
from typing import Any

from localcloud import stacks
from localcloud.cloud import LocalCloud
from pointsmanctl.deployment.deployment import Deployment
from pointsmanctl.deployment.destruction import Destruction
from pointsmanctl.deployment.stack_events import Pace
from tests.support.deployment import RecordedProgress, deployer, installation

TARGETS = ["dev/ap-southeast-2", "prod/ap-southeast-2"]
ALL = ["control", *TARGETS]


def templates(directory: Path) -> tuple[Path, Path]:
    names = ("WorkerAccountIds", "ExternalId", "AccountName", "ControlAccountId", "ControlBusArn", "RepositoryUrl")
    parameters = {name: {"Type": "String", "Default": ""} for name in names}
    trail = {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Retain",
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        },
    }
    bus = "arn:aws:events:us-east-1:111111111111:event-bus/pointsman"
    control = {
        "Parameters": parameters,
        "Resources": {"Trail": trail, "Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"BusArn": {"Value": bus}, "Table": {"Value": {"Ref": "Trail"}}},
    }
    worker = {
        "Parameters": parameters,
        "Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}},
        "Outputs": {"Bucket": {"Value": {"Ref": "Bucket"}}},
    }
    paths = directory / "control.json", directory / "worker.json"
    for path, template in zip(paths, (control, worker), strict=True):
        path.write_text(json.dumps(template))
    return paths


def deployed(cloud: LocalCloud, directory: Path, name: str) -> Destruction:
    """A deployed installation, and what deletes it."""
    settings: dict[str, Any] = {"stack": name, "workers": {"stack": f"{name}-worker"}}
    installed = installation(*templates(directory), regions=["ap-southeast-2"], **settings)
    deployment = Deployment(installed, deployer(cloud, directory / "work"), "111111111111")
    outcomes = deployment.deploy(deployment.plan(ALL))
    assert {each.kind.value for each in outcomes} == {"created"}
    return Destruction(installed, cloud, "111111111111", RecordedProgress(), Pace(seconds=0.05))


def bucket_of(cloud: LocalCloud, target: str, name: str) -> str:
    account, region = target.split("/")
    bucket = stacks.outputs(cloud.client("cloudformation", account, region), f"{name}-worker")["Bucket"]
    cloud.client("s3", account, region).put_object(Bucket=bucket, Key="left/behind", Body=b"x")
    return bucket


def buckets(cloud: LocalCloud, account: str) -> list[str]:
    return [each["Name"] for each in cloud.client("s3", account, "ap-southeast-2").list_buckets()["Buckets"]]


def test_everything_is_deleted_but_the_trail(cloud: LocalCloud, tmp_path: Path) -> None:
    destruction = deployed(cloud, tmp_path, "gone")
    bucket = bucket_of(cloud, TARGETS[0], "gone")
    table = stacks.outputs(cloud.client("cloudformation"), "gone")["Table"]
    existing = destruction.existing(ALL)
    assert [stack.label for stack, _ in existing] == [*TARGETS, "control"]
    [left] = destruction.retained(existing)
    assert (left.stack, left.kind, left.name) == ("control", "AWS::DynamoDB::Table", table)

    outcomes = destruction.destroy(existing)
    assert [(each.stack.label, each.kind.value) for each in outcomes] == [
        (name, "deleted") for name in [*TARGETS, "control"]
    ]
    assert destruction.existing(ALL) == []
    assert bucket not in buckets(cloud, "dev")
    assert "pointsman-artifacts-222222222222-ap-southeast-2" not in buckets(cloud, "dev")
    assert cloud.client("dynamodb").describe_table(TableName=table)["Table"]["TableStatus"] == "ACTIVE"


def test_one_target_alone(cloud: LocalCloud, tmp_path: Path) -> None:
    destruction = deployed(cloud, tmp_path, "part")
    destruction.destroy(destruction.existing(TARGETS[:1]))
    assert [stack.label for stack, _ in destruction.existing(ALL)] == [TARGETS[1], "control"]


def test_if_a_worker_stays_the_control_stack_stays_too(cloud: LocalCloud, tmp_path: Path) -> None:
    destruction = deployed(cloud, tmp_path, "kept")
    cloudformation = cloud.client("cloudformation", "prod", "ap-southeast-2")
    cloudformation.update_termination_protection(StackName="kept-worker", EnableTerminationProtection=True)
    outcomes = {each.stack.label: each for each in destruction.destroy(destruction.existing(ALL))}
    assert outcomes[TARGETS[0]].kind == "deleted"
    assert "TerminationProtection" in outcomes[TARGETS[1]].reason
    assert outcomes["control"].kind == "skipped"

    cloudformation.update_termination_protection(StackName="kept-worker", EnableTerminationProtection=False)
    destruction.destroy(destruction.existing(ALL))
    assert destruction.existing(ALL) == []
