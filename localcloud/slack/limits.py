"""Slack's rate limits: short bursts are allowed, then calls must wait."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RateLimit:
    """`burst` calls at once, then `per_second` on average."""

    per_second: float
    burst: int


DEFAULT_RATES = {
    # About one message a second and channel, short bursts tolerated.
    "chat.postMessage": RateLimit(1.0, 4),
    # Tier 3: about 50 a minute, occasional bursts tolerated.
    "chat.update": RateLimit(50 / 60, 20),
    "conversations.history": RateLimit(50 / 60, 20),
}


@dataclass
class RateLimiter:
    """A token bucket for each (method, channel)."""

    rates: dict[str, RateLimit] = field(default_factory=lambda: dict(DEFAULT_RATES))
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, method: str, channel: str) -> int:
        """0 when the call is allowed, otherwise the seconds to wait (Retry-After)."""
        rate = self.rates.get(method)
        if rate is None:
            return 0
        with self._lock:
            now = self.clock()
            left, at = self._buckets.get((method, channel), (float(rate.burst), now))
            left = min(float(rate.burst), left + (now - at) * rate.per_second)
            if left < 1:
                self._buckets[method, channel] = (left, now)
                return max(1, math.ceil((1 - left) / rate.per_second))
            self._buckets[method, channel] = (left - 1, now)
            return 0
