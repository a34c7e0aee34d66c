"""Whatever anybody sends: never a 5xx, and never a message without a valid signature."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.core.github.answer import Answer
from pointsman.core.github.request import read_request
from pointsman.core.github.signature import signature_of
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.errors import Rejected
from tests.support.receiver import SECRET, a_receiver, http_event, payload, routes_with, signed_headers

PUSHES = ["push_main", "push_docs_only", "push_new_branch", "push_tag", "push_forced", "push_merge", "ping"]
ROUTES = routes_with(
    {"on": {"push": {"branches": ["main", "release/**"], "paths": ["roles/**", "!**.md"]}}},
    {"on": {"push": {"tags": ["v*"], "paths-ignore": ["docs/**"]}}, "when_undetermined": "hold"},
    {"on": {"push": {"branches-ignore": ["**a*b+"]}}},
)
HEADER_NAMES = ["content-type", "x-github-event", "x-github-delivery", "x-hub-signature-256", "host", "x-odd"]
headers = st.dictionaries(st.sampled_from(HEADER_NAMES) | st.text(max_size=20), st.text(max_size=80), max_size=6)
texts = st.text(st.characters(), max_size=30)  # lone surrogates and control characters included
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.sampled_from(["0" * 40, "refs/heads/main"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def answer_to(
    queue: MemoryQueue, body: bytes, given_headers: dict[str, str], routes: CompiledRoutes = ROUTES
) -> Answer | int:
    try:
        request = read_request(http_event(body, given_headers))
    except Rejected as rejection:
        return rejection.status
    return a_receiver(queue, routes).receive(request)


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=300) | texts.map(lambda text: text.encode("utf-8", "surrogatepass")), sent=headers)
def test_any_bytes_with_any_headers_are_refused_and_never_queued(body: bytes, sent: dict[str, str]) -> None:
    queue = MemoryQueue()
    answer = answer_to(queue, body, sent)
    assert isinstance(answer, Answer)
    assert answer.status == 401
    assert queue.messages == []


@settings(max_examples=200, deadline=None)
@given(secret=st.binary(min_size=1, max_size=40), name=st.sampled_from(PUSHES))
def test_a_real_payload_signed_with_another_secret_is_never_queued(secret: bytes, name: str) -> None:
    queue = MemoryQueue()
    body = json.dumps(payload(name)).encode()
    forged = signed_headers(body) | {"x-hub-signature-256": signature_of(secret, body)}
    answer = answer_to(queue, body, forged)
    assert isinstance(answer, Answer)
    assert (answer.status == 401) == (secret != SECRET.encode())
    assert bool(queue.messages) == (secret == SECRET.encode() and name != "ping")


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=300) | values.map(lambda value: json.dumps(value).encode()), sent=headers)
@example(body=b"{}", sent={"x-github-event": "push", "x-github-delivery": "1"})
def test_a_signed_body_of_anything_is_never_a_5xx(body: bytes, sent: dict[str, str]) -> None:
    queue = MemoryQueue()
    others = {name: value for name, value in sent.items() if name.lower() != "x-hub-signature-256"}
    answer = answer_to(queue, body, signed_headers(body) | others)
    assert isinstance(answer, Answer)
    assert answer.status in {200, 400}
    assert queue.messages == []


def places(value: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a payload, by its keys."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, each in inner for place in [(*above, key), *places(each, (*above, key))]]


UNREAD = {"organization", "installation", "base_ref"}


def is_read(place: tuple[str | int, ...]) -> bool:
    """Whether the receiver looks there: most of a payload describes the repository and its owner."""
    return place[0] not in UNREAD and (place[0] != "repository" or place[1:2] in {(), ("id",), ("full_name",)})


PLACES = {name: [place for place in places(payload(name)) if is_read(place)] for name in PUSHES}


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A real payload in which one to three places hold something else, or nothing."""
    name = draw(st.sampled_from([name for name in PUSHES if name != "ping"]))
    content = payload(name)
    for place in draw(st.lists(st.sampled_from(PLACES[name]), min_size=1, max_size=3)):
        at: Any = content
        try:
            for key in place[:-1]:
                at = at[key]
            if draw(st.booleans()):
                at[place[-1]] = draw(values)
            else:
                del at[place[-1]]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took it away
    return content


@settings(max_examples=600, deadline=None)
@given(content=mutated())
def test_a_signed_push_with_anything_in_it_is_never_a_5xx_and_what_is_queued_can_be_read(
    content: dict[str, Any],
) -> None:
    queue = MemoryQueue()
    body = json.dumps(content).encode()
    answer = answer_to(queue, body, signed_headers(body))
    assert isinstance(answer, Answer)
    assert answer.status in {200, 202, 400}
    assert (answer.status == 202) == bool(queue.messages)
    assert json.loads(answer.to_api_gateway()["body"]) == answer.body
    for message, delivery in zip(queue.messages, queue.deliveries, strict=True):
        assert message.isascii()
        assert delivery.change.repository
