"""GitHub's signature of a webhook: HMAC-SHA256 over the raw body, before anything in it is read.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hmac
import re
from collections.abc import Mapping

from pointsman.errors import Rejected

HEADER, OLD_HEADER = "x-hub-signature-256", "x-hub-signature"
_FORM = re.compile(r"sha256=[0-9a-f]{64}", re.ASCII)
_DIGITS = re.compile(r"sha256=([0-9a-f]*)", re.ASCII)
_TOO_OLD = "GitHub Enterprise Server before 3.0 signs so and is not supported: update it (SHA-1 proves no sender)"


def signature_of(secret: bytes, body: bytes) -> str:
    """The value of `X-Hub-Signature-256` for `body`: `sha256=` and 64 hexadecimal digits."""
    return f"sha256={hmac.digest(secret, body, 'sha256').hex()}"


def signature_in(headers: Mapping[str, str]) -> str:
    """The signature in a request's headers (names in lower case). Raises Rejected (401) with what is wrong with it.

    Beside a signature by SHA-256, GitHub sends the older one by SHA-1 too, which is not looked at.
    """
    signature = headers.get(HEADER)
    if not signature:
        raise Rejected(401, _why_unsigned(headers))
    if not _FORM.fullmatch(signature):
        raise Rejected(401, f"the X-Hub-Signature-256 header {_why_malformed(signature)}")
    return signature


def _why_unsigned(headers: Mapping[str, str]) -> str:
    if headers.get(OLD_HEADER):
        return f"the request is signed with SHA-1 alone (X-Hub-Signature): {_TOO_OLD}"
    return "the X-Hub-Signature-256 header is missing: give the webhook a secret"


def _why_malformed(signature: str) -> str:
    if signature.startswith("sha1="):
        return f"holds a signature by SHA-1: {_TOO_OLD}"
    found = _DIGITS.fullmatch(signature)
    if found:
        return f"has {len(found[1])} hexadecimal digits and not 64: something on its way changed it"
    return "is not sha256= and 64 hexadecimal digits in lower case: something on its way changed it"


def is_signed(secret: bytes, body: bytes, signature: str) -> bool:
    """Whether `signature` is that of `body`, compared in constant time."""
    return hmac.compare_digest(signature_of(secret, body).encode(), signature.encode())
