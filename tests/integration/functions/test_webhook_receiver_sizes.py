"""The largest push that API Gateway and Lambda let through is taken, queued and stored, and says what was shortened."""

import hashlib
import json
from collections.abc import Iterator
from itertools import islice, product
from string import ascii_lowercase
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.sqs import models as moto_sqs

from functions.webhook_receiver import handler, wiring
from localcloud.aws.http_limits import EVENT_BYTES, event_size
from pointsman.adapters.alarms_memory import MemoryAlarms
from pointsman.adapters.builds_memory import MemoryBuilds
from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.decision import Outcome
from pointsman.core.delivery import Delivery
from pointsman.core.model import RolloutState
from pointsman.core.queue_message import MESSAGE_BYTES
from pointsman.core.rollouts.engine import Engine
from pointsman.core.routes.compile import compile_routes
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.core.routes.model import Routes
from pointsman.core.routes.sizes import TARGETS_BYTES, TARGETS_OF_A_ROUTE, size_diagnostics
from pointsman.core.trail.events import DeliveryDecided
from tests.support.lambda_context import FakeContext
from tests.support.moto_server import call_moto
from tests.support.receiver import (
    SECRET,
    as_body,
    file_with,
    http_event,
    pushed_now,
    routes_with,
    shipped_routes,
    signed_headers,
)
from tests.support.rollouts import Clock
from tests.support.tables import create_tables

NAME = "pointsman/github-webhook"
COMMITS = 2_048  # as many as a payload lists
BODY_BYTES = 5_000_000


