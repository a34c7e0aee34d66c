"""When the receiver asks GitHub which files a push has changed, and what it decides when GitHub does not tell."""

from typing import Any

import pytest

from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.core.github.answer import Answer
from pointsman.core.github.request import WebhookRequest
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.errors import Misconfigured, Unavailable
from tests.support.receiver import FakeGithub, a_receiver, as_body, payload, routes_with, signed_headers

NO_ANSWER = Unavailable("GitHub's API did not answer in time")


def rules(*paths: str, when_undetermined: str = "run") -> CompiledRoutes:
    return routes_with({"on": {"push": {"paths": list(paths)}}, "when_undetermined": when_undetermined})


def sent(
    content: object, routes: CompiledRoutes, github: FakeGithub | None, queue: MemoryQueue | None = None
) -> Answer:
    body = as_body(content)
    receiver = a_receiver(queue or MemoryQueue(), routes, github=github)
    return receiver.receive(WebhookRequest(signed_headers(body), body))


def decision(answer: Answer) -> dict[str, Any]:
    assert answer.status == 202
    [decision] = answer.body["decisions"]
    found: dict[str, Any] = decision
    return found


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("push_main", ["roles/**"]),  # a file that certainly changed decides
        ("push_docs_only", ["terraform/**"]),  # one commit tells all of it
        ("push_forced", ["**"]),
    ],
)
def test_github_is_asked_only_where_the_payload_cannot_decide(name: str, paths: list[str]) -> None:
    github = FakeGithub()
    sent(payload(name), rules(*paths), github)
    assert bool(github.asked) == (name == "push_forced")


@pytest.mark.parametrize(("name", "paths"), [("push_main", "terraform/**"), ("push_tag", "terraform/**")])
def test_what_would_be_ignored_is_asked_about_where_a_merge_may_hide_files(name: str, paths: str) -> None:
    github = FakeGithub("terraform/main.tf")
    found = decision(sent(payload(name), rules(paths), github))
    assert len(github.asked) == 1
    assert (found["outcome"], found["file"]) == ("matched", "terraform/main.tf")
    assert decision(sent(payload(name), rules(paths), FakeGithub("docs/a.md")))["outcome"] == "ignored"


@pytest.mark.parametrize("name", ["push_main", "push_tag", "push_forced", "push_new_branch"])
@pytest.mark.parametrize("failure", [NO_ANSWER, Misconfigured("GitHub's API rejects the token (401)")])
@pytest.mark.parametrize(
    ("policy", "runs", "held"), [("run", True, False), ("ignore", False, False), ("hold", False, True)]
)
def test_where_github_was_asked_and_does_not_tell_the_routes_policy_decides(
    name: str, failure: Exception, policy: str, runs: bool, held: bool
) -> None:
    answer = sent(payload(name), rules("terraform/**", when_undetermined=policy), FakeGithub(failure=failure))
    found = decision(answer)
    assert (found["outcome"], found["runs"], found["held"]) == ("undetermined", runs, held)
    assert str(failure) in found["reason"]
    assert answer.log_fields["files_failure"] == str(failure)
    assert answer.log_fields.get("held") == (["route-1"] if held else None)


def test_without_a_token_the_payload_decides_and_says_what_it_cannot_know() -> None:
    answer = sent(payload("push_main"), rules("terraform/**"), None)
    found = decision(answer)
    assert found["outcome"] == "ignored"
    assert (
        "one of the commits may be a merge, whose file list can be incomplete; no token for GitHub's API is configured"
        in found["reason"]
    )
    assert "files_failure" not in answer.log_fields
    assert "may be a merge" not in decision(sent(payload("push_docs_only"), rules("terraform/**"), None))["reason"]


def test_a_push_that_was_held_runs_when_it_is_delivered_again_and_github_tells() -> None:
    queue, github, routes = (
        MemoryQueue(),
        FakeGithub(failure=NO_ANSWER),
        rules("terraform/**", when_undetermined="hold"),
    )
    assert decision(sent(payload("push_forced"), routes, github, queue))["held"]
    assert not queue.deliveries[-1].specs
    github.failure, github.names = None, ("terraform/main.tf",)
    assert decision(sent(payload("push_forced"), routes, github, queue))["runs"]
    assert [spec.route for spec in queue.deliveries[-1].specs] == ["route-1"]
