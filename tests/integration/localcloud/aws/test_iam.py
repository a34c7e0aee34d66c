"""Policies that the emulator does not evaluate by itself."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud import stacks
from localcloud.cloud import LocalCloud
from tests.support.localcloud import Worker, client_of, role


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
    stacks.create_stack(cloud.client("cloudformation"), "table", json.dumps(template), {})
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


def test_a_tables_own_policy_allows_the_roles_that_it_names_and_not_root(cloud: LocalCloud) -> None:
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
    own_put, other_put = (
        {"Put": {"TableName": "rollouts", "Item": {"pk": {"S": key}}}} for key in ("SLACK#r-2", "A#2")
    )
    dynamodb.transact_write_items(TransactItems=[own_put])
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.transact_write_items(TransactItems=[own_put, other_put])
    query = {"KeyConditionExpression": "#k = :v", "ExpressionAttributeNames": {"#k": "pk"}}
    dynamodb.query(TableName="rollouts", **query, ExpressionAttributeValues={":v": {"S": "SLACK#r-1"}})
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.put_item(TableName="rollouts", Item={"pk": {"S": "ROLLOUT#r-1"}})
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.get_item(TableName="rollouts", Key={"pk": {"S": "ROLLOUT#r-1"}})
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.query(TableName="rollouts", **query, ExpressionAttributeValues={":v": {"S": "ROLLOUT#r-1"}})


def test_leading_keys_narrow_each_action_of_a_transaction_by_itself(cloud: LocalCloud) -> None:
    table = cloud.client("dynamodb").create_table(
        TableName="marks",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )["TableDescription"]["TableArn"]
    arn = role(cloud, "marks", "control", Action="dynamodb:PutItem", Resource=table)
    own = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "A#*"}}
    statement = {"Effect": "Allow", "Action": "dynamodb:DeleteItem", "Resource": table, "Condition": own}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    cloud.client("iam").put_role_policy(RoleName="marks", PolicyName="deletes", PolicyDocument=document)
    dynamodb = client_of(cloud, arn, "dynamodb")
    put = {"Put": {"TableName": "marks", "Item": {"pk": {"S": "B#1"}}}}
    own_delete, other_delete = ({"Delete": {"TableName": "marks", "Key": {"pk": {"S": key}}}} for key in ("A#1", "B#2"))
    dynamodb.transact_write_items(TransactItems=[put, own_delete])
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.transact_write_items(TransactItems=[put, other_delete])


def test_a_condition_can_refuse_a_buildspec_given_at_the_start(cloud: LocalCloud) -> None:
    given = {"Null": {"codebuild:source.buildspec": "true"}}
    arn = role(cloud, "no-override", Action="codebuild:StartBuild", Resource="*", Condition=given)
    codebuild = client_of(cloud, arn, "codebuild", "eu-west-1")
    sha = Worker(cloud).commit('{"version": 0.2}')
    assert codebuild.start_build(projectName="pointsman", sourceVersion=sha)
    with pytest.raises(ClientError, match="AccessDenied"):
        codebuild.start_build(projectName="pointsman", sourceVersion=sha, buildspecOverride="version: 0.2")
