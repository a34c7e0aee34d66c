"""The templates match the code, each other and the documentation for operators."""

import importlib
import inspect
import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from pointsman.config import Settings
from tests.contract.templates.cloudformation import (
    CONTROL_ACCOUNT,
    WORKERS,
    Stack,
    control,
    load,
    statements_of_roles,
    worker,
)
from tests.support.tables import create_tables

FUNCTIONS = {
    "WebhookReceiver": "webhook_receiver",
    "StartBuild": "start_build",
    "CommandReceiver": "command_receiver",
    "AuditWriter": "audit_writer",
    "AuditIndexer": "audit_indexer",
    "AuditArchiver": "audit_archiver",
    "Notify": "notify",
}
REGIONS = ["us-east-1", "ca-central-1", "ap-southeast-2", "eu-central-1", "eu-west-1"]
GLOBALS = {"AWS_CA_BUNDLE", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"}
STACKS = {"control": control(), "worker": worker()}

every_function = pytest.mark.parametrize(("logical_id", "folder"), FUNCTIONS.items())
every_stack = pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS.keys())


def settings_of(folder: str) -> type[Settings]:
    module = importlib.import_module(f"functions.{folder}.settings")
    matching = [
        each
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, Settings) and each is not Settings
    ]
    assert len(matching) == 1
    return matching[0]


def environment_of(logical_id: str) -> dict[str, str]:
    variables: dict[str, str] = control().properties(logical_id)["Environment"]["Variables"]
    return variables


# --- the code -------------------------------------------------------------------------------------------------------


def test_the_template_has_these_functions_and_no_other() -> None:
    assert control().of_type("AWS::Lambda::Function").keys() == FUNCTIONS.keys()


@every_function
def test_a_functions_handler_imports(logical_id: str, folder: str) -> None:
    handler = control().properties(logical_id)["Handler"]
    assert handler == f"functions.{folder}.handler.lambda_handler"
    module, _, name = handler.rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))


@every_function
def test_a_functions_environment_is_its_settings(logical_id: str, folder: str) -> None:
    own = {name: value for name, value in environment_of(logical_id).items() if name not in GLOBALS}
    assert own.keys() == settings_of(folder).environment_names().keys()
    settings_of(folder).from_environment(own)


@every_function
def test_a_function_has_what_powertools_asks_for(logical_id: str, folder: str) -> None:
    assert environment_of(logical_id).keys() >= GLOBALS
    assert environment_of(logical_id)["POWERTOOLS_METRICS_NAMESPACE"] == "Pointsman"


def test_the_tables_are_those_that_the_tests_use() -> None:
    made: dict[str, Any] = {}

    class Recorder:
        def create_table(self, TableName: str, **properties: Any) -> None:  # noqa: N803
            made[TableName] = properties

    create_tables(Recorder())  # type: ignore[arg-type]
    for logical_id, name in (("RolloutsTable", "rollouts"), ("AuditTable", "audit"), ("IndexTable", "index")):
        table = control().properties(logical_id)
        assert table["KeySchema"] == made[name]["KeySchema"]
        assert by_name(table["AttributeDefinitions"]) == by_name(made[name]["AttributeDefinitions"])
        assert by_name(table.get("GlobalSecondaryIndexes", [])) == by_name(made[name].get("GlobalSecondaryIndexes", []))
        assert table["BillingMode"] == made[name]["BillingMode"]
        view = made[name].get("StreamSpecification", {}).get("StreamViewType")
        assert table.get("StreamSpecification", {}).get("StreamViewType") == view


