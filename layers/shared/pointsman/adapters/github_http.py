"""GitHub's REST API over HTTPS: within a deadline, and with each refusal sorted by who must act."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from functools import partial
from threading import Thread
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

from pointsman.errors import Misconfigured, Unavailable

API_VERSION = "2022-11-28"
MOST_BYTES = 25_000_000  # a tree has 7 MB at most, a comparison the patches of 300 files
CONNECT_SECONDS = 1.0
TRIES = 2
_CHUNK = 65_536
NO_ANSWER = "GitHub's API gave no answer in time"
_PASSING = {500, 502, 503, 504}
# A renamed repository is followed. Whoever says Retry-After is not asked again: there is no time to wait.
_REDIRECTS = urllib3.Retry(total=2, connect=0, read=0, status=0, other=0, redirect=2, respect_retry_after_header=False)

type Clock = Callable[[], float]


class Deadline:
    """A moment that lies `seconds` ahead. `clock` gives seconds that never go back."""

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Seconds left. Raises Unavailable when there are none."""
        left = self._end - self._clock()
        if left <= 0:
            raise Unavailable(NO_ANSWER)
        return left


class GithubHttp:
    """The API at `url`, such as https://api.github.com; of GitHub Enterprise Server https://host/api/v3."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._pool = urllib3.PoolManager(retries=_REDIRECTS)

    def ask(self, method: str, path: str, token: str, deadline: Deadline, body: Mapping[str, Any] | None = None) -> Any:
        """The answer's JSON. Raises Unavailable or Misconfigured."""
        for attempt in range(1, TRIES + 1):
            try:
                return _within(deadline, partial(self._ask, method, path, token, deadline, body))
            except _Transient as passing:
                if attempt == TRIES:
                    raise Unavailable(str(passing)) from passing
        raise AssertionError("the last try answers or raises")

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
            raise _Transient(f"GitHub's API can't be reached ({type(error).__name__})") from error
        _check(response, path)
        try:
            return json.loads(content)
        except ValueError as error:
            raise _Transient("GitHub's API answered something that is no JSON") from error


def _within(deadline: Deadline, call: Callable[[], Any]) -> Any:
    """What `call` gives, or Unavailable in time: a socket's time-out begins anew with each byte and each redirect."""
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
    except TimeoutError as late:
        raise Unavailable(NO_ANSWER) from late


class _Transient(Exception):
    """A fault that may be gone at once."""


def _read(response: urllib3.BaseHTTPResponse, deadline: Deadline) -> bytes:
    """The body. A connection that is not read to its end is closed, not used again."""
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
            raise Unavailable(f"GitHub's API answered more than {MOST_BYTES:,} bytes")
        yield part


def _check(response: urllib3.BaseHTTPResponse, path: str) -> None:
    """https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api."""
    status = response.status
    if 200 <= status < 300:
        return
    if status in _PASSING and "retry-after" not in response.headers:
        raise _Transient(f"GitHub's API answered {status}")
    limited = response.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in response.headers
    if status == 429 or (status == 403 and limited):
        raise Unavailable(f"GitHub's API takes no more requests for now ({status})")
    if status == 401:
        raise Misconfigured("GitHub's API does not know the token (401)")
    if status == 403:
        raise Misconfigured("GitHub's API forbids it to the token (403): it needs to read contents")
    if path.startswith("/app/") and status in (404, 422):
        raise Misconfigured(
            f"GitHub's API knows no such installation of the App that may read the repository ({status})"
        )
    if status == 404:
        raise Unavailable("GitHub's API finds no such commit, or the token may not read the repository (404)")
    raise Unavailable(f"GitHub's API answered {status}")
