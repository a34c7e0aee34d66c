"""What the local cloud adds to its emulator: buses, resource types, policies, functions."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from localcloud import deploy
from localcloud.cloud import PATIENCE, LocalCloud, LocalCloudError, wait_until
from tests.support.localcloud import BUS, Worker, small_cloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with small_cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


def role(cloud: LocalCloud, name: str, account: str = "dev", **statement: Any) -> str:
    """A role that its account's root may assume, with one statement; its ARN."""
    number = {"dev": "222222222222", "prod": "333333333333", "control": "111111111111"}[account]
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": number}, "Action": "sts:AssumeRole"}]}
    iam = cloud.client("iam", account)
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    iam.put_role_policy(RoleName=name, PolicyName="one", PolicyDocument=json.dumps(document))
    return str(arn)


def client_of(cloud: LocalCloud, arn: str, service: str, region: str = "us-east-1") -> Any:
    """A client as a session of a role."""
    sts = cloud.client("sts", arn.split(":")[4])
    held = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    keys = (held["AccessKeyId"], held["SecretAccessKey"], held["SessionToken"])
    session: Any = boto3.session.Session(*keys, region_name=region)
    return session.client(service, endpoint_url=cloud.endpoint)


def entry(source: str = "pointsman.ansible", resource: str = "arn:x") -> dict[str, Any]:
    return {
        "Source": source,
        "DetailType": "HostResultRecorded",
        "Detail": "{}",
        "EventBusName": BUS,
        "Resources": [resource],
    }


# --- events between accounts


def test_an_event_crosses_accounts_when_both_sides_allow_it(cloud: LocalCloud) -> None:
    events = client_of(cloud, role(cloud, "build-allowed", Action="events:PutEvents", Resource=BUS), "events")
    assert events.put_events(Entries=[entry(resource="arn:crossed")])["FailedEntryCount"] == 0
    (event,) = Worker(cloud).events(1, "arn:crossed")
    assert (event["account"], event["region"], event["source"]) == ("222222222222", "us-east-1", "pointsman.ansible")


def test_the_senders_own_policy_must_allow_it(cloud: LocalCloud) -> None:
    events = client_of(cloud, role(cloud, "build-without", Action="s3:GetObject", Resource="*"), "events")
    with pytest.raises(ClientError, match="not authorized to perform: events:PutEvents"):
        events.put_events(Entries=[entry()])


def test_the_buss_policy_must_allow_the_role_and_the_source(cloud: LocalCloud) -> None:
    stranger = client_of(cloud, role(cloud, "stranger", Action="events:PutEvents", Resource=BUS), "events")
    builder = client_of(cloud, role(cloud, "build-other", Action="events:PutEvents", Resource=BUS), "events")
    other_account = client_of(cloud, role(cloud, "build-p", "prod", Action="events:PutEvents", Resource=BUS), "events")
    for events, source in ((stranger, "pointsman.ansible"), (builder, "mine"), (other_account, "pointsman.ansible")):
        answer = events.put_events(Entries=[entry(source)])
        assert answer["FailedEntryCount"] == 1
        assert answer["Entries"][0]["ErrorCode"] == "AccessDeniedException"


def test_a_condition_on_the_source_holds_in_the_senders_policy(cloud: LocalCloud) -> None:
    only = {"StringEquals": {"events:source": "pointsman.ansible"}}
    arn = role(cloud, "build-narrow", Action="events:PutEvents", Resource=BUS, Condition=only)
    events = client_of(cloud, arn, "events")
    assert events.put_events(Entries=[entry()])["FailedEntryCount"] == 0
    with pytest.raises(ClientError, match="events:PutEvents"):
        events.put_events(Entries=[entry("forged")])


def test_nobody_but_aws_puts_an_event_of_aws(cloud: LocalCloud) -> None:
    events = client_of(cloud, role(cloud, "build-forger", Action="events:PutEvents", Resource=BUS), "events")
    answer = events.put_events(Entries=[entry("aws.codebuild"), entry(resource="arn:beside")])
    assert [each.get("ErrorCode") for each in answer["Entries"]] == ["NotAuthorizedForSourceException", None]
    assert Worker(cloud).events(1, "arn:beside")


