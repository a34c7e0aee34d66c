"""`pointsman doctor` on the local cloud: nothing is broken, and each link that is broken is named."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from localcloud import names
from localcloud.aws.ssm import NO_AGENT
from localcloud.cloud import LocalCloud
from pointsmanctl.deployment.installation import Installation
from pointsmanctl.deployment.settings import DeploySettings
from pointsmanctl.deployment.sources import Sources
from pointsmanctl.doctor.examine import Examination
from pointsmanctl.doctor.model import CheckResult
from tests.support.deployment import routes

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

TARGET = "dev/eu-west-1"
REGION = "eu-west-1"


def examine(cloud: LocalCloud, *targets: str, **settings: Any) -> list[CheckResult]:
    installation = Installation(
        DeploySettings(**settings), routes(regions=["eu-west-1", "us-east-1", "eu-north-1"]), Sources(), "us-east-1"
    )
    return Examination(installation, cloud).results(targets or [TARGET])


def bad(results: list[CheckResult]) -> dict[str, str]:
    """The links that are broken or need a look, with their messages.

    Without GitHub, where nothing was pushed yet, and without the workers that these routes do not name.
    """
    return {
        each.link: f"{each.message} → {each.remedy}"
        for each in results
        if each.state in {"broken", "warning"} and each.link not in {"github", "workers"}
    }


def test_nothing_is_broken_on_any_target(cloud: LocalCloud) -> None:
    results = examine(cloud, "dev/eu-west-1", "prod/eu-west-1", "dev/us-east-1", "prod/us-east-1")
    assert bad(results) == {}
    assert [each.message for each in results].count("a test event reached the control stack") == 4


def test_worker_stacks_that_routes_yaml_does_not_name_are_listed(cloud: LocalCloud) -> None:
    [result] = [each for each in examine(cloud) if each.link == "workers"]
    assert result.state == "warning"
    assert "6 worker stacks of this installation, but not in routes.yaml: dev/ap-southeast-2, " in result.message
    assert result.remedy.startswith("run `pointsman destroy --only dev/ap-southeast-2`")
    [of_another] = [
        each for each in examine(cloud, stack="pointsman", workers={"stack": "other"}) if each.link == "workers"
    ]
    assert of_another.state == "ok"


@contextmanager
def external_id(cloud: LocalCloud) -> Iterator[None]:
    iam, role = cloud.client("iam", "dev"), f"pointsman-start-{REGION}"
    policy = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    text = json.dumps(policy)
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=text.replace("pointsman-on-this-machine", "other"))
    yield
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=text)


@contextmanager
def disabled_rule(cloud: LocalCloud) -> Iterator[None]:
    events = cloud.client("events", "dev", REGION)
    events.disable_rule(Name="pointsman-build-states")
    yield
    events.enable_rule(Name="pointsman-build-states")


@contextmanager
def role_that_is_denied(cloud: LocalCloud) -> Iterator[None]:
    """As by a permissions boundary: only an event that does not arrive shows it."""
    iam, role = cloud.client("iam", "dev"), f"pointsman-forward-{REGION}"
    deny = {"Effect": "Deny", "Action": "events:PutEvents", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.put_role_policy(RoleName=role, PolicyName="denies", PolicyDocument=document)
    yield
    iam.delete_role_policy(RoleName=role, PolicyName="denies")


@contextmanager
def placeholder(cloud: LocalCloud) -> Iterator[None]:
    secrets = cloud.client("secretsmanager")
    token = secrets.get_secret_value(SecretId=names.SLACK_SECRET)["SecretString"]
    secrets.put_secret_value(SecretId=names.SLACK_SECRET, SecretString="put the bot token here")
    yield
    secrets.put_secret_value(SecretId=names.SLACK_SECRET, SecretString=token)


@contextmanager
def not_in_channel(cloud: LocalCloud) -> Iterator[None]:
    fault = {"fail": {"method": "conversations.history", "error": "not_in_channel", "times": 1}}
    httpx.post(f"{cloud.endpoint}/_slack/control", json=fault).raise_for_status()
    yield


@contextmanager
def versioned_bucket(cloud: LocalCloud) -> Iterator[None]:
    stack = cloud.client("cloudformation", "dev", REGION).describe_stacks(StackName=names.WORKER_STACK)["Stacks"][0]
    [bucket] = [each["OutputValue"] for each in stack["Outputs"] if each["OutputKey"] == "TransferBucketName"]
    s3 = cloud.client("s3", "dev", REGION)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    yield
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


@contextmanager
def offline_agent(cloud: LocalCloud) -> Iterator[None]:
    [host] = [each for each in cloud.hosts() if (each.account, each.region) == ("dev", REGION)]
    ec2 = cloud.client("ec2", "dev", REGION)
    ec2.create_tags(Resources=[host.instance_id], Tags=[{"Key": NO_AGENT, "Value": "true"}])
    yield
    ec2.delete_tags(Resources=[host.instance_id], Tags=[{"Key": NO_AGENT}])


@contextmanager
def second_host_of_that_name(cloud: LocalCloud) -> Iterator[None]:
    ec2 = cloud.client("ec2", "dev", REGION)
    tags = [{"Key": "Name", "Value": "web-dev-euw1"}, {"Key": "pointsman:managed", "Value": "true"}]
    [instance] = ec2.run_instances(
        ImageId="ami-1", MinCount=1, MaxCount=1, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}]
    )["Instances"]
    yield
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])


@contextmanager
def firing_alarm(cloud: LocalCloud) -> Iterator[None]:
    cloudwatch = cloud.client("cloudwatch", "dev", REGION)
    found = cloudwatch.describe_alarms(AlarmNamePrefix="pointsman-worker")["MetricAlarms"]  # others are of gates
    [alarm] = [each["AlarmName"] for each in found]
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="test")
    yield
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="test")


@pytest.mark.parametrize(
    ("broken", "link", "message"),
    [
        (external_id, "start role", "requires another external id"),
        (disabled_rule, "events", "rule pointsman-build-states is DISABLED"),
        (role_that_is_denied, "events", "a test event did not reach the control stack within 30 s"),
        (placeholder, "secrets", "is still the placeholder"),
        (not_in_channel, "slack", "not_in_channel → invite the app to the channel"),
        (versioned_bucket, "bucket", "is versioned"),
        (offline_agent, "hosts", "the SSM agent of web-dev-euw1 is not online"),
        (second_host_of_that_name, "hosts", "several instances are named web-dev-euw1"),
        (firing_alarm, "alarms", "an alarm fires: pointsman-worker/BuildStates"),
    ],
)
def test_a_link_that_is_broken_is_named_alone(
    cloud: LocalCloud, broken: Callable[[LocalCloud], Any], link: str, message: str
) -> None:
    with broken(cloud):
        found = bad(examine(cloud))
    assert list(found) == [link]
    assert message in found[link]


def test_a_worker_stack_that_is_not_there(cloud: LocalCloud) -> None:
    found = bad(examine(cloud, "dev/eu-north-1"))
    assert found == {"stack": "the worker stack does not exist → run `pointsman deploy --only dev/eu-north-1`"}


def test_without_a_control_stack_there_is_one_result(cloud: LocalCloud) -> None:
    [result] = examine(cloud, stack="missing")
    assert (result.where, result.state, result.message) == ("control", "broken", "the control stack does not exist")
