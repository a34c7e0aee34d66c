"""start_build on moto: real SQS, EventBridge and schedule events, real tables, and CodeBuild in two accounts."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.start_build import handler, wiring
from pointsman.adapters.builds_codebuild import CodeBuilds
from pointsman.core.delivery import Delivery
from pointsman.core.model import RolloutState, RunState, TargetName
from pointsman.core.ports import BuildReport
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.errors import Misconfigured, Unavailable
from tests.support.lambda_context import FakeContext
from tests.support.rollouts import ACCOUNT_IDS, delivery
from tests.support.world import TableWorld

DEAD_LETTERS = "https://sqs.us-east-1.amazonaws.com/123456789012/changes-dead-letters.fifo"
DEV, PROD = TargetName("dev/eu-west-1"), TargetName("prod/us-east-1")
push_of = partial(delivery, at=datetime.now(UTC))  # the function has the real clock, and refuses what is old


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[TableWorld]:
    settings = {
        "ROLLOUTS_TABLE": "rollouts",
        "AUDIT_TABLE": "audit",
        "ACCOUNT_ID": "111111111111",
        "START_ROLE_NAME": "pointsman-start",
        "CHANGES_DEAD_LETTERS_URL": DEAD_LETTERS,
        "PROJECT_NAME": "pointsman",
        "CHECK_PROJECT_NAME": "pointsman-check",
        "EXTERNAL_ID": "an-external-id",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    # moto undoes a cancelled transaction by restoring all its tables, so steps must not run in parallel.
    monkeypatch.setattr("pointsman.core.rollouts.executor.PARALLEL_STEPS", 1)
    monkeypatch.setattr(wiring, "packaged_routes", lambda: CompiledRoutes(places=(), routes=()))
    wiring.forget()
    with mock_aws():
        boto3.client("sqs", region_name="us-east-1").create_queue(
            QueueName="changes-dead-letters.fifo", Attributes={"FifoQueue": "true"}
        )
        for target in (DEV, PROD):
            create_project(target)
        yield TableWorld()
    wiring.forget()


def create_project(target: str) -> None:
    account, region = target.split("/")
    role = f"arn:aws:iam::{ACCOUNT_IDS[account]}:role/pointsman-start-{region}"
    credentials = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    boto3.client(
        "codebuild",
        region_name=region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    ).create_project(
        name="pointsman",
        source={"type": "GITHUB", "location": "https://github.com/acme/infra.git"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=f"arn:aws:iam::{ACCOUNT_IDS[account]}:role/pointsman-build-{region}",
    )


def queued(*deliveries: Delivery | str) -> dict[str, Any]:
    """An SQS event of a FIFO queue, as Lambda gets it."""
    bodies = [each if isinstance(each, str) else each.to_json() for each in deliveries]
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": "handle",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1795420800000",
                    "SequenceNumber": str(number),
                    "MessageGroupId": "group",
                    "SenderId": "sender",
                    "MessageDeduplicationId": str(number),
                    "ApproximateFirstReceiveTimestamp": "1795420800000",
                },
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:111111111111:pointsman-changes.fifo",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def call(event: dict[str, Any]) -> Any:
    return handler.lambda_handler(event, FakeContext(remaining=110_000))  # type: ignore[arg-type]


def ended(build_arn: str, rollout: str, target: str) -> dict[str, Any]:
    """CodeBuild's documented event of the end of a build, for this run."""
    event: dict[str, Any] = json.loads(Path("events/aws/codebuild-build-succeeded.json").read_text())
    detail = event["detail"]
    detail["build-id"] = build_arn
    event["account"], event["region"] = build_arn.split(":")[4], build_arn.split(":")[3]
    detail["additional-information"]["environment"]["environment-variables"] = [
        {"name": name, "value": value, "type": "PLAINTEXT"}
        for name, value in (
            ("POINTSMAN_ROLLOUT", rollout),
            ("POINTSMAN_TARGET", target),
            ("POINTSMAN_ATTEMPT", "1"),
        )
    ]
    return event


def test_a_delivery_becomes_builds_and_their_ends_end_the_rollout(world: TableWorld) -> None:
    incoming = push_of(DEV, PROD)
    rollout = incoming.specs[0].rollout
    assert call(queued(incoming)) == {"batchItemFailures": []}

    runs = world.runs(rollout)
    assert {name: run.state for name, run in runs.items()} == {DEV: RunState.RUNNING, PROD: RunState.RUNNING}
    for name, run in runs.items():
        assert run.build_arn
        assert run.build_arn.startswith(f"arn:aws:codebuild:{run.target.region}:{run.target.account_id}:build/")
        call(ended(run.build_arn, rollout, name))

    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_an_account_without_the_project_fails_its_run_only(world: TableWorld) -> None:
    bare = TargetName("prod/eu-central-1")
    incoming = push_of(DEV, bare)
    call(queued(incoming))
    runs = world.runs(incoming.specs[0].rollout)
    assert runs[bare].state is RunState.REFUSED
    assert "StartBuild in prod/eu-central-1 was refused: ResourceNotFoundException" in runs[bare].reason
    assert runs[DEV].state is RunState.RUNNING


