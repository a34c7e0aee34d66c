"""AWS Signature Version 4 of a POST to the root of an endpoint.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

_ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(NamedTuple):
    """An access key, with the session token of temporary credentials."""

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"Credentials({self.access_key!r})"


def signed_headers(
    headers: Mapping[str, str], body: bytes, credentials: Credentials, region: str, service: str, now: float
) -> dict[str, str]:
    """`headers` with date, token and signature. They must have the host; `now` is in seconds since 1970."""
    timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    complete = {**headers, "X-Amz-Date": timestamp}
    if credentials.token:
        complete["X-Amz-Security-Token"] = credentials.token
    values = {name.lower(): " ".join(value.split()) for name, value in sorted(complete.items(), key=_lower)}
    names = ";".join(values)
    canonical_headers = "".join(f"{name}:{value}\n" for name, value in values.items())
    request = f"POST\n/\n\n{canonical_headers}\n{names}\n{_digest(body)}"
    scope_parts = (timestamp[:8], region, service, "aws4_request")
    scope = "/".join(scope_parts)
    to_sign = f"{_ALGORITHM}\n{timestamp}\n{scope}\n{_digest(request.encode())}"
    signature = _hmac(_key(credentials.secret_key, scope_parts), to_sign).hex()
    credential = f"Credential={credentials.access_key}/{scope}"
    complete["Authorization"] = f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"
    return complete


@lru_cache(maxsize=4)
def _key(secret_key: str, scope: tuple[str, ...]) -> bytes:
    """The key for one day, region and service."""
    key = f"AWS4{secret_key}".encode()
    for part in scope:
        key = _hmac(key, part)
    return key


def _lower(header: tuple[str, str]) -> str:
    return header[0].lower()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
