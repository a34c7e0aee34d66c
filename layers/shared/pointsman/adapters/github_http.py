"""A client of GitHub's REST API with deadlines, which turns each failure into the error for who must act."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from functools import partial
from threading import Thread
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError

from pointsman.errors import Misconfigured, Unavailable

API_VERSION = "2022-11-28"
MOST_BYTES = 25_000_000  # a tree has at most 7 MB; a comparison includes the patches of 300 files
CONNECT_SECONDS = 1.0
ATTEMPTS = 2
_CHUNK = 65_536
NO_ANSWER = "GitHub's API did not answer in time"
_TRANSIENT_STATUS = {500, 502, 503, 504}
# Renamed repositories redirect. An answer with Retry-After is not retried, because there is no time to wait.
_REDIRECTS = urllib3.Retry(total=2, connect=0, read=0, status=0, other=0, redirect=2, respect_retry_after_header=False)

type Clock = Callable[[], float]


class Deadline:
    """A point in time `seconds` from now. `clock` is monotonic, in seconds."""

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """The seconds left. Raises Unavailable if there are none."""
        left = self._end - self._clock()
        if left <= 0:
            raise Unavailable(NO_ANSWER)
        return left


class GithubHttp:
    """The API at `url`: https://api.github.com, or https://host/api/v3 of GitHub Enterprise Server.

    `certificates`, in PEM, replace the public authorities: a server in a company's network often has a private one.
    """

    def __init__(self, url: str, certificates: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._pool = urllib3.PoolManager(retries=_REDIRECTS, ca_cert_data=certificates)

    def ask(self, method: str, path: str, token: str, deadline: Deadline, body: Mapping[str, Any] | None = None) -> Any:
        """Send a request and return the JSON of the answer. Raises Unavailable or Misconfigured."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _within(deadline, partial(self._ask, method, path, token, deadline, body))
            except _Transient as failure:
                if attempt == ATTEMPTS:
                    raise Unavailable(str(failure)) from failure
        raise AssertionError("the last attempt returns or raises")

    def _ask(self, method: str, path: str, token: str, deadline: Deadline, body: Mapping[str, Any] | None) -> Any:
        left = deadline.left()
        try:
            response = self._pool.request(
                method,
                f"{self._url}{path}",
                headers={
                    "Accept": "application/vnd.github+json",
                    "Authorization": f"Bearer {token}",
                    "User-Agent": "pointsman",
                    "X-GitHub-Api-Version": API_VERSION,
                },
                body=json.dumps(body) if body is not None else None,
                timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, left), read=left),
                preload_content=False,
            )
            content = _read(response, deadline)
        except HTTPError as error:
            deadline.left()
            raise _unreachable(error) from error
        _check(response, path)
        try:
            return json.loads(content)
        except ValueError as error:
            raise _Transient("GitHub's API did not answer with valid JSON") from error


def _unreachable(error: HTTPError) -> Exception:
    cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
    if "CERTIFICATE_VERIFY_FAILED" in str(cause):
        return Misconfigured(
            "the certificate of GitHub's API is not trusted: if a private authority signed it, set GithubCertificateArn"
        )
    return _Transient(f"GitHub's API cannot be reached ({type(cause).__name__})")


def _within(deadline: Deadline, call: Callable[[], Any]) -> Any:
    """Return `call()`, or raise Unavailable at the deadline. A socket time-out restarts with every byte."""
    future: Future[Any] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    left = deadline.left()
    Thread(target=work, daemon=True, name="github").start()
    try:
        return future.result(left)
    except TimeoutError as error:
        raise Unavailable(NO_ANSWER) from error


class _Transient(Exception):
    """A failure for which a second attempt may help."""


def _read(response: urllib3.BaseHTTPResponse, deadline: Deadline) -> bytes:
    """Read the body. A connection that was not read to its end is closed, because it cannot be reused."""
    try:
        content = b"".join(_parts(response, deadline))
    except BaseException:
        response.close()
        raise
    response.release_conn()
    return content


def _parts(response: urllib3.BaseHTTPResponse, deadline: Deadline) -> Iterator[bytes]:
    size = 0
    for part in response.stream(_CHUNK):
        deadline.left()
        size += len(part)
        if size > MOST_BYTES:
            raise Unavailable(f"GitHub's API answered with more than {MOST_BYTES:,} bytes")
        yield part


def _check(response: urllib3.BaseHTTPResponse, path: str) -> None:
    """https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api."""
    status = response.status
    if 200 <= status < 300:
        return
    if status in _TRANSIENT_STATUS and "retry-after" not in response.headers:
        raise _Transient(f"GitHub's API answered {status}")
    limited = response.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in response.headers
    if status == 429 or (status == 403 and limited):
        raise Unavailable(f"the rate limit of GitHub's API is exceeded ({status})")
    if status == 401:
        raise Misconfigured("GitHub's API rejects the token (401): store a valid one in the secret")
    if status == 403:
        raise Misconfigured("GitHub's API denies access (403): give the token read access to contents")
    if path.startswith("/app/") and status in (404, 422):
        raise Misconfigured(
            f"GitHub's API finds no installation of the App for this repository ({status}): check installation_id"
        )
    if status == 404:
        raise Unavailable("GitHub's API does not find the commit, or the token has no access to the repository (404)")
    raise Unavailable(f"GitHub's API answered {status}")