@pytest.mark.parametrize("version", ["none", "2"])
def test_a_message_that_cannot_be_read_is_a_dead_letter_at_once_and_delays_no_other(
    world: TableWorld, version: str
) -> None:
    first, last = push_of(DEV, commit="a" * 40), push_of(DEV, commit="c" * 40)
    unreadable = '{"not": "a delivery"}'
    if version == "2":
        unreadable = first.to_json().replace('"version":1', '"version":2')
    assert call(queued(first, unreadable, last)) == {"batchItemFailures": []}
    assert world.rollout(first.specs[0].rollout).state is RolloutState.OPEN
    assert world.rollout(last.specs[0].rollout).state is RolloutState.OPEN
    [letter] = dead_letters()
    assert letter["Body"] == unreadable
    assert "version" in letter["MessageAttributes"]["reason"]["StringValue"] or version == "none"


def test_a_message_that_cannot_become_a_dead_letter_goes_back_and_only_it(
    world: TableWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("sqs", region_name="us-east-1").delete_queue(QueueUrl=DEAD_LETTERS)
    last = push_of(DEV, commit="c" * 40)
    answer = call(queued("not a delivery", last))
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["message-0"]
    assert world.rollout(last.specs[0].rollout).state is RolloutState.OPEN


def test_a_rollout_that_cannot_be_read_gives_no_other_message_back(world: TableWorld) -> None:
    broken, good = push_of(DEV, commit="a" * 40), push_of(DEV, commit="b" * 40)
    call(queued(broken))
    client = boto3.client("dynamodb", region_name="us-east-1")
    key = {"pk": {"S": f"ROLLOUT#{broken.specs[0].rollout}"}, "sk": {"S": "ROLLOUT"}}
    client.update_item(
        TableName="rollouts",
        Key=key,
        UpdateExpression="SET #data.#state = :other",
        ExpressionAttributeNames={"#data": "data", "#state": "state"},
        ExpressionAttributeValues={":other": {"S": "of a newer version"}},
    )
    assert call(queued(good)) == {"batchItemFailures": []}
    assert world.rollout(good.specs[0].rollout).state is RolloutState.OPEN
    assert call(queued(broken)) == {"batchItemFailures": []}
    [letter] = dead_letters()
    assert "written by another version" in letter["MessageAttributes"]["reason"]["StringValue"]


def test_the_beginning_of_a_build_whose_start_got_no_answer_is_recorded(
    world: TableWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    incoming = push_of(DEV)
    rollout = incoming.specs[0].rollout
    start = CodeBuilds.start

    def lost(self: CodeBuilds, *about: Any) -> BuildReport:
        start(self, *about)
        raise Unavailable("the answer was lost")

    monkeypatch.setattr(CodeBuilds, "start", lost)
    call(queued(incoming))
    assert world.run(rollout, DEV).state is RunState.STARTING
    arn = f"arn:aws:codebuild:eu-west-1:{ACCOUNT_IDS['dev']}:build/pointsman:a-build"
    for initiator, state in (("hana", RunState.STARTING), (None, RunState.RUNNING)):
        began = ended(arn, rollout, DEV)
        began["detail"]["build-status"] = "IN_PROGRESS"
        if initiator:
            began["detail"]["additional-information"]["initiator"] = initiator
        with suppress(Unavailable):  # the region is not called for some minutes
            call(began)
        assert world.run(rollout, DEV).state is state


def test_the_starts_and_ends_of_runs_are_metrics_of_the_call_that_stored_them(
    world: TableWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = TargetName("prod/eu-central-1")  # its account has no project, so that CodeBuild refuses the run
    incoming = push_of(DEV, bare)
    call(queued(incoming))
    began, failed = metrics_of(capsys)
    assert (len(began["RunWait"]), began["RunsRefused"]) == (1, [1.0])
    assert (failed["TargetFailures"], failed["target"]) == ([1.0], bare)
    assert failed["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["target", "service"]]

    run = world.run(incoming.specs[0].rollout, DEV)
    for _ in range(2):  # the second time, nothing is stored and nothing is counted
        call(ended(run.build_arn or "", incoming.specs[0].rollout, DEV))
    [end] = metrics_of(capsys)
    assert (len(end["RunDuration"]), end["RunsSucceeded"]) == (1, [1.0])


def metrics_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]


def dead_letters() -> list[Any]:
    client = boto3.client("sqs", region_name="us-east-1")
    return client.receive_message(QueueUrl=DEAD_LETTERS, MaxNumberOfMessages=10, MessageAttributeNames=["All"])[
        "Messages"
    ]


def test_the_sweep_asks_codebuild_and_records_what_has_ended(world: TableWorld) -> None:
    incoming = push_of(DEV)
    call(queued(incoming))
    call({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
    # moto's builds have succeeded at the first BatchGetBuilds
    assert world.rollout(incoming.specs[0].rollout).state is RolloutState.SUCCEEDED


def test_a_delivery_without_rollouts_is_in_the_trail(world: TableWorld) -> None:
    call(queued(push_of()))
    assert [event.type for event in world.trail.of_partition("DELIVERY#d-1")] == ["DeliveryDecided"]


def test_every_missing_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_TABLE", "audit")
    wiring.forget()
    with pytest.raises(
        Misconfigured,
        match=r"ROLLOUTS_TABLE: .*LETTERS_URL: .*ACCOUNT_ID: .*START_ROLE_NAME: .*CHECK_PROJECT_NAME: .*EXTERNAL_ID: ",
    ):
        call({"detail-type": "Scheduled Event"})