def test_a_rules_role_must_be_allowed_to_forward(cloud: LocalCloud) -> None:
    worker = Worker(cloud)
    iam = cloud.client("iam", "dev")
    kept = iam.get_role_policy(RoleName="forward-role", PolicyName="all")["PolicyDocument"]
    iam.delete_role_policy(RoleName="forward-role", PolicyName="all")
    silent = worker.run('{"version": 0.2}')
    iam.put_role_policy(RoleName="forward-role", PolicyName="all", PolicyDocument=json.dumps(kept))
    told = worker.run('{"version": 0.2}')
    assert len(worker.events(2, told["arn"])) == 2
    archive = cloud.client("events").describe_archive(ArchiveName="all")
    assert archive["EventCount"] >= 2
    assert "may not events:PutEvents" in cloud.layout.server_log.read_text()
    assert silent["buildStatus"] == "SUCCEEDED"


# --- tables


@pytest.fixture(scope="module")
def table(cloud: LocalCloud) -> str:
    """An append-only table, made by CloudFormation; its ARN."""
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["dynamodb:DeleteItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"],
        "Resource": "*",
    }
    properties = {
        "TableName": "trail",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "ResourcePolicy": {"PolicyDocument": {"Version": "2012-10-17", "Statement": [deny]}},
    }
    template = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": properties}}}
    deploy.create_stack(cloud.client("cloudformation"), "table", json.dumps(template), {})
    return "arn:aws:dynamodb:us-east-1:111111111111:table/trail"


def test_a_tables_own_policy_binds_even_its_accounts_root(cloud: LocalCloud, table: str) -> None:
    dynamodb = cloud.client("dynamodb")
    dynamodb.put_item(TableName="trail", Item={"pk": {"S": "a"}})
    with pytest.raises(ClientError, match="DeleteItem"):
        dynamodb.delete_item(TableName="trail", Key={"pk": {"S": "a"}})
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.batch_write_item(RequestItems={"trail": [{"DeleteRequest": {"Key": {"pk": {"S": "a"}}}}]})
    delete = {"Delete": {"TableName": "trail", "Key": {"pk": {"S": "a"}}}}
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.transact_write_items(TransactItems=[delete])
    assert dynamodb.get_item(TableName="trail", Key={"pk": {"S": "a"}})["Item"]


def test_a_tables_own_policy_binds_a_role_that_is_allowed_everything(cloud: LocalCloud, table: str) -> None:
    everything = client_of(cloud, role(cloud, "everything", "control", Action="dynamodb:*", Resource="*"), "dynamodb")
    everything.put_item(TableName="trail", Item={"pk": {"S": "b"}})
    with pytest.raises(ClientError, match="explicit deny"):
        everything.delete_item(TableName="trail", Key={"pk": {"S": "b"}})


def test_a_tables_own_policy_lets_in_the_roles_that_it_names_and_not_root(cloud: LocalCloud) -> None:
    dynamodb = cloud.client("dynamodb")
    keys: Any = {"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    names = [{"AttributeName": "pk", "AttributeType": "S"}]
    writer = role(cloud, "writer", "control", Action="dynamodb:*", Resource="*")
    other = role(cloud, "not-writer", "control", Action="dynamodb:*", Resource="*")
    but = {"ArnNotEquals": {"aws:PrincipalArn": [writer]}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "dynamodb:PutItem", "Resource": "*", "Condition": but}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    made = dynamodb.create_table(TableName="guarded", AttributeDefinitions=names, **keys)["TableDescription"]
    dynamodb.put_resource_policy(ResourceArn=made["TableArn"], Policy=policy)
    item: Any = {"TableName": "guarded", "Item": {"pk": {"S": "a"}}}
    for refused in (dynamodb, client_of(cloud, other, "dynamodb")):
        with pytest.raises(ClientError, match="explicit deny"):
            refused.put_item(**item)
        with pytest.raises(ClientError, match="AccessDenied"):
            refused.transact_write_items(TransactItems=[{"Put": item}])
    allowed = client_of(cloud, writer, "dynamodb")
    allowed.put_item(**item)
    allowed.transact_write_items(TransactItems=[{"Put": item}])


def test_leading_keys_narrow_a_role_to_its_items(cloud: LocalCloud) -> None:
    cloud.client("dynamodb").create_table(
        TableName="rollouts",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    own = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["SLACK#*"]}}
    actions = ["dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:Query"]
    dynamodb = client_of(
        cloud, role(cloud, "narrow", "control", Action=actions, Resource="*", Condition=own), "dynamodb"
    )
    dynamodb.put_item(TableName="rollouts", Item={"pk": {"S": "SLACK#r-1"}})
    query = {"KeyConditionExpression": "#k = :v", "ExpressionAttributeNames": {"#k": "pk"}}
    dynamodb.query(TableName="rollouts", **query, ExpressionAttributeValues={":v": {"S": "SLACK#r-1"}})
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.put_item(TableName="rollouts", Item={"pk": {"S": "ROLLOUT#r-1"}})
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.get_item(TableName="rollouts", Key={"pk": {"S": "ROLLOUT#r-1"}})
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.query(TableName="rollouts", **query, ExpressionAttributeValues={":v": {"S": "ROLLOUT#r-1"}})