def large_push(size: int) -> dict[str, Any]:
    """A push of 2,048 commits with long messages and thousands of file names: `size` bytes as JSON, or a few more."""
    decided = pushed_now("push_main")
    commits = [_commit(decided["head_commit"], number) for number in range(COMMITS - 1)]
    large = decided | {"commits": [*commits, decided["head_commit"]]}
    words = (size - len(as_body(large))) // (COMMITS - 1) + 1
    for commit in commits:
        commit["message"] += "\n\n" + ("so that it holds " * (words // 17 + 1))[: max(words - 4, 0)]
    return large


def _commit(head: dict[str, Any], number: int) -> dict[str, Any]:
    sha = hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest()
    names = [f"ansible/roles/role-{number}/tasks/part-{part}.yml" for part in range(6)]
    url = f"https://github.com/acme/infra/commit/{sha}"
    return head | {"id": sha, "url": url, "message": f"Change {number}", "added": names, "removed": [], "modified": []}


class Aws:
    """The receiver's queue, and the tables behind it."""

    def __init__(self) -> None:
        boto3.client("secretsmanager").create_secret(Name=NAME, SecretString=SECRET)
        self.sqs = boto3.client("sqs")
        self.url = self.sqs.create_queue(QueueName="changes.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        client = boto3.client("dynamodb")
        create_tables(client)
        self.trail = DynamoTrail(client, "audit")
        self.store = DynamoRollouts(client, "rollouts", "audit")
        self.engine = Engine(self.store, self.trail, MemoryBuilds(), Clock(), alarms=MemoryAlarms())

    def bodies(self) -> list[str]:
        """Every message that is on the queue."""
        found: list[str] = []
        while batch := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            found += [message["Body"] for message in batch]
            for message in batch:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    monkeypatch.setattr(moto_sqs, "MAXIMUM_MESSAGE_LENGTH", 1_048_576)  # AWS's; moto still has a quarter of it
    monkeypatch.setattr(handler.metrics, "namespace", "Pointsman")  # read from the environment at import
    with mock_aws():
        aws = Aws()
        monkeypatch.setenv("WEBHOOK_SECRET_NAME", NAME)
        monkeypatch.setenv("CHANGES_QUEUE_URL", aws.url)
        call_moto(monkeypatch)
        wiring.receiver.cache_clear()
        yield aws
    wiring.receiver.cache_clear()


def call(monkeypatch: pytest.MonkeyPatch, routes: CompiledRoutes, content: object) -> tuple[int, dict[str, Any]]:
    """The answer to a signed push under these rules."""
    monkeypatch.setattr(wiring, "packaged_routes", lambda: routes)
    body = as_body(content)
    headers = signed_headers(body)
    scope = {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    assert event_size(scope, body) <= EVENT_BYTES, "Lambda would not take this event"
    answer = handler.lambda_handler(http_event(body, headers), FakeContext())
    return answer["statusCode"], json.loads(answer["body"])


def many_routes(routes: int, regions: int) -> CompiledRoutes:
    """Routes which all take a push to main, each to two accounts in every region."""
    named = [{"name": f"route-{number}", "on": {"push": {"branches": ["main"]}}} for number in range(routes)]
    return routes_with(*named, regions=region_names(regions))


def region_names(number: int) -> list[str]:
    letters = ascii_lowercase
    return [f"eu-{one}{other}-1" for one, other in islice(product(letters, letters), number)]


def test_a_push_of_five_megabytes_is_taken_and_its_rollout_is_the_head_commits(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = large_push(BODY_BYTES)
    assert BODY_BYTES <= len(as_body(push)) <= BODY_BYTES * 1.02
    status, decided = call(monkeypatch, shipped_routes(), push)
    [arrived] = [Delivery.read_json(body) for body in aws.bodies()]
    assert status == 202
    assert decided["commit"] == arrived.change.after == push["after"]
    assert arrived.decisions[0].outcome in (Outcome.MATCHED, Outcome.UNDETERMINED)
    assert len(arrived.specs[0].targets) == 10
    # A change keeps few names, whatever the push has: what shortens a message is routes and targets.
    assert not arrived.shortened


def test_a_push_of_five_megabytes_to_very_many_targets_is_accepted_with_a_shortened_answer(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, decided = call(monkeypatch, many_routes(routes=150, regions=50), large_push(4_900_000))
    bodies = aws.bodies()
    parts = [Delivery.read_json(body) for body in bodies]
    assert status == 202
    assert len(decided["decisions"]) == 150
    assert all(len(body) <= MESSAGE_BYTES for body in bodies)
    assert all(part.shortened for part in parts)
    assert [spec.route for part in parts for spec in part.specs] == [f"route-{number}" for number in range(150)]
    assert all(len(spec.targets) == 100 for part in parts for spec in part.specs)

    store = MemoryRollouts(MemoryTrail())  # moto copies its tables for each transaction
    engine = Engine(store, aws.trail, MemoryBuilds(), Clock(), alarms=MemoryAlarms())
    for number, part in enumerate(parts):
        engine.accept(part, f"m-{number}")
    [event] = aws.trail.of_partition(f"DELIVERY#{parts[0].id}")
    assert isinstance(event, DeliveryDecided)
    assert event.shortened
    assert [each.route for each in event.decisions] == [f"route-{number}" for number in range(150)]
    assert len(store.open_rollouts()) == 150


def largest_route() -> Routes:
    """One route with as many targets as there may be, whose settings are as large as they may be together."""
    regions = region_names(TARGETS_OF_A_ROUTE // 2)
    few = file_with({"name": "site"}, regions=regions)
    targets = few.targets_of(few.routes[0])
    room = TARGETS_BYTES - sum(len(each.to_json()) for each in targets)
    extra_vars = {"text": "x" * (room // len(targets) - len(',"extra_vars":{"text":""}') - 1)}
    return file_with({"name": "site", "targets": [{"name": "*/*", "extra_vars": extra_vars}]}, regions=regions)


def test_the_largest_route_there_may_be_is_kept_in_one_item_also_when_all_its_targets_are_tried_again(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = largest_route()
    assert not list(size_diagnostics(routes))
    push = pushed_now("push_main")
    push["head_commit"]["modified"] = push["commits"][-1]["modified"] = ["日" * 199 + str(n) for n in range(100)]
    assert call(monkeypatch, compile_routes(routes), push)[0] == 202
    [queued] = [Delivery.read_json(body) for body in aws.bodies()]
    [rollout] = aws.engine.accept(queued, "m-1")
    loaded = aws.store.load(rollout)
    assert loaded
    stored, _ = loaded
    again = {target.name: 2 for target in stored.spec.targets}
    assert len(again) == TARGETS_OF_A_ROUTE
    size = len(stored.replace(attempts=again).to_json().encode())
    overhead = 1_000 * 3 + 8 * 1_000  # DynamoDB: 3 bytes a map, 1 byte an attribute in it
    assert size + overhead < 400 * 1024
    assert stored.state is RolloutState.OPEN
