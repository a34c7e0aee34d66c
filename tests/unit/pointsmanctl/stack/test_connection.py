"""Which stack a command talks to, and what it says where there is none."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from pointsmanctl.errors import CloudUnavailable
from pointsmanctl.stack.connection import Where, connect
from pointsmanctl.stack.settings import StackSettings
from tests.support.command_line import run


@pytest.fixture
def no_local_cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("POINTSMAN_LOCALCLOUD", str(tmp_path))
    with mock_aws():
        yield


@pytest.mark.usefixtures("no_local_cloud")
@pytest.mark.parametrize("command", ["status", "audit"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [({}, "You must specify a region"), ({"AWS_PROFILE": "nobody"}, "The config profile (nobody) could not be found")],
)
def test_without_any_cloud_the_message_begins_with_the_local_cloud(
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    changes: dict[str, str],
    reason: str,
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    done = run(command)
    assert done.exit_code == 4
    assert done.stderr.startswith("pointsman: no local cloud is running here (`pointsman local up` starts one). ")
    assert "Cannot read stack 'pointsman' (" in done.stderr
    assert reason in done.stderr


@pytest.mark.usefixtures("no_local_cloud")
def test_an_error_of_aws_alone_does_not_mention_the_local_cloud() -> None:
    with pytest.raises(CloudUnavailable, match=r"^cannot read stack 'other'") as raised:
        connect(Where.AWS, StackSettings("other", "us-east-1"), None)
    assert "pointsman local up" not in str(raised.value)


@pytest.mark.usefixtures("no_local_cloud")
def test_without_a_local_cloud_the_command_names_how_to_start_one() -> None:
    done = run("status", "--cloud", "local")
    assert done.exit_code == 4
    assert "start it with `pointsman local up`" in done.stderr


@pytest.mark.usefixtures("no_local_cloud")
def test_the_outputs_of_the_stack_are_read_in_the_region_of_the_settings() -> None:
    template = '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"AuditTableName": {"Value": "audit-7"}}}'
    boto3.client("cloudformation", "eu-west-1").create_stack(StackName="other", TemplateBody=template)
    assert connect(Where.AWS, StackSettings("other", "eu-west-1"), None).audit_table == "audit-7"
    with pytest.raises(CloudUnavailable):
        connect(Where.AWS, StackSettings("other", "us-east-1"), None)


@pytest.mark.usefixtures("no_local_cloud")
@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_without_a_region_in_the_settings_it_is_that_of_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for each in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(each)
    template = '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"AuditTableName": {"Value": "audit-7"}}}'
    boto3.client("cloudformation", "eu-central-1").create_stack(StackName="other", TemplateBody=template)
    monkeypatch.setenv(name, "eu-central-1")
    assert connect(Where.AWS, StackSettings("other"), None).audit_table == "audit-7"
