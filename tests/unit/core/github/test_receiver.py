"""The receiver's answer to everything a sender can send."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from pointsman.adapters.packaged_routes import packaged_routes
from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.core.decision import Outcome
from pointsman.core.github.answer import Answer
from pointsman.core.github.request import WebhookRequest, read_request
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.errors import Misconfigured, Rejected
from tests.support.receiver import (
    DELIVERY,
    NOON,
    FakeSecret,
    a_receiver,
    as_body,
    http_event,
    payload,
    routes_with,
    shipped_file,
    signed_headers,
)


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


def sent(
    queue: MemoryQueue,
    content: object,
    headers: Mapping[str, str | None] = MappingProxyType({}),
    *,
    event: str = "push",
    routes: CompiledRoutes | None = None,
) -> Answer:
    """What the receiver answers to a signed request."""
    body = as_body(content)
    request = http_event(body, signed_headers(body, headers, event=event))
    return a_receiver(queue, routes).receive(read_request(request))


# --- pushes ---------------------------------------------------------------------------------------------------------


def test_a_push_that_matches_is_queued_and_answered_with_its_decision(queue: MemoryQueue) -> None:
    answer = sent(queue, payload("push_main"))
    [delivery] = queue.deliveries
    assert answer.status == 202
    assert answer.body == {
        "delivery": DELIVERY,
        "event": "push",
        "commit": payload("push_main")["after"],
        "reason": "1 of 1 route runs: site",
        "decisions": [
            {
                "route": "site",
                "outcome": "matched",
                "runs": True,
                "held": False,
                "reason": "branch main matches branches[0] `main`; "
                "roles/baseline/defaults/main.yml matches paths[0] `**`",
                "pattern": "**",
                "file": "roles/baseline/defaults/main.yml",
                "targets": [target.name for target in shipped_file().all_targets],
                "rollout": delivery.specs[0].rollout,
            }
        ],
    }
    assert (delivery.id, delivery.event, delivery.received_at) == (DELIVERY, "push", NOON)
    assert delivery.reason == answer.reason
    assert len(delivery.specs[0].targets) == 10


def test_a_push_of_more_than_a_week_ago_is_answered_with_the_reason_and_starts_nothing(queue: MemoryQueue) -> None:
    """Captured and sent once more, after a route got a new name or a table was made anew, it would run."""
    push = payload("push_main")
    push["repository"]["pushed_at"] = int(NOON.timestamp()) - 8 * 86_400
    answer = sent(queue, push)
    assert answer.status == 202
    assert "8 days old" in answer.reason
    [delivery] = queue.deliveries
    assert delivery.specs == ()
    assert not any(decision.runs for decision in delivery.decisions)


def test_a_push_that_no_route_takes_is_queued_for_the_trail_and_answered_202(queue: MemoryQueue) -> None:
    answer = sent(queue, payload("push_docs_only"))
    [delivery] = queue.deliveries
    assert answer.status == 202
    assert delivery.specs == ()
    [decision] = answer.body["decisions"]
    assert (decision["outcome"], decision["runs"], decision["targets"]) == ("ignored", False, [])
    assert "no changed file matches paths" in decision["reason"]
    assert delivery.decisions[0].outcome is Outcome.IGNORED


def test_a_delivery_that_comes_again_is_queued_again(queue: MemoryQueue) -> None:
    first, second = (sent(queue, payload("push_main")) for _ in range(2))
    assert first == second
    assert len(queue.deliveries) == 2  # what was done is the engine's to know


@pytest.mark.parametrize(
    ("name", "event", "reason"),
    [
        ("ping", "ping", "ping received: the webhook is set up"),
        ("push_deleted_branch", "push", "refs/heads/feature/time-sync was deleted: nothing to run"),
        ("push_published_example", "push", "no route is configured for the repository Codertocat/Hello-World"),
        ("pull_request_opened", "pull_request", "no route handles a pull request that was opened"),
        ("ping", "made_up", "no route handles the event made_up"),
    ],
)
def test_what_needs_no_decision_is_ignored_with_the_reason_and_starts_nothing(
    queue: MemoryQueue, name: str, event: str, reason: str
) -> None:
    answer = sent(queue, payload(name), event=event)
    assert answer.status == 200
    assert answer.body == {"delivery": DELIVERY, "event": event, "ignored": reason}
    assert queue.messages == []


def test_a_repository_is_the_same_whatever_its_case(queue: MemoryQueue) -> None:
    assert sent(queue, payload("push_main"), routes=routes_with({"repository": "ACME/Infra"})).status == 202


# --- what the sender has to change ----------------------------------------------------------------------------------


def test_a_wrong_signature_is_401_and_the_body_is_not_looked_at(queue: MemoryQueue) -> None:
    for body in (as_body(payload("push_main")), b"\xff not even JSON", b""):
        event = http_event(body, signed_headers(body, secret="another secret"))
        answer = a_receiver(queue).receive(read_request(event))
        assert answer.status == 401
        assert answer.body["error"].startswith("the signature does not match")
    assert queue.messages == []


def test_no_signature_is_401_without_asking_for_the_secret(queue: MemoryQueue) -> None:
    class Never(FakeSecret):
        def in_hand(self) -> tuple[str, ...]:
            raise AssertionError

    receiver = a_receiver(queue, secret=Never())
    for signature in (None, "sha1=x"):
        headers = signed_headers(b"{}", {"x-hub-signature-256": signature})
        assert receiver.receive(WebhookRequest(headers, b"{}")).status == 401


def test_one_changed_byte_makes_the_signature_wrong(queue: MemoryQueue) -> None:
    body = as_body(payload("push_main"))
    event = http_event(body.replace(b"acme/infra", b"acme/infrb", 1), signed_headers(body))
    assert a_receiver(queue).receive(read_request(event)).status == 401


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"x-github-event": None}, "missing: X-GitHub-Event"),
        ({"x-github-delivery": ""}, "missing: X-GitHub-Delivery"),
        ({"x-github-delivery": None, "x-github-event": None}, "missing: X-GitHub-Delivery, X-GitHub-Event"),
        ({"x-github-delivery": "a b"}, "invalid: X-GitHub-Delivery (1 to 100 letters, digits and hyphens)"),
        ({"x-github-delivery": "x" * 101}, "invalid: X-GitHub-Delivery (1 to 100 letters, digits and hyphens)"),
        ({"x-github-delivery": "-x"}, "invalid: X-GitHub-Delivery (1 to 100 letters, digits and hyphens)"),
        ({"x-github-delivery": "a\n"}, "invalid: X-GitHub-Delivery (1 to 100 letters, digits and hyphens)"),
        (
            {"x-github-event": "Push!"},
            "invalid: X-GitHub-Event (1 to 64 lower case letters, digits and underscores)",
        ),
        (
            {"content-type": "application/x-www-form-urlencoded"},
            "the content type is not application/json: select it in the webhook's settings on GitHub",
        ),
        (
            {"content-type": None},
            "the content type is not application/json: select it in the webhook's settings on GitHub",
        ),
    ],
)
def test_headers_that_are_missing_or_odd_are_400(
    queue: MemoryQueue, headers: dict[str, str | None], reason: str
) -> None:
    answer = sent(queue, payload("push_main"), headers)
    assert (answer.status, answer.body) == (400, {"error": reason})
    assert queue.messages == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the body is not valid JSON"),
        (b"{", "the body is not valid JSON"),
        (b"\xff\xfe", "the body is not valid JSON"),
        (b"[" * 100_000, "the body is not valid JSON"),
        (b'{"id": ' + b"9" * 5_000 + b"}", "the body is not valid JSON"),
        (b"[]", "the body is valid JSON, but not an object"),
        (b"null", "the body is valid JSON, but not an object"),
        (b"{}", "missing: ref"),
    ],
)
def test_a_body_that_is_no_push_is_400_and_says_what_is_missing(queue: MemoryQueue, body: bytes, reason: str) -> None:
    answer = sent(queue, body)
    assert (answer.status, answer.body) == (400, {"error": reason})


def test_content_type_and_header_names_may_be_written_in_any_case(queue: MemoryQueue) -> None:
    body = as_body(payload("push_main"))
    headers = signed_headers(body, {"content-type": "Application/JSON; charset=utf-8"})
    event = http_event(body, {name.title(): value for name, value in headers.items()})
    assert a_receiver(queue).receive(read_request(event)).status == 202


# --- the body as API Gateway passes it ------------------------------------------------------------------------------


@pytest.mark.parametrize("encode", [True, False])
def test_a_body_in_base64_is_the_same_body(queue: MemoryQueue, encode: bool) -> None:
    body = json.dumps(payload("push_unusual_names"), ensure_ascii=False).encode()
    event = http_event(body, signed_headers(body), encode=encode)
    assert a_receiver(queue).receive(read_request(event)).status == 202
    assert "files/日本語.txt" in queue.deliveries[0].change.files


@pytest.mark.parametrize("text", ["#", "YQ", "YQ==\n", "ü", "YQ===="])
def test_broken_base64_is_400(text: str) -> None:
    with pytest.raises(Rejected, match="not valid base64") as rejected:
        read_request({"headers": {}, "body": text, "isBase64Encoded": True})
    assert rejected.value.status == 400


@pytest.mark.parametrize("event", [{}, {"headers": None, "body": None}, {"body": "", "isBase64Encoded": True}])
def test_a_request_without_anything_is_an_empty_request(event: dict[str, Any]) -> None:
    assert read_request(event) == WebhookRequest({}, b"")


# --- what is not the sender's -----------------------------------------------------------------------------------------


def test_a_queue_that_is_down_is_503_and_asks_for_a_redelivery(queue: MemoryQueue) -> None:
    queue.down = True
    answer = sent(queue, payload("push_main"))
    assert answer.status == 503
    assert answer.body == {"error": "the delivery could not be stored: redeliver it later"}
    assert "no answer" in answer.reason


def test_a_missing_routes_layer_is_the_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pointsman.adapters.packaged_routes.PACKAGE", "no_such_package")
    with pytest.raises(Misconfigured, match="the routes layer is missing"):
        packaged_routes()
    monkeypatch.setattr("pointsman.adapters.packaged_routes.PACKAGE", "pointsman")
    with pytest.raises(Misconfigured, match=r"pointsman/routes\.json does not exist"):
        packaged_routes()
    monkeypatch.setattr("pointsman.adapters.packaged_routes.FILE", "errors.py")
    with pytest.raises(Misconfigured, match="was compiled by another version"):
        packaged_routes()


# --- what the log says ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["push_main", "push_docs_only", "push_deleted_branch", "pull_request_opened"])
def test_the_log_knows_names_and_never_the_body(queue: MemoryQueue, name: str) -> None:
    content = payload(name)
    answer = sent(queue, content, event="push" if name.startswith("push") else "pull_request")
    logged = json.dumps([answer.reason, answer.log_fields])
    for text in ("hana@acme.example", "Hana Ito", "api.github.com", "Raise the limit"):
        assert text not in logged
    assert answer.log_fields["delivery"] == DELIVERY


def test_an_unsigned_request_leaves_nothing_of_itself_in_the_log(queue: MemoryQueue) -> None:
    headers = signed_headers(b"secret body", {"x-github-delivery": "forged", "x-github-event": "forged"}, secret="x")
    answer = a_receiver(queue).receive(WebhookRequest(headers, b"secret body"))
    assert answer.log_fields == {}
    assert "forged" not in answer.reason + json.dumps(answer.body)


def test_every_answer_is_json(queue: MemoryQueue) -> None:
    answer = sent(queue, payload("push_unusual_names"))
    shaped = answer.to_api_gateway()
    assert shaped["statusCode"] == 202
    assert shaped["headers"] == {"content-type": "application/json"}
    assert json.loads(shaped["body"]) == answer.body
