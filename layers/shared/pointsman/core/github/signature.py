"""GitHub's webhook signature: HMAC-SHA256 of the raw body.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hmac
import re
from collections.abc import Mapping

from pointsman.errors import Rejected

HEADER, SHA1_HEADER = "x-hub-signature-256", "x-hub-signature"
_FORMAT = re.compile(r"sha256=[0-9a-f]{64}", re.ASCII)
_DIGITS = re.compile(r"sha256=([0-9a-f]*)", re.ASCII)
_UPGRADE = "SHA-1 is not secure; upgrade GitHub Enterprise Server to 3.0 or later"


def signature_of(secret: bytes, body: bytes) -> str:
    """The value of `X-Hub-Signature-256` for `body`: `sha256=` and 64 hexadecimal digits."""
    return f"sha256={hmac.digest(secret, body, 'sha256').hex()}"


def signature_in(headers: Mapping[str, str]) -> str:
    """The signature in a request's headers (names in lower case). Raises Rejected (401) with the reason.

    GitHub also sends a SHA-1 signature beside the SHA-256 one. It is not used.
    """
    signature = headers.get(HEADER)
    if not signature:
        raise Rejected(401, _why_missing(headers))
    if not _FORMAT.fullmatch(signature):
        raise Rejected(401, f"the X-Hub-Signature-256 header {_why_malformed(signature)}")
    return signature


def _why_missing(headers: Mapping[str, str]) -> str:
    if headers.get(SHA1_HEADER):
        return f"the request only has a SHA-1 signature (X-Hub-Signature): {_UPGRADE}"
    return "the X-Hub-Signature-256 header is missing: set a secret on the webhook"


def _why_malformed(signature: str) -> str:
    if signature.startswith("sha1="):
        return f"contains a SHA-1 signature: {_UPGRADE}"
    digits = _DIGITS.fullmatch(signature)
    if digits:
        return f"has {len(digits[1])} hexadecimal digits instead of 64: it was changed in transit"
    return "is not sha256= followed by 64 lower case hexadecimal digits: it was changed in transit"


def is_signed(secret: bytes, body: bytes, signature: str) -> bool:
    """Whether `signature` is that of `body`, compared in constant time."""
    return hmac.compare_digest(signature_of(secret, body).encode(), signature.encode())
