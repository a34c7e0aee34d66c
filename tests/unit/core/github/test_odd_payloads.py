"""What is only shown never keeps a push or a pull request from being decided; what says what is meant must be right."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.github.pull_request import read_pull_request
from pointsman.core.github.push import read_push
from pointsman.core.routing.routing_input import NothingToRun, RoutingInput
from pointsman.errors import Rejected
from tests.support.receiver import payload

MISSING = object()
ODD = [MISSING, None, 7, -1.5, True, [], ["x"], {}, {"name": 1}, "", "\ud800\n\x00", "javascript:alert(1)"]
# What a push is: these must be right, and are named when they are not.
IDENTITY = {
    ("ref",),
    ("before",),
    ("after",),
    ("created",),
    ("deleted",),
    ("forced",),
    ("commits",),
    ("head_commit",),
    ("head_commit", "id"),
    ("repository",),
    ("repository", "id"),
    ("repository", "full_name"),
}
OF_A_COMMIT = IDENTITY | {("commits", "[]"), ("commits", "[]", "id")}
OF_A_PULL_REQUEST = {
    ("action",),
    ("pull_request",),
    ("pull_request", "number"),
    *(("pull_request", side, *rest) for side in ("base", "head") for rest in ((), ("ref",), ("sha",))),
    ("pull_request", "head", "repo"),
    ("pull_request", "head", "repo", "id"),
    ("pull_request", "head", "repo", "full_name"),
    ("repository",),
    ("repository", "id"),
    ("repository", "full_name"),
}
PUSHES = ["push_main", "push_docs_only", "push_new_branch", "push_tag", "push_forced", "push_merge"]


def places(value: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, each in inner for place in [(*above, key), *places(each, (*above, key))]]


def only_shown(content: dict[str, Any], identity: set[tuple[str, ...]]) -> list[tuple[str | int, ...]]:
    def named(place: tuple[str | int, ...]) -> tuple[str, ...]:
        return tuple("[]" if isinstance(part, int) else part for part in place)

    return [place for place in places(content) if named(place) not in identity]


def changed(content: dict[str, Any], place: tuple[str | int, ...], value: object) -> dict[str, Any]:
    content = copy.deepcopy(content)
    at: Any = content
    for key in place[:-1]:
        at = at[key]
    if value is MISSING:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    return content


@pytest.mark.parametrize("name", PUSHES)
def test_a_push_is_decided_whatever_stands_where_something_is_only_shown(name: str) -> None:
    original = payload(name)
    true = read_push(original)
    assert isinstance(true, RoutingInput)
    shown = only_shown(original, OF_A_COMMIT)
    assert len(shown) > 50
    for place in shown:
        for odd in ODD:
            content = changed(original, place, odd)
            read = read_push(content)
            assert isinstance(read, RoutingInput), (place, odd)
            assert read_push(json.dumps(content).encode()) == read
            assert (read.kind, read.name, read.change.after) == (true.kind, true.name, true.change.after), (place, odd)
            assert read.change.repository_id == true.change.repository_id
            assert read.change.to_json()
            assert read.change.url.startswith("https://")
            assert read.change.compare_url.startswith("https://")
            assert read.change.actor
            assert read.change.author


def test_a_pull_request_is_decided_whatever_stands_where_something_is_only_shown() -> None:
    original = payload("pull_request_opened")
    true = read_pull_request(original)
    for place in only_shown(original, OF_A_PULL_REQUEST):
        for odd in ODD:
            content = changed(original, place, odd)
            read = read_pull_request(content)
            assert read_pull_request(json.dumps(content).encode()) == read
            assert (read.fork, read.name, read.change.after) == (true.fork, true.name, true.change.after), (place, odd)
            assert read.change.url.startswith("https://")
            assert read.change.actor
            assert read.change.to_json()


@given(place=st.sampled_from(sorted(IDENTITY)), odd=st.sampled_from([7, -1.5, [], {}, "", "\ud800\n\x00"]))
def test_what_says_which_commit_is_meant_must_be_right(place: tuple[str, ...], odd: object) -> None:
    content = changed(payload("push_main"), place, odd)
    if place == ("commits",) and odd == []:
        assert isinstance(read_push(content), RoutingInput)  # an empty list is one
    elif place == ("repository", "id") and odd == 7:
        assert isinstance(read_push(content), RoutingInput)
    else:
        with pytest.raises(Rejected) as rejected:
            read_push(content)
        assert rejected.value.status == 400


def test_a_file_list_that_is_none_is_a_gap_and_no_empty_list() -> None:
    content = payload("push_main")
    content["commits"][0]["modified"] = 7
    read = read_push(content)
    assert isinstance(read, RoutingInput)
    assert read.files.gap is not None


def test_names_are_taken_where_they_are() -> None:
    content = payload("push_main")
    content["head_commit"]["author"] = {"name": None, "username": "hana"}
    content["sender"] = None
    read = read_push(content)
    assert isinstance(read, RoutingInput)
    assert (read.change.author, read.change.actor) == ("hana", content["pusher"]["name"])
    assert read.change.author_login == "hana"
    content["head_commit"]["author"] = content["pusher"] = None
    read = read_push(content)
    assert isinstance(read, RoutingInput)
    assert (read.change.author, read.change.actor, read.change.actor_id) == ("unknown", "unknown", None)


@pytest.mark.parametrize("login", ["hana", "a", "Hana-Ito_acme", "h" * 39, "dependabot[bot]"])
def test_the_author_of_a_push_has_a_login(login: str) -> None:
    content = payload("push_main")
    content["head_commit"]["author"] = {"name": "Hana Ito", "username": login}
    content["sender"]["login"] = "omar"  # who pushed need not be who wrote
    read = read_push(content)
    assert isinstance(read, RoutingInput)
    assert (read.change.author, read.change.author_login, read.change.actor) == ("Hana Ito", login, "omar")


@pytest.mark.parametrize(
    "username",
    [None, "", 7, "hana ito", "hana\n", "h" * 40, "<!channel>", "-hana", "ha\u200bna", "\ud83d", "hana[bot]x"],
)
def test_what_is_no_login_is_unknown(username: Any) -> None:
    content = payload("push_main")
    content["head_commit"]["author"] = {"name": "Hana Ito", "username": username}
    read = read_push(content)
    assert isinstance(read, RoutingInput)
    assert (read.change.author, read.change.author_login) == ("Hana Ito", None)


def test_the_author_of_a_pull_request_whose_account_is_deleted_is_unknown() -> None:
    content = payload("pull_request_opened")
    content["pull_request"]["user"] = None
    read = read_pull_request(content)
    assert (read.change.author, read.change.author_login) == ("ghost", None)


def test_links_are_made_where_there_are_none() -> None:
    content = payload("push_main")
    content["compare"] = content["head_commit"]["url"] = None
    read = read_push(content)
    assert isinstance(read, RoutingInput)
    assert read.change.url == f"https://github.com/acme/infra/commit/{content['after']}"
    assert read.change.compare_url.startswith("https://github.com/acme/infra/compare/")
    del content["repository"]["html_url"]
    assert read_push(content) == read


# --- a head commit that GitHub does not describe --------------------------------------------------------------------


@pytest.mark.parametrize("head", [None, MISSING])
def test_a_branch_whose_head_commit_is_not_described_is_taken_for_the_commit_that_it_points_to(head: object) -> None:
    content = changed(payload("push_main"), ("head_commit",), head)
    read = read_push(content)
    assert isinstance(read, RoutingInput)
    assert (read.kind, read.change.after, read.comparison.head) == ("branch", content["after"], content["after"])
    assert read.files.gap == f"the payload does not describe commit {content['after'][:7]}, the head of the branch"
    # What the list of commits has of it is told all the same.
    assert read.message == payload("push_main")["head_commit"]["message"]


def test_a_branch_of_which_nothing_is_described_is_taken_too() -> None:
    content = payload("push_main") | {"head_commit": None, "commits": []}
    read = read_push(content)
    assert isinstance(read, RoutingInput)
    assert (read.change.after, read.message, read.change.author) == (content["after"], "", "unknown")
    assert read.files.gap is not None


def test_a_tag_that_points_to_no_commit_has_nothing_to_run() -> None:
    read = read_push(payload("push_tag") | {"head_commit": None})
    assert isinstance(read, NothingToRun)
