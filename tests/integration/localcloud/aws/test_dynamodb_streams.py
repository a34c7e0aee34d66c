"""Functions that read a stream."""

import io
import json
import zipfile
from typing import Any

from localcloud import stacks
from localcloud.cloud import TIMEOUT_SECONDS, LocalCloud, wait_until

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
    stacks.create_stack(cloud.client("cloudformation"), "streamed", json.dumps(template), {})
    for key in ("one", "two", "poison", "three"):
        cloud.client("dynamodb").put_item(TableName="streamed", Item={"pk": {"S": key}})

    (given_up,) = _messages(cloud, "given-up", 1)
    assert given_up["requestContext"]["condition"] == "RetryAttemptsExhausted"
    cloud.client("dynamodb").put_item(TableName="streamed", Item={"pk": {"S": "four"}})
    batches = _messages(cloud, "batches", 4)
    assert batches == [["one", "two", "poison", "three"], ["poison", "three"], ["poison", "three"], ["four"]]


def _messages(cloud: LocalCloud, queue: str, wanted: int) -> list[Any]:
    """The bodies of a queue's messages, once there are so many."""
    sqs, bodies = cloud.client("sqs"), []
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]

    def enough() -> bool:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            bodies.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(bodies) >= wanted

    wait_until(enough, TIMEOUT_SECONDS, f"{queue} has not {wanted} messages")
    return bodies
