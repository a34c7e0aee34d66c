"""Who may do what: the policies of the templates, read as IAM reads them."""

import pytest

from pointsman.core.audit.authorize import CHECK_PROJECT
from pointsmanctl.doctor.crossing import DETAIL_TYPE, SOURCE
from tests.contract.templates.cloudformation import (
    CONTROL_ACCOUNT,
    WORKERS,
    Stack,
    Statement,
    allowed,
    control,
    image,
    in_a_vpc,
    reporting,
    reporting_instances,
    statements,
    statements_of_roles,
    with_an_image,
    worker,
)

STACKS = {
    "control": control(),
    "control with reports": reporting(),
    "worker": worker(),
    "worker in a VPC": in_a_vpc(),
    "worker that reports instances": reporting_instances(),
    "worker with the run image": with_an_image(),
    "run image": image(),
}
every_stack = pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS.keys())

# Actions for which IAM knows no resource, or CodeBuild asks for all.
NOT_TO_BE_NAMED = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "ec2:DescribeInstances",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ecr:GetAuthorizationToken",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "cloudwatch:GetMetricStatistics",
    "cloudwatch:ListDashboards",
    "cloudwatch:ListMetrics",
    "events:TestEventPattern",
    "logs:GetQueryResults",
    "logs:StopQuery",
    "ssm:DescribeInstanceInformation",
    "ssm:DescribeParameters",
}
# Everything that a role may do with the trail, by role.
ON_THE_TRAIL = {
    "StartBuildRole": {"dynamodb:PutItem", "dynamodb:Query"},
    "CommandReceiverRole": {"dynamodb:PutItem", "dynamodb:Query"},
    "ReaderPolicy": {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"},
    "OperatorPolicy": {"dynamodb:Scan"},
    "AuditWriterRole": {"dynamodb:PutItem", "dynamodb:Query"},
    "AuditIndexerRole": {
        "dynamodb:BatchGetItem",
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    },
    "AuditArchiverRole": {"dynamodb:DescribeTimeToLive", "dynamodb:UpdateTimeToLive"},
    "NotifyRole": {
        "dynamodb:Query",
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    },
}
WAYS_TO_CHANGE_AN_ITEM = {
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:UpdateItem",
    "dynamodb:UpdateTimeToLive",
}


@every_stack
def test_only_what_has_no_name_is_granted_on_everything(stack: Stack) -> None:
    for each in statements_of_roles(stack):
        if "*" in each.resources:
            assert set(each.actions) <= NOT_TO_BE_NAMED, each


@every_stack
def test_every_granted_action_is_named(stack: Stack) -> None:
    allowing = [each for each in statements_of_roles(stack) if each.effect == "Allow"]
    assert allowing
    assert not [each for each in allowing if any("*" in action for action in each.actions)]


@every_stack
def test_no_role_has_a_policy_from_outside_the_templates(stack: Stack) -> None:
    own = {f"<{name}>" for name in stack.of_type("AWS::IAM::ManagedPolicy")}
    for role in stack.of_type("AWS::IAM::Role").values():
        assert set(role.get("ManagedPolicyArns", [])) <= own


def test_every_function_has_a_role_of_its_own() -> None:
    roles = [function["Role"] for function in control().of_type("AWS::Lambda::Function").values()]
    others = control().of_type("AWS::IAM::Role").keys() - {"DeploymentRole"}
    assert sorted(roles) == sorted(f"<{name}.Arn>" for name in others)


@pytest.mark.parametrize("logical_id", ["WebhookReceiver", "StartBuild", "AuditWriter", "Notify"])
def test_a_function_writes_its_own_logs_alone(logical_id: str) -> None:
    logs = [each for each in allowed(control(), f"{logical_id}Role") if "logs:PutLogEvents" in each.actions]
    assert [(each.actions, each.resources) for each in logs] == [
        (["logs:CreateLogStream", "logs:PutLogEvents"], [f"<{logical_id}Logs.Arn>"])
    ]


@pytest.mark.parametrize(
    ("logical_id", "variable"), [("WebhookReceiver", "WEBHOOK_SECRET_NAME"), ("Notify", "SLACK_SECRET_NAME")]
)
def test_a_secret_is_read_by_the_one_function_that_needs_it(logical_id: str, variable: str) -> None:
    name = control().properties(logical_id)["Environment"]["Variables"][variable]
    arn = f"arn:aws:secretsmanager:us-east-1:{CONTROL_ACCOUNT}:secret:{name}-??????"
    readers = [each for each in statements_of_roles(control()) if arn in each.resources]
    assert [(each.where.partition("/")[0], each.actions) for each in readers] == [
        (f"{logical_id}Role", ["secretsmanager:GetSecretValue"])
    ]


# --- the trail ------------------------------------------------------------------------------------------------------


def test_the_trail_is_only_ever_put_to_and_read() -> None:
    granted: dict[str, set[str]] = {}
    for each in statements_of_roles(control()):
        if each.effect == "Allow" and any("AuditTable" in resource for resource in each.resources):
            granted.setdefault(each.where.partition("/")[0], set()).update(each.actions)
    assert granted == ON_THE_TRAIL


@every_stack
def test_no_policy_grants_a_way_to_change_an_item_but_those_of_present_state(stack: Stack) -> None:
    granting = [
        each
        for each in statements_of_roles(stack)
        if each.effect == "Allow" and WAYS_TO_CHANGE_AN_ITEM.intersection(each.actions)
    ]
    assert {(each.where.partition("/")[0], *each.resources) for each in granting} <= {
        ("NotifyRole", "<RolloutsTable.Arn>"),  # of its own items there: see below
        ("StartBuildRole", "<RolloutsTable.Arn>"),  # the marks of open runs: see below
        ("AuditIndexerRole", "<IndexTable.Arn>"),  # which is made from the trail
        ("OperatorPolicy", "<IndexTable.Arn>"),  # who makes it anew
        ("AuditArchiverRole", "<AuditTable.Arn>"),  # whether events expire: see below
        ("AuditArchiverRole", "<IndexTable.Arn>"),  # what the archive refused: see below
    }


def trail_refusals() -> list[Statement]:
    return list(statements("AuditTable", control().properties("AuditTable")["ResourcePolicy"]["PolicyDocument"]))


def test_the_trails_own_policy_refuses_every_change_to_everyone() -> None:
    refusal = trail_refusals()[0]
    assert (refusal.effect, refusal.principal, refusal.resources) == ("Deny", "*", ["*"])
    assert refusal.conditions == {}
    assert set(refusal.actions) == WAYS_TO_CHANGE_AN_ITEM - {"dynamodb:UpdateTimeToLive"}


def role(name: str) -> str:
    return f"arn:aws:iam::{CONTROL_ACCOUNT}:role/{name}"


def test_the_trails_own_policy_lets_its_writers_put_and_the_break_glass_role_change_the_table() -> None:
    glass = role(control().template["Parameters"]["BreakGlassRole"]["Default"])
    writers = ("StartBuildRole", "AuditWriterRole", "CommandReceiverRole")
    names = [control().properties(each)["RoleName"] for each in writers]
    writing, keeping = trail_refusals()[2:]
    assert (writing.effect, writing.principal, writing.actions) == ("Deny", "*", ["dynamodb:PutItem"])
    assert writing.conditions == {"ArnNotEquals": {"aws:PrincipalArn": [*map(role, names), glass]}}
    assert (keeping.effect, keeping.principal) == ("Deny", "*")
    assert keeping.actions == ["dynamodb:DeleteTable", "dynamodb:UpdateTable"]
    assert keeping.conditions == {"ArnNotEquals": {"aws:PrincipalArn": glass}}


def test_every_role_that_may_put_to_the_trail_is_allowed_by_the_tables_policy() -> None:
    writers = {
        each.where.partition("/")[0]
        for each in statements_of_roles(control())
        if "dynamodb:PutItem" in each.actions and "<AuditTable.Arn>" in each.resources
    }
    assert writers == {"StartBuildRole", "AuditWriterRole", "CommandReceiverRole"}


def test_the_stream_has_what_an_altered_item_was() -> None:
    assert control().properties("AuditTable")["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"


def test_the_audit_recognises_the_check_project_by_its_name() -> None:
    assert worker().properties("CheckProject")["Name"].endswith(CHECK_PROJECT)


@pytest.mark.parametrize("role", ["StartBuildRole", "CommandReceiverRole"])
def test_who_keeps_rollouts_reads_all_and_writes_named_partitions(role: str) -> None:
    reads, writes, *deletes = [each for each in allowed(control(), role) if "<RolloutsTable.Arn>" in each.resources]
    assert set(reads.actions) == {"dynamodb:BatchGetItem", "dynamodb:Query"}
    assert writes.actions == ["dynamodb:PutItem"]
    assert writes.conditions["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]  # test_partition_keys.py says which
    allowed_deletes = {"StartBuildRole": [["dynamodb:DeleteItem"]], "CommandReceiverRole": []}
    assert [each.actions for each in deletes] == allowed_deletes[role]
    assert all(each.conditions["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] == "ROLLOUT#*" for each in deletes)


def test_only_requests_that_iam_authorised_reach_command_receiver() -> None:
    paths = control().properties("Api")["Body"]["paths"]
    assert {path: operation["post"].get("security") for path, operation in paths.items()} == {
        "/commands": [{"AWS_IAM": []}],
        "/github": None,
    }


def test_notify_touches_no_item_of_the_engine() -> None:
    (own,) = [each for each in allowed(control(), "NotifyRole") if "<RolloutsTable.Arn>" in each.resources]
    reads = {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"}
    assert set(own.actions) == {*reads, "dynamodb:DeleteItem", "dynamodb:PutItem"}
    assert own.conditions == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["SLACK#*"]}}


# --- between the accounts -------------------------------------------------------------------------------------------


def test_start_build_enters_the_worker_accounts_by_their_start_roles_alone() -> None:
    allow, deny = [each for each in statements_of_roles(control()) if "sts:AssumeRole" in each.actions]
    assert {allow.where, deny.where} == {"StartBuildRole/enters-workers"}
    assert (allow.effect, allow.resources) == ("Allow", [f"arn:*:iam::{account}:role/*-start-*" for account in WORKERS])
    [document] = [
        each["PolicyDocument"]
        for each in control().properties("StartBuildRole")["Policies"]
        if each["PolicyName"] == "enters-workers"
    ]
    assert document["Statement"][1] == {
        "Effect": "Deny",
        "Action": "sts:AssumeRole",
        "NotResource": "arn:aws:iam::*:role/pointsman-start-*",
    }


def test_only_start_build_may_assume_a_worker_role_and_only_with_the_external_id() -> None:
    (trust,) = statements("StartRole", worker().properties("StartRole")["AssumeRolePolicyDocument"])
    assert trust.principal == {"AWS": f"arn:aws:iam::{CONTROL_ACCOUNT}:root"}
    name = control().properties("StartBuildRole")["RoleName"]
    assert trust.conditions == {
        "ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{CONTROL_ACCOUNT}:role/{name}"},
        "StringEquals": {"sts:ExternalId": "a-word-that-both-know"},
    }


@pytest.mark.parametrize(
    ("policy", "source", "detail_type"),
    [
        ("BuildStatesPolicy", ["aws.codebuild", SOURCE], ["CodeBuild Build State Change", DETAIL_TYPE]),
        ("AlarmStatesPolicy", "aws.cloudwatch", "CloudWatch Alarm State Change"),
        ("HostResultsPolicy", "pointsman.ansible", ["HostResultRecorded", "PlaybookEnded"]),
        ("CheckResultsPolicy", "pointsman.check", ["HostResultRecorded", "PlaybookEnded"]),
    ],
)
def test_the_bus_takes_its_own_kinds_of_event_from_each_kind_of_worker_role(
    policy: str, source: str | list[str], detail_type: str | list[str]
) -> None:
    statement = control().properties(policy)["Statement"]
    assert statement["Principal"] == {"AWS": WORKERS}
    assert statement["Action"] == "events:PutEvents"
    assert statement["Resource"] == "<Bus.Arn>"
    kind = next(value for operator, value in statement["Condition"].items() if operator.startswith("StringEquals"))
    assert kind == {"events:source": source, "events:detail-type": detail_type}


@pytest.mark.parametrize(
    ("role", "service", "sources", "resources"),
    [
        ("BuildRole", "codebuild", ["codebuild:eu-west-1:222222222222:project/pointsman"], ["Project"]),
        ("CheckRole", "codebuild", ["codebuild:eu-west-1:222222222222:project/pointsman-check"], ["CheckProject"]),
        (
            "ForwardRole",
            "events",
            [
                "events:eu-west-1:222222222222:rule/pointsman-build-states",
                "events:eu-west-1:222222222222:rule/pointsman-new-instances",
                "events:eu-west-1:222222222222:rule/pointsman-alarm-states",
            ],
            ["BuildStates", "NewInstances", "AlarmStates"],
        ),
    ],
)
def test_a_service_takes_on_a_role_for_our_resources_alone(
    role: str, service: str, sources: list[str], resources: list[str]
) -> None:
    (trust,) = statements(role, worker().properties(role)["AssumeRolePolicyDocument"])
    assert trust.principal == {"Service": f"{service}.amazonaws.com"}
    arns = [f"arn:aws:{source}" for source in sources]
    assert trust.conditions == {
        "StringEquals": {"aws:SourceAccount": WORKERS[0]},
        "ArnEquals": {"aws:SourceArn": arns if len(arns) > 1 else arns[0]},
    }
    for arn, resource in zip(arns, resources, strict=True):
        assert arn.endswith(f"/{reporting_instances().properties(resource)['Name']}")


@pytest.mark.parametrize("rule", ["BuildStates", "AlarmStates"])
def test_build_states_and_alarms_are_forwarded_to_the_control_bus_alone(rule: str) -> None:
    (forward,) = allowed(worker(), "ForwardRole")
    (target,) = worker().properties(rule)["Targets"]
    assert (forward.actions, forward.resources) == (["events:PutEvents"], [target["Arn"]])
    assert target["RoleArn"] == "<ForwardRole.Arn>"


# --- new instances --------------------------------------------------------------------------------------------------


def test_new_instances_are_reported_only_where_the_operator_says_so() -> None:
    assert "NewInstances" not in worker().of_type("AWS::Events::Rule")
    assert not [each for each in allowed(worker(), "StartRole") if "ec2:DescribeInstances" in each.actions]
    [target] = reporting_instances().properties("NewInstances")["Targets"]
    [forward] = allowed(reporting_instances(), "ForwardRole")
    assert (forward.actions, forward.resources) == (["events:PutEvents"], [target["Arn"]])
    assert target["RoleArn"] == "<ForwardRole.Arn>"


def test_the_engine_may_ask_about_instances_of_the_stacks_region_alone() -> None:
    [asking] = [each for each in allowed(reporting_instances(), "StartRole") if "ec2:DescribeInstances" in each.actions]
    assert asking.actions == ["ec2:DescribeInstances"]
    assert asking.conditions == {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}


def test_the_engine_reads_alarms_of_the_stacks_region_and_changes_none() -> None:
    [worker_alarms] = [each for each in allowed(worker(), "StartRole") if "cloudwatch" in str(each.actions)]
    assert worker_alarms.actions == ["cloudwatch:DescribeAlarms"]
    assert worker_alarms.conditions == {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    [control_alarms] = [each for each in allowed(control(), "StartBuildRole") if "cloudwatch" in str(each.actions)]
    assert control_alarms.actions == ["cloudwatch:DescribeAlarms"]
