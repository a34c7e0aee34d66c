"""GitHub's signature of a webhook: HMAC-SHA256 over the raw body, before anything in it is read.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hmac
import re

from pointsman.errors import Rejected

_FORM = re.compile(r"sha256=[0-9a-f]{64}", re.ASCII)


def signature_of(secret: bytes, body: bytes) -> str:
    """The value of `X-Hub-Signature-256` for `body`: `sha256=` and 64 hexadecimal digits."""
    return f"sha256={hmac.digest(secret, body, 'sha256').hex()}"


def signature_in(header: str | None) -> str:
    """The signature that a header holds. Raises Rejected (401) when it is missing or can't be one."""
    if header is None:
        raise Rejected(401, "the X-Hub-Signature-256 header is missing: give the webhook a secret")
    if not _FORM.fullmatch(header):
        raise Rejected(401, "the X-Hub-Signature-256 header is not sha256= and 64 hexadecimal digits")
    return header


def is_signed(secret: bytes, body: bytes, signature: str) -> bool:
    """Whether `signature` is that of `body`, compared in constant time."""
    return hmac.compare_digest(signature_of(secret, body).encode(), signature.encode())
