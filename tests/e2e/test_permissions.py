"""Least privilege, under IAM enforcement: each role does its own work, and nothing beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.names import SLACK_SECRET, WEBHOOK_SECRET
from pointsman.adapters.dynamodb import marshal
from pointsman.adapters.trail_dynamodb import DynamoTrail, put_of
from pointsman.core.trail.events import RunWaited
from pointsman.errors import Misconfigured
from pointsmanctl.demo.observer import Observer
from pointsmanctl.stack.erratum import Removal, redact
from tests.support.roles import Roles

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

FUNCTIONS = (
    "pointsman-webhook-receiver",
    "pointsman-start-build",
    "pointsman-command-receiver",
    "pointsman-audit-writer",
    "pointsman-audit-indexer",
    "pointsman-audit-archiver",
    "pointsman-notify",
)
DENIED = {"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"}


@contextmanager
def refused() -> Iterator[None]:
    """What is called inside must be denied by IAM, and for no other reason."""
    with pytest.raises(ClientError) as error:
        yield
    assert error.value.response["Error"]["Code"] in DENIED, error.value


@pytest.fixture(scope="module")
def roles(world: Observer) -> Roles:
    return Roles(world)


def an_event(name: str) -> RunWaited:
    return RunWaited(
        at=datetime.now(UTC), rollout=f"r-test-{name}", target="dev/eu-west-1", attempt=1, blocked_by="r-0"
    )


def key_of(event: RunWaited) -> dict[str, Any]:
    return marshal({"pk": event.partition, "sk": event.key})


@pytest.fixture(scope="module")
def recorded(world: Observer, roles: Roles) -> RunWaited:
    """An event in the trail, put there by a role that may."""
    event = an_event("recorded")
    roles.of_function("pointsman-audit-writer").client("dynamodb").put_item(**put_of(event, world.audit_table))
    return event


def test_notify_cannot_write_to_the_trail(world: Observer, roles: Roles) -> None:
    notify = roles.of_function("pointsman-notify").client("dynamodb")
    with refused():
        notify.put_item(**put_of(an_event("notify"), world.audit_table))


def test_notify_writes_its_own_items_and_no_rollout(world: Observer, roles: Roles) -> None:
    notify = roles.of_function("pointsman-notify").client("dynamodb")
    notify.put_item(TableName=world.rollouts_table, Item=marshal({"pk": "SLACK#r-test", "sk": "MESSAGE"}))
    with refused():
        notify.put_item(TableName=world.rollouts_table, Item=marshal({"pk": "ROLLOUT#r-test", "sk": "ROLLOUT"}))
    notify.delete_item(TableName=world.rollouts_table, Key=marshal({"pk": "SLACK#r-test", "sk": "MESSAGE"}))
    with refused():
        notify.delete_item(TableName=world.rollouts_table, Key=marshal({"pk": "ROLLOUT#r-test", "sk": "ROLLOUT"}))


def test_the_writers_of_rollouts_write_their_own_partitions_in_transactions_too(world: Observer, roles: Roles) -> None:
    def put(pk: str) -> dict[str, Any]:
        return {"Put": {"TableName": world.rollouts_table, "Item": marshal({"pk": pk, "sk": "test"})}}

    start_build = roles.of_function("pointsman-start-build").client("dynamodb")
    receiver = roles.of_function("pointsman-command-receiver").client("dynamodb")
    start_build.transact_write_items(TransactItems=[put("ROUTE#test"), put("QUEUE#test")])
    receiver.transact_write_items(TransactItems=[put("ROUTE#test-2"), put("ROLLOUT#r-test-2")])
    for client, other in ((start_build, "FREEZES"), (start_build, "SLACK#test"), (receiver, "QUEUE#test")):
        with refused():
            client.transact_write_items(TransactItems=[put("ROLLOUT#r-test-3"), put(other)])
    with refused():
        receiver.delete_item(TableName=world.rollouts_table, Key=marshal({"pk": "ROLLOUT#r-test-2", "sk": "test"}))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_can_delete_or_alter_what_is_in_the_trail(
    world: Observer, roles: Roles, recorded: RunWaited, function: str
) -> None:
    dynamodb = roles.of_function(function).client("dynamodb")
    deny_alteration(dynamodb, world.audit_table, recorded)


@pytest.mark.parametrize("account", ["control"])
def test_not_even_the_accounts_root_can_delete_or_alter_what_is_in_the_trail(
    world: Observer, recorded: RunWaited, account: str
) -> None:
    deny_alteration(world.cloud.client("dynamodb", account), world.audit_table, recorded)


def deny_alteration(dynamodb: Any, table: str, event: RunWaited) -> None:
    with refused():
        dynamodb.delete_item(TableName=table, Key=key_of(event))
    with refused():
        dynamodb.update_item(
            TableName=table,
            Key=key_of(event),
            UpdateExpression="SET actor = :a",
            ExpressionAttributeValues=marshal({":a": "somebody else"}),
        )
    with refused():
        dynamodb.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": key_of(event)}}]})
    with refused():
        dynamodb.transact_write_items(TransactItems=[{"Delete": {"TableName": table, "Key": key_of(event)}}])


def test_only_the_trails_writers_put_items_into_it_not_even_root(world: Observer) -> None:
    root = world.cloud.client("dynamodb")
    with refused():
        root.put_item(**put_of(an_event("root"), world.audit_table))
    with refused():
        root.transact_write_items(TransactItems=[{"Put": put_of(an_event("root"), world.audit_table)}])


def test_only_the_break_glass_role_changes_the_trails_table(world: Observer) -> None:
    root = world.cloud.client("dynamodb")
    with refused():
        root.update_table(TableName=world.audit_table, DeletionProtectionEnabled=False)
    with refused():
        root.delete_table(TableName=world.audit_table)


def test_an_erratum_takes_a_secret_out_under_the_break_glass_role_alone(
    world: Observer, roles: Roles, recorded: RunWaited
) -> None:
    removal = Removal(recorded.partition, recorded.key, ("blocked_by",), "it was a secret")
    with pytest.raises(Misconfigured, match="AccessDenied"):
        redact(world.cloud.client("dynamodb"), world.audit_table, removal, "root", datetime.now(UTC))
    glass = roles.made("control", "pointsman-break-glass", ["dynamodb:GetItem", "dynamodb:PutItem"])
    erratum = redact(glass.client("dynamodb"), world.audit_table, removal, "omar", datetime.now(UTC))
    trail = DynamoTrail(world.cloud.client("dynamodb"), world.audit_table)
    altered = recorded.replace(blocked_by=f"[removed: erratum {erratum.erratum}]")
    assert trail.of_partition(recorded.partition) == [altered, erratum]


def test_the_receiver_sends_and_reads_its_secret_and_nothing_else(world: Observer, roles: Roles) -> None:
    receiver = roles.of_function("pointsman-webhook-receiver")
    secrets = receiver.client("secretsmanager")
    assert secrets.get_secret_value(SecretId=WEBHOOK_SECRET)["SecretString"]
    with refused():
        secrets.get_secret_value(SecretId=SLACK_SECRET)
    with refused():
        receiver.client("dynamodb").get_item(
            TableName=world.rollouts_table, Key=marshal({"pk": "ROLLOUT#r-1", "sk": "ROLLOUT"})
        )
    with refused():
        receiver.client("sqs").receive_message(QueueUrl=world.cloud.record.outputs["ChangesQueueUrl"])


def test_the_audit_writer_reads_no_secret_and_writes_no_rollout(world: Observer, roles: Roles) -> None:
    writer = roles.of_function("pointsman-audit-writer")
    with refused():
        writer.client("secretsmanager").get_secret_value(SecretId=SLACK_SECRET)
    with refused():
        writer.client("dynamodb").put_item(
            TableName=world.rollouts_table, Item=marshal({"pk": "ROLLOUT#r-test", "sk": "ROLLOUT"})
        )


def test_start_build_enters_the_workers_role_only_with_the_external_id(world: Observer, roles: Roles) -> None:
    sts = roles.of_function("pointsman-start-build").client("sts")
    arn = "arn:aws:iam::222222222222:role/pointsman-start-eu-west-1"
    external_id = external_id_of(world)
    assert sts.assume_role(RoleArn=arn, RoleSessionName="test", ExternalId=external_id)["Credentials"]
    with refused():
        sts.assume_role(RoleArn=arn, RoleSessionName="test", ExternalId="a guess")
    with refused():
        sts.assume_role(RoleArn=arn, RoleSessionName="test")
    with refused():
        sts.assume_role(RoleArn="arn:aws:iam::222222222222:role/pointsman-build-eu-west-1", RoleSessionName="test")


def external_id_of(world: Observer) -> str:
    configuration = world.cloud.client("lambda").get_function_configuration(FunctionName="pointsman-start-build")
    external_id: str = configuration["Environment"]["Variables"]["EXTERNAL_ID"]
    return external_id


def test_no_other_function_enters_a_worker_account(world: Observer, roles: Roles) -> None:
    arn = "arn:aws:iam::222222222222:role/pointsman-start-eu-west-1"
    for function in FUNCTIONS:
        if function != "pointsman-start-build":
            with refused():
                roles.of_function(function).client("sts").assume_role(
                    RoleArn=arn, RoleSessionName="test", ExternalId=external_id_of(world)
                )


def test_the_start_role_reaches_the_named_project_only(roles: Roles) -> None:
    codebuild = roles.named("dev", "pointsman-start-eu-west-1", "eu-west-1").client("codebuild")
    assert "ids" in codebuild.list_builds_for_project(projectName="pointsman")
    with refused():
        codebuild.start_build(projectName="another")
    with refused():
        codebuild.list_projects()


@pytest.mark.parametrize(
    "override",
    [
        {"sourceLocationOverride": "https://github.com/attacker/infra.git"},
        {"imageOverride": "attacker/image"},
        {"serviceRoleOverride": "arn:aws:iam::222222222222:role/pointsman-forward-eu-west-1"},
        {"sourceTypeOverride": "NO_SOURCE"},
        {"buildspecOverride": "version: 0.2"},
        {"environmentVariablesOverride": [{"name": "POINTSMAN_BUS", "value": "another"}]},
    ],
    ids=str,
)
@pytest.mark.parametrize("project", ["pointsman", "pointsman-check"])
def test_the_start_role_says_which_commit_and_run_and_nothing_else(
    roles: Roles, project: str, override: dict[str, Any]
) -> None:
    codebuild = roles.named("dev", "pointsman-start-eu-west-1", "eu-west-1").client("codebuild")
    with refused():
        codebuild.start_build(projectName=project, sourceVersion="0" * 40, **override)


@pytest.mark.parametrize(("project", "mode"), [("pointsman-check", "apply"), ("pointsman", "check")])
def test_the_start_role_starts_applies_and_checks_each_in_their_own_project(
    roles: Roles, project: str, mode: str
) -> None:
    codebuild = roles.named("dev", "pointsman-start-eu-west-1", "eu-west-1").client("codebuild")
    with refused():
        codebuild.start_build(
            projectName=project,
            sourceVersion="0" * 40,
            environmentVariablesOverride=[{"name": "POINTSMAN_MODE", "value": mode}],
        )


@pytest.mark.parametrize(
    ("role", "source", "of_the_other"),
    [
        ("pointsman-build-eu-west-1", "pointsman.ansible", "pointsman.check"),
        ("pointsman-check-eu-west-1", "pointsman.check", "pointsman.ansible"),
    ],
)
def test_a_build_reports_host_results_to_the_control_bus_and_can_do_no_more(
    world: Observer, roles: Roles, role: str, source: str, of_the_other: str
) -> None:
    build = roles.named("dev", role, "eu-west-1")
    bus = world.cloud.record.outputs["BusArn"]
    entry: Any = {"EventBusName": bus, "Source": source, "DetailType": "HostResultRecorded", "Detail": "{}"}
    client = build.session.client("events", region_name="us-east-1", endpoint_url=world.cloud.endpoint)
    assert client.put_events(Entries=[entry])["FailedEntryCount"] == 0
    for other in ("somebody.else", of_the_other):
        with refused():
            client.put_events(Entries=[entry | {"Source": other}])
    with refused():
        build.client("secretsmanager").get_secret_value(SecretId=WEBHOOK_SECRET)
    with refused():
        build.client("codebuild").start_build(projectName="pointsman")
    with refused():
        build.client("ec2").terminate_instances(InstanceIds=["i-00000000"])


def test_a_build_reads_the_secrets_and_parameters_that_its_stack_lists_and_a_check_none(
    world: Observer, roles: Roles
) -> None:
    secrets, parameters = (world.cloud.client(name, "dev", "eu-west-1") for name in ("secretsmanager", "ssm"))
    for name in ("infra/shown", "other/vault"):
        secrets.create_secret(Name=name, SecretString="a password")
        parameters.put_parameter(Name=f"/{name}", Value="a password", Type="SecureString")
    build = roles.named("dev", "pointsman-build-eu-west-1", "eu-west-1")
    check = roles.named("dev", "pointsman-check-eu-west-1", "eu-west-1")
    assert build.client("secretsmanager").get_secret_value(SecretId="infra/shown")["SecretString"] == "a password"
    found = build.client("ssm").get_parameter(Name="/infra/shown", WithDecryption=True)
    assert found["Parameter"]["Value"] == "a password"
    for caller, name in ((build, "other/vault"), (check, "infra/shown")):
        with refused():
            caller.client("secretsmanager").get_secret_value(SecretId=name)
        with refused():
            caller.client("ssm").get_parameter(Name=f"/{name}", WithDecryption=True)
