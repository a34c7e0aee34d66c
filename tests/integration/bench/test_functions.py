"""The benchmark measures what it says: processes under Lambda's runtime client, and an AWS that refuses as AWS does."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore
import pytest
from botocore.exceptions import ClientError

from bench.functions import bare, events
from bench.functions.aws import Aws
from bench.functions.certificates import Authority
from bench.functions.runtime import Program, make_runtime, started
from bench.functions.runtime_api import FunctionFailed

KEY = {"pk": {"S": "ROLLOUT#r-1"}, "sk": {"S": "ROLLOUT"}}
BUSY_CPU = """
import time
def answer(event, context):
    until = time.process_time() + event["cpu"]
    while time.process_time() < until:
        pass
    time.sleep(event["idle"])
    return {"kept": len(b"x" * event["bytes"])}
"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runtime")
    make_runtime(folder)
    return folder


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Aws]:
    authority = Authority(tmp_path)
    authority.system_list(tmp_path / "system.pem")
    aws = Aws(authority, {"a-name": "a text"}, {"Rollouts": ("pk", "sk")})
    with aws.running():
        yield aws


def client(service: str, aws: Aws, tmp_path: Path) -> Any:
    maker: Any = boto3.client
    return maker(service, endpoint_url=aws.url, verify=str(tmp_path / "system.pem"))


def program(tmp_path: Path, source: str, handler: str) -> Program:
    (tmp_path / "root/var/task").mkdir(parents=True)
    (tmp_path / "root/var/task/work.py").write_text(source)
    return Program(tmp_path / "root", handler, {})


def test_the_bare_handler_runs_under_lambdas_runtime_client(runtime: Path, tmp_path: Path) -> None:
    bare_program = program(tmp_path, Path(bare.__file__).read_text(), "work.read")
    event = json.dumps(events.delivery(events.push())).encode()
    with started(bare_program, runtime, tmp_path, event) as running:
        assert running.first.answer.content == {"statusCode": 200}
        assert running.first.cpu > running.call(event).cpu > 0
        assert running.first.peak > 5_000_000


def test_cpu_and_memory_are_the_functions_and_waiting_is_wall_time_alone(runtime: Path, tmp_path: Path) -> None:
    idle = json.dumps({"cpu": 0, "idle": 0, "bytes": 0}).encode()
    busy = json.dumps({"cpu": 0.2, "idle": 0.3, "bytes": 50_000_000}).encode()
    with started(program(tmp_path, BUSY_CPU, "work.answer"), runtime, tmp_path, idle) as running:
        call = running.call(busy)
    assert 0.2 <= call.cpu < 0.45
    assert call.wall >= 0.5
    assert call.peak - running.first.peak > 45_000_000


@pytest.mark.parametrize(
    "source", ["raise OSError('no such luck')", "def answer(event, context): raise OSError('no such luck')"]
)
def test_a_function_that_fails_ends_the_run_with_its_reason(source: str, runtime: Path, tmp_path: Path) -> None:
    failing = program(tmp_path, source, "work.answer")
    with pytest.raises(FunctionFailed, match="no such luck"), started(failing, runtime, tmp_path, b"{}"):
        pass


def test_a_function_sees_boto3_and_none_of_the_development_environment(runtime: Path, tmp_path: Path) -> None:
    source = """
import importlib.util
def answer(event, context):
    return [name for name in event if importlib.util.find_spec(name)]
"""
    names = ["boto3", "awslambdaric", "pytest", "pydantic", "pointsman", "certifi"]
    with started(program(tmp_path, source, "work.answer"), runtime, tmp_path, json.dumps(names).encode()) as running:
        assert running.first.answer.content == ["boto3", "awslambdaric"]


def test_the_authority_is_added_to_lists_and_takes_none_away(tmp_path: Path) -> None:
    shutil.copy(Path(botocore.__file__).parent / "cacert.pem", tmp_path / "list.pem")
    before = (tmp_path / "list.pem").read_text().count("BEGIN CERTIFICATE")
    (tmp_path / "other.pem").write_text("no certificate")
    Authority(tmp_path / os.curdir).join(tmp_path)
    assert (tmp_path / "list.pem").read_text().count("BEGIN CERTIFICATE") == before + 1
    assert (tmp_path / "other.pem").read_text() == "no certificate"


def test_the_stand_in_speaks_the_services_protocols(aws: Aws, tmp_path: Path) -> None:
    secret = client("secretsmanager", aws, tmp_path).get_secret_value(SecretId="a-name")
    assert secret["SecretString"] == "a text"
    client("sqs", aws, tmp_path).send_message(QueueUrl=f"{aws.url}/1/changes.fifo", MessageBody="hello")
    assert [each["MessageBody"] for each in aws.sent] == ["hello"]
    role = client("sts", aws, tmp_path).assume_role(
        RoleArn="arn:aws:iam::222222222222:role/start", RoleSessionName="bench"
    )
    assert role["Credentials"]["AccessKeyId"] == "ASIA222222222222"


def test_the_stand_in_keeps_conditions_and_transactions(aws: Aws, tmp_path: Path) -> None:
    dynamodb = client("dynamodb", aws, tmp_path)
    first = {"TableName": "Rollouts", "Item": {**KEY, "version": {"N": "1"}}}
    absent = {"ConditionExpression": "attribute_not_exists(pk)"}
    dynamodb.put_item(**first, **absent)
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        dynamodb.put_item(**first, **absent)
    other = {**first, "Item": {**KEY, "sk": {"S": "RUN#1"}}}
    stale = {"ConditionExpression": "version = :read", "ExpressionAttributeValues": {":read": {"N": "7"}}}
    with pytest.raises(ClientError, match="TransactionCanceled"):
        dynamodb.transact_write_items(TransactItems=[{"Put": other}, {"Put": {**first, **stale}}])
    items = dynamodb.query(
        TableName="Rollouts",
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": KEY["pk"], ":sk": {"S": "R"}},
    )
    assert items["Items"] == [first["Item"]]
    assert not aws.faults


def test_an_unknown_call_fails_the_run(aws: Aws, tmp_path: Path) -> None:
    with pytest.raises(ClientError):
        client("dynamodb", aws, tmp_path).delete_item(TableName="Rollouts", Key=KEY)
    assert "DeleteItem" in aws.faults[0]
