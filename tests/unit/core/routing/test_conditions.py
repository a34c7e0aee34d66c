"""Who pushed, what the message says, which event it was: each condition with its reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.change import PullRequest
from pointsman.core.decision import Decision, Outcome
from pointsman.core.github.pull_request import read_pull_request
from pointsman.core.github.push import read_push
from pointsman.core.model import Mode
from pointsman.core.routing.decide import accepts_action, decide
from pointsman.core.routing.evaluate import skip_marker
from pointsman.core.routing.routing_input import RoutingInput
from tests.support.receiver import payload, routes_with


def pushed(message: str = "Raise the limit", actor: str = "hana", actor_id: int | None = 1001) -> RoutingInput:
    content = payload("push_main")
    content["head_commit"]["message"] = message
    content["sender"] |= {"login": actor, "id": actor_id}
    push = read_push(content)
    assert isinstance(push, RoutingInput)
    return push


def stored_run(action: str = "opened", **changes: Any) -> RoutingInput:
    content = payload("pull_request_opened") | {"action": action}
    content["pull_request"] |= changes
    return read_pull_request(content)


def decided(subject: RoutingInput, on: object, **route: Any) -> Decision:
    [decision] = decide(subject, routes_with({"on": on} | route)).decisions
    return decision


def last_reason(decision: Decision) -> str:
    return decision.reason.rsplit("; ", maxsplit=1)[-1]


# --- actors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "runs", "reason"),
    [
        ({"actors": ["omar", "Hana"]}, True, "hana (1001) matches actors[1] `Hana`"),
        ({"actors": [1001]}, True, "hana (1001) matches actors[0] `1001`"),
        ({"actors": ["1001"]}, False, "hana (1001) matches none of actors `1001`"),
        ({"actors": ["omar", 7]}, False, "hana (1001) matches none of actors `omar`, `7`"),
        ({"actors-ignore": ["dependabot[bot]"]}, True, "hana (1001) matches none of actors-ignore"),
        ({"actors-ignore": ["hana"]}, False, "hana (1001) matches actors-ignore[0] `hana`"),
        ({"actors-ignore": [1001]}, False, "hana (1001) matches actors-ignore[0] `1001`"),
    ],
)
def test_an_actor_is_known_by_login_or_by_number(condition: dict[str, Any], runs: bool, reason: str) -> None:
    decision = decided(pushed(), {"push": condition})
    assert (decision.runs, last_reason(decision)) == (runs, reason)


def test_a_bots_login_is_taken_as_it_is() -> None:
    bot = pushed(actor="dependabot[bot]", actor_id=49699333)
    assert not decided(bot, {"push": {"actors-ignore": ["dependabot[bot]"]}}).runs
    assert decided(bot, {"push": {"actors": ["dependabot[bot]"]}}).runs


# --- messages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "runs", "reason"),
    [
        ({"messages": ["the limit"]}, True, "the message matches messages[0] `the limit`"),
        ({"messages": ["The limit"]}, False, "the message matches none of messages `The limit`"),
        ({"messages": [{"regex": "^Raise"}]}, True, "the message matches messages[0] `^Raise`"),
        ({"messages": [{"regex": "(?i)LIMIT$"}]}, True, "the message matches messages[0] `(?i)LIMIT$`"),
        ({"messages": ["x", {"regex": "y"}]}, False, "the message matches none of messages `x`, `y`"),
        ({"messages-ignore": ["wip"]}, True, "the message matches none of messages-ignore"),
        (
            {"messages-ignore": [{"regex": "Raise|Lower"}]},
            False,
            "the message matches messages-ignore[0] `Raise|Lower`",
        ),
    ],
)
def test_a_message_is_searched_for_a_text_or_an_expression(condition: dict[str, Any], runs: bool, reason: str) -> None:
    decision = decided(pushed(), {"push": condition})
    assert (decision.runs, last_reason(decision)) == (runs, reason)


@pytest.mark.parametrize(
    ("condition", "runs"),
    [
        ({"messages": ["limit"], "messages-ignore": ["WIP"]}, True),
        ({"messages": ["limit"], "messages-ignore": ["Raise"]}, False),
        ({"messages": ["nothing"], "messages-ignore": ["WIP"]}, False),
        ({"actors": ["hana", "omar"], "actors-ignore": [7]}, True),
        ({"actors": ["hana", "omar"], "actors-ignore": [1001]}, False),
    ],
)
def test_words_and_people_may_be_wanted_and_unwanted_at_once(condition: dict[str, Any], runs: bool) -> None:
    assert decided(pushed(), {"push": condition}).runs == runs


def test_the_whole_message_of_the_newest_commit_is_searched() -> None:
    push = pushed("A title\n\nand a body: deploy now")
    assert decided(push, {"push": {"messages": ["deploy now"]}}).runs


def test_no_expression_makes_the_receiver_hang() -> None:
    """(a+)+$ and its kin take exponential time in engines that try again; a million characters are nothing here."""
    push = pushed("a" * 1_000_000 + "!")
    for hostile in ("(a+)+$", "^(a|a)*$", "(a*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$"):
        assert not decided(push, {"push": {"messages": [{"regex": hostile}]}}).runs


# --- markers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "marker",
    [
        "[skip ci]",
        "[ci skip]",
        "[no ci]",
        "[skip actions]",
        "[actions skip]",
        "[skip pointsman]",
        "[Skip CI]",
        "[skip site]",
    ],
)
def test_a_marker_anywhere_in_the_message_keeps_a_route_from_running(marker: str) -> None:
    decision = decided(pushed(f"Mend a word\n\nNo need {marker} to run"), "push", name="site")
    assert (decision.outcome, decision.runs) == (Outcome.IGNORED, False)
    assert last_reason(decision) == f"the message contains {marker} (set skip_ci: false to ignore such markers)"


def test_a_route_may_take_no_notice_of_markers() -> None:
    assert decided(pushed("[skip ci]"), "push", skip_ci=False).runs


@pytest.mark.parametrize(
    "message", ["skip ci", "[skip]", "[skip other]", "[skip ci", "[[skip-ci]]", "skip-checks:false"]
)
def test_what_is_no_marker_skips_nothing(message: str) -> None:
    assert skip_marker(message, "site") is None


@pytest.mark.parametrize("last", ["skip-checks:true", "skip-checks: true"])
def test_githubs_trailer_is_a_marker(last: str) -> None:
    assert skip_marker(f"Mend a word\n\n\n{last}\n", "site") == "skip-checks:true"
    assert skip_marker(f"{last}\n\nand more", "site") is None


@given(st.text())
def test_a_marker_is_looked_for_in_any_text(message: str) -> None:
    skip_marker(message, "site")


# --- events ---------------------------------------------------------------------------------------------------------


def test_a_route_without_the_event_says_what_it_takes() -> None:
    assert decided(pushed(), "pull_request").reason == "the route handles the event pull_request, not push"
    assert decided(stored_run(), "push").reason == "the route handles the event push, not pull_request"


def test_a_pull_request_is_checked_and_changes_nothing() -> None:
    subject = stored_run()
    routing = decide(subject, routes_with({"on": {"pull_request": {"branches": ["main"]}}}))
    [decision], [spec] = routing.decisions, routing.specs
    number = subject.change.pull_request.number if subject.change.pull_request else 0
    assert decision.reason == f"pull request #{number} to main matches branches[0] `main`"
    assert spec.mode is Mode.CHECK
    assert spec.concurrency_group == f"route-1#{number}"
    assert spec.rollout == decision.rollout
    [apply] = decide(pushed(), routes_with({"on": ["push", "pull_request"]})).specs
    assert (apply.mode, apply.concurrency_group) == (Mode.APPLY, None)


@pytest.mark.parametrize(
    ("action", "types", "runs"),
    [
        ("opened", None, True),
        ("synchronize", None, True),
        ("reopened", None, True),
        ("ready_for_review", None, False),
        ("labeled", None, False),
        ("ready_for_review", ["ready_for_review"], True),
        ("opened", ["ready_for_review"], False),
    ],
)
def test_types_are_those_of_github_actions(action: str, types: list[str] | None, runs: bool) -> None:
    on = {"pull_request": {} if types is None else {"types": types}}
    decision = decided(stored_run(action), on)
    assert decision.runs == runs
    assert accepts_action(routes_with({"on": on}), "acme/infra", action) == runs
    if not runs:
        assert decision.reason.startswith(f"the pull request was {action}, which is not in types (")


def test_a_pull_requests_base_and_head_are_conditions_of_their_own() -> None:
    subject = stored_run(head=payload("pull_request_opened")["pull_request"]["head"] | {"ref": "feature/x"})
    assert decided(subject, {"pull_request": {"branches": ["main"], "head-branches": ["feature/*"]}}).runs
    refused = decided(subject, {"pull_request": {"head-branches-ignore": ["feature/**"]}})
    assert last_reason(refused) == "its head branch matches head-branches-ignore[0] `feature/**`"
    assert not decided(subject, {"pull_request": {"branches": ["release/*"]}}).runs


def test_the_code_of_a_fork_is_never_run() -> None:
    head = payload("pull_request_opened")["pull_request"]["head"]
    fork = stored_run(head=head | {"repo": head["repo"] | {"id": 5, "full_name": "eve/infra"}})
    decision = decided(fork, "pull_request")
    assert (decision.runs, decision.reason) == (
        False,
        "the pull request comes from eve/infra: code from a fork never runs",
    )
    assert "a deleted repository" in decided(stored_run(head=head | {"repo": None}), "pull_request").reason


def test_a_pull_requests_files_are_githubs_to_tell() -> None:
    subject = stored_run()
    routing = decide(subject, routes_with({"on": {"pull_request": {"paths": ["roles/**"]}}}))
    assert routing.decisions[0].outcome is Outcome.UNDETERMINED
    assert routing.needs_changed_files
    pull_request = payload("pull_request_opened")["pull_request"]
    assert subject.comparison.base == pull_request["base"]["sha"]
    assert (subject.comparison.head, subject.comparison.kind) == (pull_request["head"]["sha"], "fork")


def test_a_pull_request_tells_its_change() -> None:
    content = payload("pull_request_opened")
    change = stored_run().change
    assert change.ref == f"refs/pull/{content['number']}/head"
    assert change.after == content["pull_request"]["head"]["sha"]
    assert change.before == content["pull_request"]["base"]["sha"]
    assert change.title == content["pull_request"]["title"]
    assert change.author == change.author_login == content["pull_request"]["user"]["login"]
    assert change.files_total is None


def test_a_merged_pull_request_tells_who_merged_it() -> None:
    content = payload("pull_request_opened")
    assert read_pull_request(content).change.pull_request == PullRequest(
        number=content["number"], base="main", head=content["pull_request"]["head"]["ref"]
    )
    content["pull_request"]["merged_by"] = {"login": "omar", "id": 7}
    merged = read_pull_request(content).change.pull_request
    assert merged is not None
    assert merged.merged_by == "omar"


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("2026-11-23T12:00:00Z", "2026-11-23T12:00:00+00:00"),
        ("2026-11-23T21:00:00+09:00", "2026-11-23T12:00:00+00:00"),
        ("2026-11-23T12:00:00", None),
        ("yesterday", None),
        (None, None),
        ({}, None),
    ],
)
def test_when_a_pull_request_moved_is_known_where_github_tells_it(said: object, known: str | None) -> None:
    content = payload("pull_request_opened")
    content["pull_request"]["updated_at"] = said
    subject = read_pull_request(content)
    assert (subject.pushed_at and subject.pushed_at.isoformat()) == known


# --- repositories ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("repository", "taken"),
    [
        ("acme/infra", True),
        ("ACME/Infra", True),
        ("acme/*", True),
        ("*/infra", True),
        ("**", None),
        (["acme/*", "!acme/infra"], False),
        (["other/x", "acme/inf*"], True),
        ("acme/infra-*", False),
        ("acme/[a-z]+", True),
    ],
)
def test_a_repository_is_a_name_or_patterns_of_it(repository: Any, taken: bool | None) -> None:
    if taken is None:
        with pytest.raises(ValueError, match="repository"):
            routes_with({"repository": repository})
        return
    assert bool(decide(pushed(), routes_with({"repository": repository})).decisions) == taken
