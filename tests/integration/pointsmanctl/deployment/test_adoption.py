"""A new control stack adopts the table of a deleted one, with the real table of the template, on the emulator."""

import json
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.layout import CHECKOUT
from pointsmanctl.deployment.adoption import TrailAdoption
from pointsmanctl.deployment.deployment import Deployment
from pointsmanctl.deployment.destruction import Destruction
from pointsmanctl.deployment.installation import Installation
from pointsmanctl.deployment.stack_events import Pace
from pointsmanctl.deployment.template import read_template
from pointsmanctl.deployment.trail_table import TRAIL
from pointsmanctl.errors import DeploymentFailed
from tests.support.deployment import RecordedProgress, deployer, installation
from tests.support.tables import create_tables

CONTROL = "111111111111"


def installed(directory: Path, name: str) -> Installation:
    """An installation whose control stack has the real audit table and little else."""
    real = read_template(CHECKOUT / "template.yaml")
    parameters = {each: {"Type": "String", "Default": ""} for each in ("WorkerAccountIds", "ExternalId")}
    parameters |= {each: real["Parameters"][each] for each in ("AuditDeletionProtection", "BreakGlassRole")}
    template = {
        "Parameters": parameters,
        "Conditions": {"ProtectsTrail": real["Conditions"]["ProtectsTrail"]},
        "Resources": {TRAIL: real["Resources"][TRAIL], "Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {
            "BusArn": {"Value": "arn:aws:events:us-east-1:111111111111:event-bus/x"},
            "Table": {"Value": {"Ref": TRAIL}},
            "Stream": {"Value": {"Fn::GetAtt": [TRAIL, "StreamArn"]}},
        },
    }
    path = directory / f"{name}.json"
    path.write_text(json.dumps(template))
    settings: dict[str, Any] = {"stack": name, "parameters": {"AuditDeletionProtection": "false"}}
    return installation(path, path, **settings)


def deploy(cloud: LocalCloud, directory: Path, name: str) -> dict[str, str]:
    """Deploy the control stack; its outputs."""
    deployment = Deployment(installed(directory, name), deployer(cloud, directory / name), CONTROL)
    [outcome] = deployment.deploy(deployment.plan(["control"]))
    assert not outcome.reason
    state = deployment.control_state()
    assert state
    return dict(state.outputs)


def adoption(cloud: LocalCloud, directory: Path, name: str) -> TrailAdoption:
    return TrailAdoption(installed(directory, name), cloud, RecordedProgress(), Pace(seconds=0.05))


def test_the_trail_of_a_deleted_installation_goes_on_in_a_new_one(cloud: LocalCloud, tmp_path: Path) -> None:
    dynamodb = cloud.client("dynamodb")
    before = deploy(cloud, tmp_path, "before")
    table = before["Table"]
    destruction = Destruction(installed(tmp_path, "before"), cloud, CONTROL, RecordedProgress(), Pace(seconds=0.05))
    [outcome] = destruction.destroy(destruction.existing(["control"]))
    assert outcome.kind == "deleted"

    new = adoption(cloud, tmp_path, "after")
    assert new.is_needed(table)
    new.adopt(table)
    assert not new.is_needed(table)  # the command can be repeated
    after = deploy(cloud, tmp_path, "after")
    assert (after["Table"], after["Stream"]) == (table, before["Stream"])
    arn = dynamodb.describe_table(TableName=table)["Table"]["TableArn"]
    policy = dynamodb.get_resource_policy(ResourceArn=arn)["Policy"]
    assert "role/after-start-build" in policy  # the new stack's writers
    assert "role/before-start-build" not in policy
    with pytest.raises(DeploymentFailed, match=f"stack 'after' exists already, with the trail {table}"):
        new.is_needed("another")


def test_a_table_that_is_no_trail_is_refused_before_anything_happens(cloud: LocalCloud, tmp_path: Path) -> None:
    create_tables(cloud.client("dynamodb"), "rollouts-of-a-test", "audit-of-a-test")
    new = adoption(cloud, tmp_path, "unborn")
    with pytest.raises(DeploymentFailed, match=r"'rollouts-of-a-test' cannot be the trail.* does not use: open"):
        new.adopt("rollouts-of-a-test")
    with pytest.raises(DeploymentFailed, match="there is no table 'missing' in us-east-1"):
        new.adopt("missing")
    assert new.is_needed("audit-of-a-test")
    new.check("audit-of-a-test")
