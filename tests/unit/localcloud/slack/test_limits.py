"""Slack's rate limits."""

from pathlib import Path

from localcloud.slack.limits import RateLimit, RateLimiter


def test_a_burst_is_allowed_and_then_calls_must_wait(tmp_path: Path) -> None:
    now = [0.0]
    limiter = RateLimiter({"chat.postMessage": RateLimit(1.0, 2)}, clock=lambda: now[0])
    assert [limiter.wait("chat.postMessage", "C1") for _ in range(3)] == [0, 0, 1]
    assert limiter.wait("chat.postMessage", "C2") == 0
    assert limiter.wait("auth.test", "C1") == 0
    now[0] = 1.0
    assert [limiter.wait("chat.postMessage", "C1") for _ in range(2)] == [0, 1]
