"""A bare handler with one call to SQS. It is a module of its own, so that the other bare handlers import no TLS."""

import json
import os
import ssl
from functools import cache
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

MESSAGE = json.dumps({"MessageBody": "x" * 3000}).encode()  # as long as that of a push
HEADERS = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage", "Authorization": ""}


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
