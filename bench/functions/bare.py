"""Bare handlers for comparison, under the same runtime. They import nothing of the product."""

import hashlib
import hmac
import json
import os
import ssl
from functools import cache
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

MESSAGE = json.dumps({"MessageBody": "x" * 3000}).encode()  # as long as that of a push
HEADERS = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage", "Authorization": ""}


def answer(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Does nothing."""
    return {"statusCode": 200}


def read(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Check the signature of a body and parse it: the minimum for a receiver."""
    body = event["body"].encode()
    hmac.new(b"a secret", body, hashlib.sha256).hexdigest()
    return {"statusCode": 200 if isinstance(json.loads(body), dict) else 400}


def send(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Send one message to SQS, without a signature: what a receiver cannot do without."""
    connection = _connection()
    connection.request("POST", "/", MESSAGE, HEADERS)
    response = connection.getresponse()
    response.read()
    return {"statusCode": response.status}


@cache
def _connection() -> HTTPSConnection:
    return HTTPSConnection(urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc, context=ssl.create_default_context())
