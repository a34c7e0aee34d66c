"""Failures, delays and rate limits of the REST API that tests request."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final

from localcloud.github.app import DOCS, GithubApiError

LIMIT: Final = 5000
_LIMITS: Final = f"{DOCS}/using-the-rest-api/rate-limits-for-the-rest-api"
_RESET_SECONDS: Final = 3600
_RETRY_SECONDS: Final = 60


@dataclass
class _Fault:
    """The failure or delay of the next calls whose path contains a text."""

    path_contains: str
    times: float
    status: int = 0
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class GithubFaults:
    """The failures, delays and rate limits that are active."""

    def __init__(self) -> None:
        self.rate_limited: str | bool = False
        """True or "primary" for the hourly limit, "secondary" for the limit for bursts."""
        self._faults: list[_Fault] = []
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._used, self._reset = 0, time.time() + _RESET_SECONDS

    def configure(self, options: dict[str, Any]) -> None:
        """See GithubApi.control."""
        with self._lock:
            for name in ("fail", "delay"):
                if values := options.get(name):
                    self._faults.append(_fault(values))
            self.rate_limited = options.get("rate_limited", self.rate_limited)

    def clear(self) -> None:
        """Remove all of them, and end all delays."""
        with self._lock:
            self._faults.clear()
            self.rate_limited = False
            self._used = 0
            self._released.set()
            self._released = threading.Event()

    def wait(self, path: str) -> None:
        """Delay a call, if requested."""
        with self._lock:
            delay, released = self._take(path, delays=True), self._released
        if delay:
            released.wait(delay.seconds)

    def raise_for(self, path: str) -> None:
        """GithubApiError when this call must fail."""
        with self._lock:
            fault = self._take(path, delays=False)
        if fault:
            raise GithubApiError(
                fault.status, fault.message or _MESSAGES.get(fault.status, "Error"), headers=fault.headers
            )

    def raise_for_limit(self, who: str) -> None:
        """Count a call; GithubApiError above the limit."""
        with self._lock:
            self._used += 1
            kind = self.rate_limited or (self._used > LIMIT and "primary")
        if kind == "secondary":
            message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
            raise GithubApiError(
                403, message, f"{_LIMITS}#about-secondary-rate-limits", {"retry-after": str(_RETRY_SECONDS)}
            )
        if kind:
            message = f"API rate limit exceeded for {who}."
            raise GithubApiError(403, message, f"{_LIMITS}#about-primary-rate-limits", self.headers(spent=True))

    def headers(self, *, spent: bool = False) -> dict[str, str]:
        """The headers with the remaining calls of this hour."""
        with self._lock:
            if time.time() >= self._reset:
                self._used, self._reset = 0, time.time() + _RESET_SECONDS
            used = LIMIT if spent else min(self._used, LIMIT)
            return {
                "x-ratelimit-limit": str(LIMIT),
                "x-ratelimit-remaining": str(LIMIT - used),
                "x-ratelimit-used": str(used),
                "x-ratelimit-reset": str(int(self._reset)),
                "x-ratelimit-resource": "core",
            }

    def _take(self, path: str, *, delays: bool) -> _Fault | None:
        fitting = (each for each in self._faults if bool(each.seconds) == delays and each.path_contains in path)
        fault = next((each for each in fitting if each.times > 0), None)
        if fault:
            fault.times -= 1
        return fault


_MESSAGES: Final = {
    404: "Not Found",
    500: "Server Error",
    502: "Server Error",
    503: "Service unavailable",
    504: "We couldn't respond to your request in time. Sorry about that. Please try resubmitting your request.",
}


def _fault(values: dict[str, Any]) -> _Fault:
    delay = "seconds" in values
    return _Fault(
        path_contains=str(values.get("path_contains", "")),
        times=float(values.get("times", "inf" if delay else 1)),
        status=int(values.get("status", 500)),
        message=str(values.get("message", "")),
        headers={name.lower(): str(value) for name, value in values.get("headers", {}).items()},
        seconds=float(values.get("seconds", 0)),
    )
