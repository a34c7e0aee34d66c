"""API Gateway's events of an HTTP API (payload format 2.0) and the answers to them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from pointsman.errors import Misconfigured, Rejected


def body_of(event: Mapping[str, Any]) -> bytes:
    """The raw body of a request. Raises Rejected (400) if its base64 is invalid."""
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return bytes(text.encode("utf-8", "surrogatepass"))
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Rejected(400, "the body is not valid base64") from error


def caller_of(event: Mapping[str, Any]) -> str:
    """ARN of the principal that IAM verified. Raises Misconfigured if the route admits unsigned requests."""
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    arn = (authorizer.get("iam") or {}).get("userArn")
    if not isinstance(arn, str) or not arn.startswith("arn:"):
        raise Misconfigured("the request has no identity: the route must have the authorizer AWS_IAM")
    return arn


def answer(status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a request, with a JSON body."""
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
