"""What the policies for readers and operators allow (docs/access.md)."""

import json

import pytest

from tests.contract.templates.cloudformation import Stack, control, in_a_vpc, reporting, statements_of_roles, worker

STACKS = {"control": control(), "worker": worker(), "worker in a VPC": in_a_vpc()}
every_stack = pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS.keys())

# What operators may do beside reading: it changes no item of the trail, reads no secret and starts no build.
OPERATORS_CHANGE = {
    "dynamodb:BatchWriteItem",  # in the index, which is made from the trail: see below
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "execute-api:Invoke",
    "s3:PutObject",  # what it reads from the trail, for the archive: see below
    "codebuild:StopBuild",
    "events:CancelReplay",
    "events:StartReplay",
    "sqs:CancelMessageMoveTask",
    "sqs:DeleteMessage",
    "sqs:PurgeQueue",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "sqs:StartMessageMoveTask",
}
READS = (
    "BatchGet",
    "Describe",
    "Filter",
    "Get",
    "List",
    "Query",
    "Scan",
    "StartLiveTail",
    "StartQuery",
    "StopQuery",
    "Test",
)


@every_stack
def test_readers_change_nothing_and_read_no_secret(stack: Stack) -> None:
    actions = actions_of(stack, "ReaderPolicy")
    assert all(action.partition(":")[2].startswith(READS) for action in actions)
    assert not {"secretsmanager:GetSecretValue", "ssm:GetParameter", "logs:GetLogEvents"} & actions


@every_stack
def test_operators_read_logs_and_what_else_they_may_do_is_listed(stack: Stack) -> None:
    actions = actions_of(stack, "OperatorPolicy")
    changing = {each for each in actions if not each.partition(":")[2].startswith(READS)}
    assert changing <= OPERATORS_CHANGE
    assert "logs:FilterLogEvents" in actions
    assert not {each for each in actions if each.startswith("secretsmanager:")}


@pytest.mark.parametrize("stack", [control(), reporting()], ids=["control", "control with reports"])
def test_operators_read_the_log_of_each_function(stack: Stack) -> None:
    groups = {f"<{name}.Arn>" for name in stack.of_type("AWS::Logs::LogGroup")}
    readable = {
        resource
        for each in statements_of_roles(stack)
        if each.where == "OperatorPolicy" and "logs:FilterLogEvents" in each.actions
        for resource in each.resources
    }
    assert readable >= groups


@every_stack
def test_operators_write_the_index_and_no_other_table(stack: Stack) -> None:
    found = [each for each in statements_of_roles(stack) if each.where == "OperatorPolicy"]
    writing = [each for each in found if {"dynamodb:PutItem", "dynamodb:DeleteItem"} & {*each.actions}]
    assert [each.resources for each in writing] == ([["<IndexTable.Arn>"]] if stack is STACKS["control"] else [])
    reading = [each for each in found if each not in writing and any("dynamodb:" in one for one in each.actions)]
    assert all((each.actions, each.resources) == (["dynamodb:Scan"], ["<AuditTable.Arn>"]) for each in reading)


def test_operators_add_to_the_archive_where_it_is_marked_as_theirs() -> None:
    [writing] = [
        each
        for each in statements_of_roles(STACKS["control"])
        if each.where == "OperatorPolicy" and "s3:PutObject" in each.actions
    ]
    assert writing.actions == ["s3:PutObject"]
    assert writing.resources == ["<ExportBucket.Arn>/segments/from-table/*"]


@every_stack
def test_what_has_no_resource_is_granted_in_the_stacks_own_region(stack: Stack) -> None:
    for each in statements_of_roles(stack):
        if each.where in {"ReaderPolicy", "OperatorPolicy"} and each.resources == ["*"]:
            assert each.conditions["StringEquals"]["aws:RequestedRegion"] in {"us-east-1", "eu-west-1"}


@pytest.mark.parametrize(
    ("stack", "names"),
    [
        (STACKS["control"], {"pointsman-reader", "pointsman-operator"}),
        (STACKS["worker"], {"pointsman-reader-eu-west-1", "pointsman-operator-eu-west-1"}),
    ],
)
def test_the_policies_of_people_have_the_installations_name_and_fit_into_iams_limit(
    stack: Stack, names: set[str]
) -> None:
    policies = [stack.properties(each) for each in ("ReaderPolicy", "OperatorPolicy")]
    assert {each["ManagedPolicyName"] for each in policies} == names
    for each in policies:
        assert len(json.dumps(each["PolicyDocument"], separators=(",", ":"))) < 5_000  # of 6,144, with long names


def actions_of(stack: Stack, policy: str) -> set[str]:
    return {action for each in statements_of_roles(stack) if each.where == policy for action in each.actions}
