"""start_build on moto: EC2's event leads to a build of the last good commit for that instance alone."""

import copy
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from functions.start_build import handler, wiring
from pointsman.adapters.builds_codebuild import environment_of
from pointsman.core.delivery import Delivery
from pointsman.core.model import RunState
from pointsman.core.routes.compiled import CompiledRoutes
from tests.integration.functions.test_start_build import DEV, world
from tests.support.events import sample
from tests.support.lambda_context import FakeContext
from tests.support.rollouts import ACCOUNT_IDS, delivery
from tests.support.world import TableWorld
from tests.unit.core.rollouts.test_instance_intake import routes

__all__ = ["world"]


def client(service: str) -> Any:
    """A client of the worker account and region."""
    role = f"arn:aws:iam::{ACCOUNT_IDS['dev']}:role/pointsman-start-eu-west-1"
    credentials = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    of_worker: Any = boto3.client
    return of_worker(
        service,
        region_name="eu-west-1",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def launched(managed: str = "true") -> str:
    """The id of a new instance."""
    ec2 = client("ec2")
    tags = [{"Key": "pointsman:managed", "Value": managed}]
    answer = ec2.run_instances(
        ImageId="ami-0123456789abcdef0",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    return str(answer["Instances"][0]["InstanceId"])


def event(instance_id: str) -> Any:
    """EC2's event, now."""
    running = copy.deepcopy(sample("aws/ec2-instance-running.json"))
    return running | {
        "time": datetime.now(UTC).isoformat(),
        "detail": {"instance-id": instance_id, "state": "running"},
    }


def take(running: Any) -> None:
    handler.lambda_handler(running, FakeContext())  # type: ignore[arg-type]


def builds() -> list[str]:
    return list(client("codebuild").list_builds_for_project(projectName="pointsman")["ids"])


@pytest.fixture
def compiled(world: TableWorld, monkeypatch: pytest.MonkeyPatch) -> CompiledRoutes:
    compiled = routes("site")
    monkeypatch.setattr(wiring, "packaged_routes", lambda: compiled)
    return compiled


def succeeded(world: TableWorld, sent: Delivery) -> None:
    """A commit that succeeded on its target an hour ago."""
    world.clock.now = datetime.now(UTC).replace(microsecond=0)
    world.clock.pass_by(hours=-1)
    rollout = world.push(sent.replace(received_at=world.clock()))
    world.finish(rollout, DEV, RunState.SUCCEEDED)


@pytest.mark.usefixtures("compiled")
def test_an_instance_that_came_up_gets_a_build_for_itself_alone(world: TableWorld) -> None:
    succeeded(world, delivery(DEV))
    instance_id = launched()
    for _ in range(2):  # EventBridge may deliver an event twice
        take(event(instance_id))
    assert len(builds()) == 1
    [rollout_id] = world.store.open_rollouts()
    rollout = world.rollout(rollout_id)
    assert rollout.actor == "aws.ec2"
    assert environment_of(rollout, world.run(rollout_id, DEV)).items() >= {
        ("POINTSMAN_INSTANCES", instance_id),
        ("POINTSMAN_TARGET", DEV),
        ("POINTSMAN_PLAYBOOK", "now.yml"),
    }


@pytest.mark.usefixtures("compiled")
def test_an_instance_without_the_tag_gets_none(world: TableWorld) -> None:
    succeeded(world, delivery(DEV))
    take(event(launched(managed="false")))
    assert builds() == []


@pytest.mark.usefixtures("world")
def test_an_event_that_is_not_ec2s_starts_nothing() -> None:
    stopped = event("i-0a1b2c3d4e5f60718")
    stopped["detail"]["state"] = "stopped"
    take(stopped)
    assert builds() == []
