"""Bare handlers for comparison, under the same runtime. They import nothing of the product."""

import hashlib
import hmac
import json
from typing import Any


def answer(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Does nothing."""
    return {"statusCode": 200}


def read(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Check the signature of a body and parse it: the minimum for a receiver."""
    body = event["body"].encode()
    hmac.new(b"a secret", body, hashlib.sha256).hexdigest()
    return {"statusCode": 200 if isinstance(json.loads(body), dict) else 400}
