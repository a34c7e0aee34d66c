"""The policies for people, under IAM enforcement: ReaderPolicy is enough for the reading commands and for no write."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import LocalCloud
from localcloud.layout import STATES
from localcloud.names import SLACK_SECRET
from localcloud.stacks import outputs
from localcloud.waiting import TIMEOUT_SECONDS, eventually
from pointsman.adapters.dynamodb import marshal
from pointsmanctl.demo.observer import Observer
from tests.e2e.test_permissions import refused
from tests.support.roles import Caller

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

REGION = "eu-west-1"
STACKS = {"control": ("pointsman", "us-east-1"), "dev": ("pointsman-worker", REGION)}
PROFILE = """
[profile {name}]
region = {region}
endpoint_url = {endpoint}
aws_access_key_id = {AccessKeyId}
aws_secret_access_key = {SecretAccessKey}
aws_session_token = {SessionToken}
"""
SETTINGS = """
region = "us-east-1"
profile = "control"
[accounts.dev]
profile = "dev"
"""


class Person:
    """Somebody with a role in the control account and in dev, which have some of the stacks' policies alone."""

    def __init__(self, cloud: LocalCloud, name: str, policies: tuple[str, ...], directory: Path) -> None:
        self.directory = directory
        self._endpoint = cloud.endpoint
        self._credentials = {account: _credentials(cloud, account, name, policies) for account in STACKS}
        config = "".join(
            PROFILE.format(name=account, region=region, endpoint=cloud.endpoint, **self._credentials[account])
            for account, (_, region) in STACKS.items()
        )
        (directory / "aws.config").write_text(config)
        (directory / "routes.yaml").write_text((STATES / "e2e-routes.yaml").read_text())
        (directory / "pointsman.toml").write_text(SETTINGS)

    def client(self, service: str, account: str = "control") -> Any:
        return Caller(self._endpoint, self._credentials[account], STACKS[account][1]).client(service)

    def run(self, *words: str) -> str:
        """Run a command of `pointsman`; what it prints."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        files = {"AWS_CONFIG_FILE": str(self.directory / "aws.config"), "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        done = subprocess.run(
            [str(Path(sys.executable).with_name("pointsman")), *words],
            cwd=self.directory,
            env={**own, **files, "AWS_PROFILE": "control"},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _credentials(cloud: LocalCloud, account: str, name: str, policies: tuple[str, ...]) -> dict[str, str]:
    stack, region = STACKS[account]
    iam, sts = cloud.client("iam", account), cloud.client("sts", account)
    root = sts.get_caller_identity()["Arn"]
    trust = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    arns = outputs(cloud.client("cloudformation", account, region), stack)
    for policy in policies:
        iam.attach_role_policy(RoleName=name, PolicyArn=arns[policy])
    credentials: dict[str, str] = sts.assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]
    return credentials


@pytest.fixture(scope="module")
def reader(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Person:
    return Person(cloud, "a-reader", ("ReaderPolicyArn",), tmp_path_factory.mktemp("reader"))


@pytest.fixture(scope="module")
def operator(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Person:
    policies = ("ReaderPolicyArn", "OperatorPolicyArn")
    return Person(cloud, "an-operator", policies, tmp_path_factory.mktemp("operator"))


@pytest.fixture(scope="module")
def commit(world: Observer) -> str:
    """A push that no route takes: a delivery in the trail."""
    pushed = world.cloud.github.push({"docs/access.md": "Who may do what\n"}, "Say who may do what")
    world.decision_event(pushed.delivery)
    return pushed.update.after


def test_a_reader_sees_rollouts_the_trail_and_why(reader: Person, commit: str) -> None:
    assert json.loads(reader.run("status", "--cloud", "aws", "-o", "json")) is not None
    question = ("audit", "--cloud", "aws", "--since", "1h", "-o", "json")
    assert eventually(lambda: commit in reader.run(*question), TIMEOUT_SECONDS)  # the index is a moment behind
    assert "docs/access.md" in reader.run("why", commit, "--cloud", "aws")


def test_doctor_examines_everything_for_a_reader_but_what_needs_a_secrets_value(reader: Person) -> None:
    results = json.loads(reader.run("doctor", "--only", f"dev/{REGION}", "-o", "json"))
    assert not [each for each in results if each["state"] == "broken"]
    denied = {(each["where"], each["link"]): each["message"] for each in results if "may not read" in each["message"]}
    assert set(denied) == {("control", "secrets"), ("control", "slack"), ("control", "github")}
    assert {"start role", "project", "events", "hosts", "alarms"} <= {
        each["link"] for each in results if each["where"] == f"dev/{REGION}" and each["state"] == "ok"
    }


def test_a_reader_sees_the_dashboard_as_the_stack_made_it(reader: Person, cloud: LocalCloud) -> None:
    cloudwatch = reader.client("cloudwatch")
    name = cloud.record.outputs["DashboardUrl"].rpartition("/")[2]
    body = cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]
    widgets = [each["properties"] for each in json.loads(body)["widgets"]]
    shown = {arn for each in widgets for arn in each.get("alarms", [])}
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix="pointsman/")["MetricAlarms"]
    assert shown == {each["AlarmArn"] for each in alarms}
    metrics = [metric for each in widgets for metric in each.get("metrics", [])]
    assert [each[3] for each in metrics if "ApproximateAgeOfOldestMessage" in each] == ["pointsman-changes.fifo"]
    [search] = [each[0] for each in metrics if len(each) == 1]
    assert 'service="pointsman"' in search["expression"]
    assert search["label"] == "${PROP('Dim.target')}"


type Write = Callable[[Person, Observer], Any]

WRITES: dict[str, Write] = {
    "the trail": lambda person, world: person.client("dynamodb").put_item(
        TableName=world.audit_table, Item=marshal({"pk": "ROLLOUT#r-1", "sk": "x"})
    ),
    "a rollout": lambda person, world: person.client("dynamodb").put_item(
        TableName=world.rollouts_table, Item=marshal({"pk": "ROLLOUT#r-1", "sk": "ROLLOUT"})
    ),
    "a target queue": lambda person, world: person.client("dynamodb").delete_item(
        TableName=world.rollouts_table, Key=marshal({"pk": "QUEUE#dev/eu-west-1", "sk": "QUEUE"})
    ),
    "a secret": lambda person, world: person.client("secretsmanager").put_secret_value(
        SecretId=SLACK_SECRET, SecretString="xoxb-1"
    ),
    "a secret's value": lambda person, world: person.client("secretsmanager").get_secret_value(SecretId=SLACK_SECRET),
    "an event": lambda person, world: person.client("events").put_events(
        Entries=[{"Source": "pointsman.ansible", "DetailType": "x", "Detail": "{}", "EventBusName": "pointsman"}]
    ),
    "a function": lambda person, world: person.client("lambda").invoke(FunctionName="pointsman-start-build"),
    "the dashboard": lambda person, world: person.client("cloudwatch").put_dashboard(
        DashboardName="pointsman", DashboardBody='{"widgets": []}'
    ),
    "the stack": lambda person, world: person.client("cloudformation").delete_stack(StackName="pointsman"),
    "a start role": lambda person, world: person.client("sts", "dev").assume_role(
        RoleArn=f"arn:aws:iam::222222222222:role/pointsman-start-{REGION}", RoleSessionName="test"
    ),
    "a build": lambda person, world: person.client("codebuild", "dev").start_build(projectName="pointsman"),
}
BY_OPERATORS: dict[str, Write] = {
    "an accepted push": lambda person, world: person.client("sqs").send_message(
        QueueUrl=world.cloud.record.outputs["ChangesQueueUrl"],
        MessageBody="{}",
        MessageGroupId="x",
        MessageDeduplicationId="x",
    ),
    "the end of a build": lambda person, world: person.client("codebuild", "dev").stop_build(id="pointsman:none"),
    "a log": lambda person, world: person.client("logs").filter_log_events(
        logGroupName="/aws/lambda/pointsman-start-build"
    ),
    "a log of builds": lambda person, world: person.client("logs", "dev").filter_log_events(
        logGroupName="/pointsman/builds"
    ),
}


@pytest.mark.parametrize("write", [*WRITES.values(), *BY_OPERATORS.values()], ids=[*WRITES, *BY_OPERATORS])
def test_a_reader_may_not_touch(world: Observer, reader: Person, write: Write) -> None:
    with refused():
        write(reader, world)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_not_even_an_operator_may_touch(world: Observer, operator: Person, write: Write) -> None:
    with refused():
        write(operator, world)


def test_an_operator_stops_builds_and_reads_logs(operator: Person) -> None:
    codebuild = operator.client("codebuild", "dev")
    with pytest.raises(ClientError, match="ResourceNotFound"):  # allowed, but there is no such build
        codebuild.stop_build(id="pointsman:none")
    operator.client("logs").filter_log_events(logGroupName="/aws/lambda/pointsman-start-build")
    operator.client("logs", "dev").describe_log_streams(logGroupName="/pointsman/builds")


def test_an_operator_moves_dead_letters_back(cloud: LocalCloud, operator: Person) -> None:
    root, own = cloud.client("sqs"), operator.client("sqs")
    dead = root.get_queue_url(QueueName="pointsman-changes-dead-letters.fifo")["QueueUrl"]
    assert "Messages" not in own.receive_message(QueueUrl=dead)
    own.purge_queue(QueueUrl=dead)


def test_the_sessions_are_those_of_the_roles(reader: Person, operator: Person) -> None:
    assert reader.client("sts").get_caller_identity()["Arn"].endswith("assumed-role/a-reader/a-reader")
    assert operator.client("sts").get_caller_identity()["Arn"].endswith("assumed-role/an-operator/an-operator")