def test_a_condition_can_refuse_a_buildspec_given_at_the_start(cloud: LocalCloud) -> None:
    given = {"Null": {"codebuild:source.buildspec": "true"}}
    arn = role(cloud, "no-override", Action="codebuild:StartBuild", Resource="*", Condition=given)
    codebuild = client_of(cloud, arn, "codebuild", "eu-west-1")
    sha = Worker(cloud).commit('{"version": 0.2}')
    assert codebuild.start_build(projectName="pointsman", sourceVersion=sha)
    with pytest.raises(ClientError, match="AccessDenied"):
        codebuild.start_build(projectName="pointsman", sourceVersion=sha, buildspecOverride="version: 0.2")


# --- functions and their API

FUNCTION = """
import importlib.util, json, os, sys

def handler(event, context):
    import boto3
    if event.get("fail"):
        raise RuntimeError("as asked")
    found = {name: importlib.util.find_spec(name) is not None for name in ("boto3", "ansible", "pytest", "localcloud")}
    who = boto3.client("sts").get_caller_identity()["Arn"]
    seen = {"found": found, "who": who, "path": event.get("rawPath"), "secret": os.environ.get("GITHUB_TOKEN")}
    return {"statusCode": 202, "body": json.dumps(seen)}
"""


@pytest.fixture(scope="module")
def api(cloud: LocalCloud) -> str:
    """An HTTP API whose routes are in its OpenAPI body, before a function; its id."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("main.py", FUNCTION)
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="main.zip", Body=archive.getvalue())
    failing = {
        "Type": "EventBridgeRule",
        "Properties": {"Pattern": {"source": ["failing"]}, "Input": '{"fail": true}'},
    }
    route = {"Type": "HttpApi", "Properties": {"Method": "POST", "Path": "/github", "ApiId": {"Ref": "Api"}}}
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "Api": {"Type": "AWS::Serverless::HttpApi"},
            "DeadLetters": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "dead"}},
            "Function": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "FunctionName": "receiver",
                    "Runtime": "python3.13",
                    "Handler": "main.handler",
                    "CodeUri": "s3://code/main.zip",
                    "EventInvokeConfig": {
                        "MaximumRetryAttempts": 1,
                        "DestinationConfig": {
                            "OnFailure": {"Type": "SQS", "Destination": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
                        },
                    },
                    "Events": {
                        "Github": route,
                        "Failing": failing,
                    },
                },
            },
        },
        "Outputs": {"ApiId": {"Value": {"Ref": "Api"}}},
    }
    cloudformation = cloud.client("cloudformation")
    deploy.create_stack(cloudformation, "api", json.dumps(template), {})
    return deploy.outputs(cloudformation, "api")["ApiId"]


def test_an_openapi_body_makes_routes_and_a_function_sees_boto3_and_nothing_of_this_checkout(
    cloud: LocalCloud, api: str
) -> None:
    url = f"{cloud.endpoint}/_aws/execute-api/{api}/$default/github"
    answer = httpx.post(url, json={}, timeout=PATIENCE)
    assert answer.status_code == 202
    seen = answer.json()
    assert seen["found"] == {"boto3": True, "ansible": False, "pytest": False, "localcloud": False}
    assert ":assumed-role/" in seen["who"]
    assert seen["secret"] is None
    assert seen["path"] == "/github"
    assert httpx.get(url).status_code == 404


def test_an_event_that_a_function_cannot_take_lands_in_its_dead_letter_queue(cloud: LocalCloud, api: str) -> None:
    cloud.client("events").put_events(Entries=[{"Source": "failing", "DetailType": "x", "Detail": "{}"}])
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    found = wait_until(
        lambda: sqs.receive_message(QueueUrl=url).get("Messages"), PATIENCE, "nothing landed in the dead-letter queue"
    )
    assert "as asked" in json.dumps(found)


# --- streams

READER = """
import json, os, urllib.request

