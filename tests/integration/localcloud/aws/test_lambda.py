"""Functions behind an HTTP API and behind a rule."""

import io
import json
import zipfile

import httpx
import pytest

from localcloud import stacks
from localcloud.cloud import TIMEOUT_SECONDS, LocalCloud, wait_until

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
    stacks.create_stack(cloudformation, "api", json.dumps(template), {})
    return stacks.outputs(cloudformation, "api")["ApiId"]


def test_an_openapi_body_makes_routes_and_a_function_sees_boto3_and_nothing_of_this_checkout(
    cloud: LocalCloud, api: str
) -> None:
    url = f"{cloud.endpoint}/_aws/execute-api/{api}/$default/github"
    answer = httpx.post(url, json={}, timeout=TIMEOUT_SECONDS)
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
        lambda: sqs.receive_message(QueueUrl=url).get("Messages"),
        TIMEOUT_SECONDS,
        "nothing landed in the dead-letter queue",
    )
    assert "as asked" in json.dumps(found)
