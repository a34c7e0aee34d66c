"""A client for AWS services with a JSON protocol, for functions that have no time to import boto3 (ADR 25).

It has what Secrets Manager and SQS need: signed requests over a connection that is kept, time-outs and retries. Region
and credentials come from the environment, as in Lambda.
"""

import json
import os
import random
import select
import ssl
import time
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, HTTPSConnection
from threading import Lock
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from pointsman.adapters.aws_client import FUNCTION, CallLimits
from pointsman.adapters.aws_signature import Credentials, signed_headers
from pointsman.errors import Misconfigured

_TRANSIENT_STATUSES = {429, 500, 502, 503, 504}
_TRANSIENT_CODES = (
    "Internal",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestTimeout",
    "ServiceUnavailable",
    "Throttl",
    "TooManyRequests",
)


class Service(NamedTuple):
    """How a service is addressed; botocore's service model has the same."""

    name: str  # in the host name and in the signature
    variable: str  # AWS_ENDPOINT_URL_<variable> is its endpoint, if set
    target: str  # before the operation in X-Amz-Target
    json_version: str


SECRETS_MANAGER: Final = Service("secretsmanager", "SECRETS_MANAGER", "secretsmanager", "1.1")
SQS: Final = Service("sqs", "SQS", "AmazonSQS", "1.0")


class AwsJsonError(Exception):
    """A call failed. `code` is the service's error code, or "" without an answer."""

    def __init__(self, code: str, message: str, *, is_transient: bool) -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.code = code
        self.is_transient = is_transient


class AwsJson:
    """Calls a service, one call at a time."""

    def __init__(
        self, service: Service, limits: CallLimits = FUNCTION, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._service = service
        self._limits = limits
        self._sleep = sleep
        self._connection: _Connection | None = None
        self._lock = Lock()

    def __del__(self) -> None:
        """Close the connection of a client that nobody uses any more."""
        if self._connection:
            self._connection.close()

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The service's answer. Raises AwsJsonError, or Misconfigured for a wrong environment of this function."""
        body = msgspec.json.encode(request)
        for attempt in range(1, self._limits.attempts):
            try:
                return self._call_once(operation, body)
            except AwsJsonError as error:
                if not error.is_transient:
                    raise
            self._sleep(random.random() * 2 ** (attempt - 1))  # noqa: S311 (spreads the load)
        return self._call_once(operation, body)

    def _call_once(self, operation: str, body: bytes) -> dict[str, Any]:
        headers = {
            "Host": self._caller.host,
            "Content-Type": f"application/x-amz-json-{self._service.json_version}",
            "X-Amz-Target": f"{self._service.target}.{operation}",
        }
        headers = signed_headers(
            headers, body, self._caller.credentials, self._caller.region, self._service.name, time.time()
        )
        with self._lock:
            status, answered, content = self._post(headers | _unsigned_headers(), body)
        answer = _parsed(content)
        if status == 200 and answer is not None:
            return answer
        raise _error(status, answered, answer or {})

    @cached_property
    def _caller(self) -> "_Caller":
        """What the environment says. Lambda keeps it for as long as the process lives."""
        url = endpoint(self._service)
        credentials = Credentials(
            _variable("AWS_ACCESS_KEY_ID"), _variable("AWS_SECRET_ACCESS_KEY"), os.environ.get("AWS_SESSION_TOKEN")
        )
        return _Caller(url, urlsplit(url).netloc, _variable("AWS_REGION"), credentials)

    def _post(self, headers: dict[str, str], body: bytes) -> tuple[int, HTTPMessage, bytes]:
        connection = self._connection = self._connection or _connection(self._caller.url, self._limits.connect)
        try:
            self._connect(connection)
            connection.request("POST", "/", body, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        except (OSError, HTTPException) as error:
            connection.close()
            message = f"{self._service.name} did not answer ({type(error).__name__}: {error})"
            raise AwsJsonError("", message, is_transient=True) from error

    def _connect(self, connection: "_Connection") -> None:
        """Connect, unless the kept connection is still open: the service closes it after a while without calls."""
        if connection.sock and select.select([connection.sock], [], [], 0)[0]:
            connection.close()
        if not connection.sock:
            connection.connect()
            connection.sock.settimeout(self._limits.read)


class _Caller(NamedTuple):
    """Where a service is called, and as whom."""

    url: str
    host: str
    region: str
    credentials: Credentials


class _Connection(HTTPConnection):
    """Sends the headers and the body of a request in one piece: a piece costs a system call and a record of TLS."""

    _unsent = b""

    def send(self, data: Any) -> None:
        """Keep a part of the request until the response is read."""
        self._unsent += data

    def getresponse(self) -> HTTPResponse:
        """Send the request and read the response."""
        unsent, self._unsent = self._unsent, b""
        super().send(unsent)
        return super().getresponse()


class _TlsConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


def endpoint(service: Service) -> str:
    """A service's URL. Raises Misconfigured."""
    given = os.environ.get(f"AWS_ENDPOINT_URL_{service.variable}") or os.environ.get("AWS_ENDPOINT_URL")
    url = (given or f"https://{service.name}.{_variable('AWS_REGION')}.amazonaws.com").rstrip("/")
    parts = urlsplit(url)
    if not parts.scheme.startswith("http") or not parts.netloc or parts.path:
        raise Misconfigured(f"the endpoint {url} of {service.name} must be a URL without a path")
    return url


def _connection(url: str, seconds: float) -> _Connection:
    parts = urlsplit(url)
    if parts.scheme == "https":
        authorities = os.environ.get("AWS_CA_BUNDLE", "")
        return _TlsConnection(parts.netloc, timeout=seconds, context=_tls(authorities))
    return _Connection(parts.netloc, timeout=seconds)


@cache
def _tls(authorities: str) -> ssl.SSLContext:
    """One context for all services: it parses the list of authorities, which is slow."""
    try:
        return ssl.create_default_context(cafile=authorities or None)
    except OSError as error:
        raise Misconfigured(f"AWS_CA_BUNDLE {authorities} cannot be read: {error}") from error


def _variable(name: str) -> str:
    if not (value := os.environ.get(name)):
        raise Misconfigured(f"the environment variable {name} is not set")
    return value


def _unsigned_headers() -> dict[str, str]:
    """Lambda's trace goes on to the service; SQS gives it to the function that receives the message."""
    trace = os.environ.get("_X_AMZN_TRACE_ID")
    return {"X-Amzn-Trace-Id": quote(trace, safe="-=;:+&[]{}\"',")} if trace else {}


def _parsed(content: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _error(status: int, headers: HTTPMessage, answer: Mapping[str, Any]) -> AwsJsonError:
    """https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization"""
    code = str(headers.get("x-amzn-errortype") or answer.get("__type") or answer.get("code") or status)
    code = code.partition(":")[0].rpartition("#")[2]
    message = str(answer.get("message") or answer.get("Message") or f"HTTP status {status}")
    return AwsJsonError(code, message, is_transient=status in _TRANSIENT_STATUSES or code.startswith(_TRANSIENT_CODES))
