"""Deliveries of GitHub Enterprise Server: one installation serves one GitHub, and its links lead there."""

from typing import Any

import pytest

from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.core.github.answer import Answer
from pointsman.core.github.receiver import Receiver
from pointsman.core.github.request import read_request
from pointsman.core.github_host import GITHUB_COM, GithubHost
from tests.support.receiver import a_receiver, as_body, http_event, payload, routes_with, signed_headers

SERVER = GithubHost("https://github.example.com")
HEADERS = {"x-github-enterprise-version": "3.17.2", "x-github-enterprise-host": "github.example.com"}
EVIL = "https://evil.test/acme/infra"


def receive(receiver: Receiver, content: Any, event: str) -> Answer:
    body = as_body(content)
    return receiver.receive(read_request(http_event(body, signed_headers(body, HEADERS, event=event))))


def sent(queue: MemoryQueue, content: Any, host: GithubHost, *, event: str = "push") -> Answer:
    return receive(a_receiver(queue, host=host), content, event)


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


def test_a_push_is_decided_and_its_links_lead_to_the_server(queue: MemoryQueue) -> None:
    push = payload("push_enterprise_server")
    assert sent(queue, push, SERVER).status == 202
    [delivery] = queue.deliveries
    assert delivery.change.url == f"https://github.example.com/acme/infra/commit/{push['after']}"
    assert delivery.change.compare_url == push["compare"]
    assert (delivery.change.repository, delivery.change.repository_id) == ("acme/infra", 12)


@pytest.mark.parametrize(
    ("name", "host"), [("push_enterprise_server", GITHUB_COM), ("push_main", SERVER)], ids=["from a server", "to one"]
)
def test_a_repository_of_the_same_name_on_another_github_is_refused(
    queue: MemoryQueue, name: str, host: GithubHost
) -> None:
    answer = sent(queue, payload(name), host)
    assert (answer.status, queue.deliveries) == (403, [])
    assert answer.reason == (
        f"this installation serves {host.name}: set GithubUrl to the GitHub that sends, or remove this webhook"
    )


def test_a_pull_request_of_another_github_is_refused(queue: MemoryQueue) -> None:
    assert sent(queue, payload("pull_request_opened"), SERVER, event="pull_request").status == 403


def test_the_first_ping_shows_that_the_webhook_is_on_another_github(queue: MemoryQueue) -> None:
    assert sent(queue, payload("ping"), SERVER, event="ping").status == 403
    assert sent(queue, payload("ping"), GITHUB_COM, event="ping").status == 200
    assert sent(queue, {"zen": "Speak like a human.", "repository": "odd"}, SERVER, event="ping").status == 200


def test_the_header_that_nobody_signs_decides_nothing(queue: MemoryQueue) -> None:
    assert sent(queue, payload("push_main"), GITHUB_COM).status == 202


@pytest.mark.parametrize("page", [None, "", "javascript:alert(1)", 12])
def test_a_payload_that_names_no_page_gets_links_all_the_same(queue: MemoryQueue, page: object) -> None:
    push = payload("push_enterprise_server")
    push["repository"]["html_url"] = page
    assert sent(queue, push, SERVER).status == 202
    assert queue.deliveries[0].change.url.startswith("https://github.example.com/acme/infra/commit/")


def test_links_that_lead_elsewhere_are_replaced(queue: MemoryQueue) -> None:
    push = payload("push_enterprise_server")
    push["compare"] = push["head_commit"]["url"] = f"{EVIL}/commit/1"
    sent(queue, push, SERVER)
    change = queue.deliveries[0].change
    assert change.url == f"https://github.example.com/acme/infra/commit/{push['after']}"
    assert change.compare_url == (
        f"https://github.example.com/acme/infra/compare/{push['before'][:12]}...{push['after'][:12]}"
    )


def test_the_link_of_a_pull_request_that_leads_elsewhere_is_replaced(queue: MemoryQueue) -> None:
    opened = payload("pull_request_opened")
    opened["pull_request"]["html_url"] = "https://github.com/another/repository/pull/7"
    receive(a_receiver(queue, routes_with({"on": {"pull_request": {"branches": ["main"]}}})), opened, "pull_request")
    number = opened["pull_request"]["number"]
    [delivery] = queue.deliveries
    assert delivery.change.url == f"https://github.com/acme/infra/pull/{number}"
    assert delivery.change.compare_url == f"https://github.com/acme/infra/pull/{number}/files"
