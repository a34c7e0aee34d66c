"""Failures, delays and rate limits on request."""

import threading

from localcloud.github.repository import GitRepository
from tests.support.github_client import ApiClient


def test_a_failure_happens_as_often_as_requested(client: ApiClient, repository: GitRepository) -> None:
    client.call("/control", "POST", {"fail": {"path_contains": "compare", "status": 502, "times": 2}})
    client.get("commits/main")
    for status in (502, 502, 200):
        client.get("compare/main...main", status)
    assert [call["status"] for call in client.api.calls] == [200, 502, 502, 200]


def test_a_call_is_delayed_until_the_faults_are_reset(client: ApiClient, repository: GitRepository) -> None:
    client.api.control(delay={"path_contains": "trees", "seconds": 60, "times": 1})
    answers: list[int] = []
    path = "/repos/acme/infra/git/trees/main"
    held = threading.Thread(target=lambda: answers.append(client.call(path).status))
    held.start()
    while not client.api.calls:
        held.join(0.001)
    assert client.api.calls == [
        {"method": "GET", "path": "/repos/acme/infra/git/trees/main", "query": {}, "status": 0},
    ]  # fmt: skip
    client.get("commits/main")
    assert answers == []
    while held.is_alive():
        client.api.control(reset=True)
        held.join(0.01)
    assert answers == [200]


def test_a_used_rate_limit_has_its_reset_time(client: ApiClient, repository: GitRepository) -> None:
    before = client.call("/repos/acme/infra/commits/main").headers
    assert (before["x-ratelimit-limit"], before["x-ratelimit-remaining"]) == ("5000", "4999")
    client.api.control(rate_limited=True)
    limited = client.call("/repos/acme/infra/commits/main")
    assert (limited.status, limited.headers["x-ratelimit-remaining"]) == (403, "0")
    assert int(limited.headers["x-ratelimit-reset"]) > 0
    assert "retry-after" not in limited.headers
    client.api.control(rate_limited="secondary")
    limited = client.call("/repos/acme/infra/commits/main")
    assert (limited.status, limited.headers["retry-after"]) == (403, "60")
    assert limited.headers["x-ratelimit-remaining"] != "0"
    client.api.control(rate_limited=False)
    client.get("commits/main")