def by_name(definitions: list[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {each.get("IndexName") or each["AttributeName"]: each for each in definitions}


# --- the other stack ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", REGIONS)
def test_the_stacks_agree_on_names(region: str) -> None:
    there = worker(region)
    environment = environment_of("StartBuild")
    role = there.properties("StartRole")["RoleName"]
    assert role == f"{environment['START_ROLE_NAME']}-{region}"
    assert there.properties("Project")["Name"] == environment["PROJECT_NAME"]
    assert there.properties("CheckProject")["Name"] == f"{environment['PROJECT_NAME']}-check"
    entering = [
        resource
        for policy in control().properties("StartBuildRole")["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "sts:AssumeRole" and statement["Effect"] == "Allow"
        for resource in statement["Resource"]
    ]
    assert [any(fnmatchcase(f"arn:aws:iam::{account}:role/{role}", each) for each in entering) for account in WORKERS]
    assert len(entering) == len(WORKERS)


@pytest.mark.parametrize(
    ("policy", "role"),
    [("BuildStatesPolicy", "ForwardRole"), ("HostResultsPolicy", "BuildRole"), ("CheckResultsPolicy", "CheckRole")],
)
@pytest.mark.parametrize("region", REGIONS)
def test_the_bus_admits_each_worker_role_with_its_own_statement(policy: str, role: str, region: str) -> None:
    pattern = control().properties(policy)["Statement"]["Condition"]["ArnLike"]["aws:PrincipalArn"]
    there = worker(region).of_type("AWS::IAM::Role")
    let_in = {
        name
        for name, each in there.items()
        if fnmatchcase(f"arn:aws:iam::{WORKERS[0]}:role/{each['RoleName']}", pattern)
    }
    assert let_in == {role}


def test_a_name_of_one_account_is_not_taken_by_its_next_region() -> None:
    names = [role["RoleName"] for region in REGIONS for role in worker(region).of_type("AWS::IAM::Role").values()]
    assert len(names) == len(set(names)) == 4 * len(REGIONS)
    policies = [
        each["ManagedPolicyName"]
        for region in REGIONS
        for each in worker(region).of_type("AWS::IAM::ManagedPolicy").values()
    ]
    assert len(policies) == len(set(policies)) == 4 * len(REGIONS)


def test_a_build_has_every_variable_of_the_buildspec() -> None:
    project = worker().properties("Project")
    variables = {each["Name"]: each["Value"] for each in project["Environment"]["EnvironmentVariables"]}
    assert variables == {
        "POINTSMAN_BUS": f"arn:aws:events:us-east-1:{CONTROL_ACCOUNT}:event-bus/pointsman",
        "POINTSMAN_BUCKET": "<TransferBucket>",
        "POINTSMAN_ACCOUNT_NAME": "dev",
        "POINTSMAN_RUNNER_LAYER": "<RunnerLayer>",
        "POINTSMAN_TIMEOUT_MINUTES": project["TimeoutInMinutes"],
    }


def test_what_is_optional_in_the_worker_stack_can_be_chosen() -> None:
    connection = "arn:aws:codeconnections:us-east-1:222222222222:connection/8745a7a9-c340-456a-9166-edf953571bee"
    there = worker(
        ConnectionArn=connection,
        VpcId="vpc-0a1b2c3d4e5f60718",
        SubnetIds="subnet-0a1b2c3d4e5f60718,subnet-0a1b2c3d4e5f60719",
        SecurityGroupIds="sg-0a1b2c3d4e5f60718",
        TransferBucketName="of-our-own",
        ConcurrentBuildLimit="3",
    )
    project = there.properties("Project")
    assert project["Source"]["Auth"] == {"Type": "CODECONNECTIONS", "Resource": connection}
    assert project["VpcConfig"]["Subnets"] == ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"]
    assert project["ConcurrentBuildLimit"] == "3"
    assert "TransferBucket" not in there.resources
    bare = worker().properties("Project")
    assert not {"VpcConfig", "ConcurrentBuildLimit"} & bare.keys()
    assert "Auth" not in bare["Source"]


# --- the operator ---------------------------------------------------------------------------------------------------


@every_function
def test_a_function_logs_where_logs_are_given_up_in_time(logical_id: str, folder: str) -> None:
    function = control().properties(logical_id)
    groups = {group["LogGroupName"] for group in control().of_type("AWS::Logs::LogGroup").values()}
    assert function["LoggingConfig"]["LogGroup"] == f"/aws/lambda/{function['FunctionName']}"
    assert function["LoggingConfig"]["LogGroup"] in groups
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert function["TracingConfig"] == {"Mode": "Active"}


@every_stack
def test_every_log_group_is_given_up_in_time(stack: Stack) -> None:
    groups = stack.of_type("AWS::Logs::LogGroup")
    assert groups
    assert all(group["RetentionInDays"] for group in groups.values())


def test_the_builds_and_the_api_log_to_their_groups() -> None:
    there = worker()
    logs = there.properties("Project")["LogsConfig"]["CloudWatchLogs"]
    assert logs == {"Status": "ENABLED", "GroupName": there.properties("BuildLogs")["LogGroupName"]}
    stage = control().properties("ApiApiGatewayDefaultStage")
    assert stage["AccessLogSettings"]["DestinationArn"] == "<ApiLogs.Arn>"
    assert json.loads(stage["AccessLogSettings"]["Format"])["status"] == "$context.status"
    assert stage["DefaultRouteSettings"].keys() == {"ThrottlingBurstLimit", "ThrottlingRateLimit"}


def test_every_queue_keeps_its_messages_encrypted_and_as_long_as_it_can() -> None:
    for name, queue in control().of_type("AWS::SQS::Queue").items():
        assert queue["SqsManagedSseEnabled"] is True
        # A test event is of no use after doctor has ended.
        assert queue["MessageRetentionPeriod"] == (300 if name == "TestEvents" else 14 * 24 * 3600)


def test_the_changes_queue_gives_a_message_back_only_after_the_function_has_given_up() -> None:
    queue = control().properties("ChangesQueue")
    assert queue["VisibilityTimeout"] >= 6 * control().properties("StartBuild")["Timeout"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == "<ChangesDeadLetters.Arn>"
    assert queue["FifoQueue"] is control().properties("ChangesDeadLetters")["FifoQueue"] is True


def test_an_event_that_reaches_no_function_is_tried_again_and_then_kept() -> None:
    rules = {name: rule for name, rule in control().of_type("AWS::Events::Rule").items() if name != "TestEventsRule"}
    assert len(rules) == 10
    for name, rule in rules.items():
        for target in rule["Targets"]:
            assert target["RetryPolicy"].keys() == {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"}, name
            queue = dead_letters(target["DeadLetterConfig"]["Arn"])
            policy = control().properties(f"{queue}Policy")
            (statement,) = policy["PolicyDocument"]["Statement"]
            assert statement["Principal"] == {"Service": "events.amazonaws.com"}
            assert f"<{name}.Arn>" in statement["Condition"]["ArnEquals"]["aws:SourceArn"]
            assert statement["Resource"] == f"<{queue}.Arn>"


def test_test_events_go_to_their_queue_alone() -> None:
    [target] = control().properties("TestEventsRule")["Targets"]
    assert target == {"Id": "test-events", "Arn": "<TestEvents.Arn>"}
    [statement] = control().properties("TestEventsPolicy")["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": "<TestEventsRule.Arn>"}}
    readers = [each for each in statements_of_roles(control()) if "<TestEvents.Arn>" in each.resources]
    assert readers == []


def test_what_a_function_cannot_do_is_kept() -> None:
    kept = {
        name.removesuffix("EventInvokeConfig"): dead_letters(config["DestinationConfig"]["OnFailure"]["Destination"])
        for name, config in control().of_type("AWS::Lambda::EventInvokeConfig").items()
    }
    assert kept == {name: f"{name}DeadLetters" for name in ("StartBuild", "AuditWriter", "AuditArchiver")}
    stream = control().properties("NotifyTrail")
    assert dead_letters(stream["DestinationConfig"]["OnFailure"]["Destination"]) == "NotifyDeadLetters"
    assert "FunctionResponseTypes" not in stream  # notify answers for a batch as a whole
    assert control().properties("StartBuildChanges")["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_notify_is_called_for_stale_messages_and_the_stream_drops_nothing_before_its_end() -> None:
    rule = control().properties("NotifyStaleMessages")
    assert rule["ScheduleExpression"] == "rate(2 minutes)"
    assert [target["Arn"] for target in rule["Targets"]] == ["<NotifyAliaslive>"]
    stream = control().properties("NotifyTrail")
    assert (stream["MaximumRetryAttempts"], stream["MaximumRecordAgeInSeconds"]) == (-1, 86_400)


def test_a_delivery_may_be_as_long_as_sqs_allows() -> None:
    for name in ("ChangesQueue", "ChangesDeadLetters"):
        assert control().properties(name)["MaximumMessageSize"] == 1_048_576


def test_the_bus_shares_no_statement_with_another_product() -> None:
    policies = control().of_type("AWS::Events::EventBusPolicy").values()
    assert {each["StatementId"] for each in policies} == {
        "pointsman-build-states",
        "pointsman-new-instances",
        "pointsman-host-results",
        "pointsman-check-results",
        "pointsman-alarm-states",
    }


def dead_letters(arn: str) -> str:
    match = re.fullmatch(r"<(\w+DeadLetters)\.Arn>", arn)
    assert match
    return match[1]


def test_notify_gets_the_events_of_a_rollout_in_order() -> None:
    stream = control().properties("NotifyTrail")
    assert stream["ParallelizationFactor"] == 1
    assert stream["EventSourceArn"] == "<AuditTable.StreamArn>"


def test_the_trail_outlives_its_stack() -> None:
    table = control().resources["AuditTable"]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    assert table["Properties"]["DeletionProtectionEnabled"] is True


def test_every_table_is_encrypted_and_can_be_restored() -> None:
    for table in control().of_type("AWS::DynamoDB::Table").values():
        assert table["SSESpecification"] == {"SSEEnabled": True}
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_secrets_are_passed_by_name() -> None:
    secrets = {each["Name"] for each in control().of_type("AWS::SecretsManager::Secret").values()}
    assert environment_of("WebhookReceiver")["WEBHOOK_SECRET_NAME"] in secrets
    assert environment_of("Notify")["SLACK_SECRET_NAME"] in secrets
    assert control().outputs["WebhookSecretName"]["Value"] in secrets
    assert control().outputs["SlackSecretName"]["Value"] in secrets


def test_the_transfer_bucket_keeps_no_old_versions_and_no_leftovers() -> None:
    bucket = worker().properties("TransferBucket")
    assert "VersioningConfiguration" not in bucket
    assert bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 1
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]


@pytest.mark.parametrize("path", ["template.yaml", "regional/template.yaml"])
def test_every_parameter_and_output_is_explained(path: str) -> None:
    template = load(path)
    told_by_their_names = {"LogLevel", "ComputeType"}
    unexplained = {name for name, parameter in template["Parameters"].items() if "Description" not in parameter}
    assert unexplained <= told_by_their_names
    assert all("Description" in output for output in template["Outputs"].values())
