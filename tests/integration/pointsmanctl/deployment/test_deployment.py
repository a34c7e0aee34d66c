"""Several stacks of an installation: outputs carried over, a failure that stays alone, a plan that leaves nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from localcloud import stacks
from localcloud.cloud import LocalCloud
from pointsmanctl.deployment.deployment import Deployment
from pointsmanctl.deployment.model import OutcomeKind
from pointsmanctl.errors import DeploymentFailed
from tests.support.deployment import BROKEN, RecordedProgress, deployer, installation

CONTROL_PARAMETERS = ("WorkerAccountIds", "ExternalId")
WORKER_PARAMETERS = ("AccountName", "ControlAccountId", "ControlBusArn", "ExternalId", "RepositoryUrl")
TARGETS = ["dev/eu-west-1", "dev/us-east-1", "prod/eu-west-1", "prod/us-east-1"]


def templates(directory: Path, *, broken_control: bool = False, bus: str = "pointsman") -> tuple[Path, Path]:
    """A control stack with a bus, and a worker that fails where its parameter Broken says so."""
    control = {
        "Parameters": {name: {"Type": "String"} for name in CONTROL_PARAMETERS},
        "Resources": {
            "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": bus}},
            **({"Policy": BROKEN} if broken_control else {}),
        },
        "Outputs": {"BusArn": {"Value": {"Fn::GetAtt": ["Bus", "Arn"]}}},
    }
    values = {"Fn::Join": [" ", [{"Ref": name} for name in WORKER_PARAMETERS]]}
    worker = {
        "Parameters": {
            **{name: {"Type": "String"} for name in WORKER_PARAMETERS},
            "Broken": {"Type": "String", "Default": "false", "AllowedValues": ["true", "false"]},
        },
        "Conditions": {"IsBroken": {"Fn::Equals": [{"Ref": "Broken"}, "true"]}},
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": values}},
            "Policy": {**BROKEN, "Condition": "IsBroken"},
        },
        "Outputs": {"Values": {"Value": values}},
    }
    directory.mkdir(exist_ok=True)
    paths = directory / "control.json", directory / "worker.json"
    for path, template in zip(paths, (control, worker), strict=True):
        path.write_text(json.dumps(template))
    return paths


def deployment(
    cloud: LocalCloud, directory: Path, paths: tuple[Path, Path], name: str, *broken: str, external_id: str = ""
) -> Deployment:
    """A deployment of an installation of this name; the worker stacks of `broken` targets fail."""
    settings: dict[str, Any] = {
        "stack": name,
        "workers": {"stack": f"{name}-worker"},
        "targets": {target: {"parameters": {"Broken": True}} for target in broken},
        **({"external_id": external_id} if external_id else {}),
    }
    return Deployment(
        installation(*paths, **settings), deployer(cloud, directory / "work", RecordedProgress()), "111111111111"
    )


def values_of(cloud: LocalCloud, name: str, target: str) -> list[str]:
    account, region = target.split("/")
    return stacks.outputs(cloud.client("cloudformation", account, region), f"{name}-worker")["Values"].split()


def kinds(outcomes: object) -> dict[str, str]:
    assert isinstance(outcomes, list)
    return {each.stack.label: each.kind.value for each in outcomes}


def test_the_control_stacks_outputs_reach_every_worker_and_a_second_deployment_changes_nothing(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    paths = templates(tmp_path, bus="all")
    first = deployment(cloud, tmp_path, paths, "all")
    outcomes = first.deploy(first.plan(["control", *TARGETS]))
    assert kinds(outcomes) == dict.fromkeys(["control", *TARGETS], "created")
    account, control, bus, external_id, repository = values_of(cloud, "all", "prod/us-east-1")
    assert (account, control, repository) == ("prod", "111111111111", "https://github.com/acme/infra.git")
    assert bus == "arn:aws:events:us-east-1:111111111111:event-bus/all"  # not as it was predicted
    assert len(external_id) == 32

    again = deployment(cloud, tmp_path, paths, "all")
    assert all(each.unchanged for each in again.plan(["control", *TARGETS]))
    assert values_of(cloud, "all", "dev/eu-west-1")[3] == external_id


def test_an_external_id_of_the_file_reaches_all_stacks(cloud: LocalCloud, tmp_path: Path) -> None:
    paths = templates(tmp_path, bus="own")
    one = deployment(cloud, tmp_path, paths, "own", external_id="chosen-by-the-team")
    one.deploy(one.plan(["control", *TARGETS[:1]]))
    assert values_of(cloud, "own", TARGETS[0])[3] == "chosen-by-the-team"


def test_a_region_that_fails_is_named_and_does_not_stop_the_others(cloud: LocalCloud, tmp_path: Path) -> None:
    paths = templates(tmp_path, bus="one")
    one = deployment(cloud, tmp_path, paths, "one", "prod/eu-west-1")
    outcomes = one.deploy(one.plan(["control", *TARGETS]))
    assert kinds(outcomes) == {**dict.fromkeys(["control", *TARGETS], "created"), "prod/eu-west-1": "failed"}
    [failed] = [each for each in outcomes if each.kind is OutcomeKind.FAILED]
    assert failed.reason.startswith("Policy: The role with name missing cannot be found")

    repaired = deployment(cloud, tmp_path, paths, "one")
    plans = repaired.plan(["control", *TARGETS])
    assert [each.stack.label for each in plans if not each.unchanged] == ["prod/eu-west-1"]


def test_without_its_control_stack_no_worker_is_touched(cloud: LocalCloud, tmp_path: Path) -> None:
    broken = deployment(cloud, tmp_path, templates(tmp_path, broken_control=True, bus="none"), "none")
    plans = broken.plan(["control", *TARGETS])
    assert kinds(broken.deploy(plans)) == {"control": "failed", **dict.fromkeys(TARGETS, "skipped")}
    broken.close()
    assert [broken.deployer.state_of(each.stack) for each in plans[1:]] == [None] * 4


def test_a_plan_alone_leaves_no_stack(cloud: LocalCloud, tmp_path: Path) -> None:
    planned = deployment(cloud, tmp_path, templates(tmp_path, bus="plan"), "plan")
    plans = planned.plan(["control", *TARGETS])
    assert [each.changes[0].action for each in plans] == ["Add"] * 5
    planned.close()
    assert [planned.deployer.state_of(each.stack) for each in plans] == [None] * 5


def test_ctrl_c_leaves_no_change_set_and_the_next_deployment_brings_everything(
    cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = templates(tmp_path, bus="ctrl-c")
    interrupted = deployment(cloud, tmp_path, paths, "ctrl-c")
    plans = interrupted.plan(["control", *TARGETS])
    with monkeypatch.context() as patch:
        patch.setattr("pointsmanctl.deployment.deployment.wait", raise_interrupt)
        with pytest.raises(KeyboardInterrupt):
            interrupted.deploy(plans)
    assert interrupted.deployer.pace.stopping.is_set()
    interrupted.close()
    left = [interrupted.deployer.state_of(each.stack) for each in plans]
    assert "REVIEW_IN_PROGRESS" not in [each.status for each in left if each]

    again = deployment(cloud, tmp_path, paths, "ctrl-c")
    again.deploy(again.plan(["control", *TARGETS]))
    assert all(each.unchanged for each in deployment(cloud, tmp_path, paths, "ctrl-c").plan(["control", *TARGETS]))


def raise_interrupt(_: object) -> None:
    raise KeyboardInterrupt


def test_workers_alone_need_a_control_stack(cloud: LocalCloud, tmp_path: Path) -> None:
    one = deployment(cloud, tmp_path, templates(tmp_path), "missing")
    with pytest.raises(DeploymentFailed, match="the control stack is not deployed"):
        one.plan(TARGETS)
