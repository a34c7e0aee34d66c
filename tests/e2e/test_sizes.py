"""How large a delivery may be, over HTTP: what the API lets through is decided, what it refuses GitHub shows."""

import hashlib
import json
from typing import Any

import pytest

from localcloud.github.webhook import WebhookDelivery
from localcloud.names import REPOSITORY
from pointsmanctl.demo.observer import Observer

BRANCH = "large"  # no route takes it: what counts here is what becomes of the delivery

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


def large_push(world: Observer, size: int) -> bytes:
    """The body of a real push, enlarged by commits with long messages to about `size` bytes."""
    small = world.cloud.github.push({"docs/large.md": f"# {size}\n"}, "Write much", branch=BRANCH).delivery
    assert small.response.status == 202, small.response.body
    body: dict[str, Any] = json.loads(small.payload)
    head = body["head_commit"]
    each = (size - len(small.payload)) // 2_047
    body["commits"] = [*(_commit(head, number, each) for number in range(2_047)), head]
    return json.dumps(body, separators=(",", ":")).encode()


def _commit(head: dict[str, Any], number: int, size: int) -> dict[str, Any]:
    sha = hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest()
    names = [f"docs/{number}/{part}.md" for part in range(6)]
    url = f"https://github.com/{REPOSITORY}/commit/{sha}"
    commit = head | {"id": sha, "url": url, "message": "", "added": names, "removed": [], "modified": []}
    room = size - len(json.dumps(commit, separators=(",", ":"))) - 1
    return commit | {"message": ("what it is for " * (room // 15 + 1))[:room]}


def delivered(world: Observer, size: int) -> WebhookDelivery:
    body = large_push(world, size)
    assert abs(len(body) - size) < size / 50
    return world.cloud.github.webhook().deliver("push", body)


def test_a_push_of_five_megabytes_is_decided_and_in_the_trail(world: Observer) -> None:
    delivery = delivered(world, 5_000_000)
    assert delivery.response.status == 202, delivery.response.body
    [decision] = delivery.response.json()["decisions"]
    assert decision["outcome"] == "ignored"
    assert world.decision_event(delivery).decisions[0].reason == decision["reason"]


@pytest.mark.parametrize("size", [7_000_000, 11_000_000])
def test_a_push_that_is_larger_than_lambda_or_the_api_takes_is_refused_and_github_shows_why(
    world: Observer, size: int
) -> None:
    builds = world.builds()
    delivery = delivered(world, size)
    assert delivery.response.status == 413
    assert delivery.response.json() == {"message": "Request Entity Too Large"}
    [shown] = world.cloud.github.webhook().deliveries(delivery.id)
    assert (shown.response.status, shown.response.body) == (413, '{"message":"Request Entity Too Large"}')
    assert world.builds() == builds


def test_the_next_push_is_taken_as_ever(world: Observer) -> None:
    after = world.cloud.github.push({"docs/small.md": "# Small\n"}, "Write little", branch=BRANCH).delivery
    assert after.response.status == 202