def handler(event, context):
    keys = [record["dynamodb"]["Keys"]["pk"]["S"] for record in event["Records"]]
    import boto3
    boto3.client("sqs").send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(keys))
    if "poison" in keys:
        at = keys.index("poison")
        return {"batchItemFailures": [{"itemIdentifier": event["Records"][at]["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}
"""


def test_a_reported_item_is_handed_over_again_and_given_up_in_the_end(cloud: LocalCloud) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("main.py", READER)
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="reader")
    s3.put_object(Bucket="reader", Key="main.zip", Body=archive.getvalue())
    stream = {
        "Type": "DynamoDB",
        "Properties": {
            "Stream": {"Fn::GetAtt": ["Table", "StreamArn"]},
            "StartingPosition": "TRIM_HORIZON",
            "MaximumBatchingWindowInSeconds": 1,
            "MaximumRetryAttempts": 1,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": {"Fn::GetAtt": ["GivenUp", "Arn"]}}},
        },
    }
    function = {
        "Runtime": "python3.13",
        "Handler": "main.handler",
        "CodeUri": "s3://reader/main.zip",
        "Environment": {"Variables": {"SEEN": {"Ref": "Batches"}}},
        "Policies": [{"SQSSendMessagePolicy": {"QueueName": {"Fn::GetAtt": ["Batches", "QueueName"]}}}],
        "Events": {"Stream": stream},
    }
    table = {
        "TableName": "streamed",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
    }
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "Table": {"Type": "AWS::DynamoDB::Table", "Properties": table},
            "Batches": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "batches"}},
            "GivenUp": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "given-up"}},
            "Reader": {"Type": "AWS::Serverless::Function", "Properties": function},
        },
    }
    deploy.create_stack(cloud.client("cloudformation"), "streamed", json.dumps(template), {})
    for key in ("one", "two", "poison", "three"):
        cloud.client("dynamodb").put_item(TableName="streamed", Item={"pk": {"S": key}})

    (given_up,) = _messages(cloud, "given-up", 1)
    assert given_up["requestContext"]["condition"] == "RetryAttemptsExhausted"
    cloud.client("dynamodb").put_item(TableName="streamed", Item={"pk": {"S": "four"}})
    batches = _messages(cloud, "batches", 4)
    assert batches == [["one", "two", "poison", "three"], ["poison", "three"], ["poison", "three"], ["four"]]


def _messages(cloud: LocalCloud, queue: str, wanted: int) -> list[Any]:
    """The bodies of a queue's messages, once there are so many."""
    sqs, found = cloud.client("sqs"), []
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]

    def enough() -> bool:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(found) >= wanted

    wait_until(enough, PATIENCE, f"{queue} has not {wanted} messages")
    return found


# --- the process


def test_it_listens_on_this_machine_alone(cloud: LocalCloud) -> None:
    port = cloud.endpoint.rpartition(":")[2]
    table = Path("/proc/net/tcp").read_text().splitlines()
    listening = [line.split()[1] for line in table if line.split()[3] == "0A"]
    mine = [address for address in listening if address.endswith(f":{int(port):04X}")]
    assert mine == [f"0100007F:{int(port):04X}"]


def test_a_second_one_in_the_same_place_is_refused(cloud: LocalCloud) -> None:
    with pytest.raises(LocalCloudError, match="already"):
        LocalCloud(cloud.layout.state).start()
