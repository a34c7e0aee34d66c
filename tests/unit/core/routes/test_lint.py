"""What is valid in routes.yaml and hardly meant."""

from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pointsman.core.patterns.language import Filter, Language, Satisfiable
from pointsman.core.patterns.names import Names
from pointsman.core.patterns.pattern import PatternError, PatternList
from pointsman.core.routes.lint import lint
from tests.support.operations import operations
from tests.support.receiver import file_with


def push(**condition: Any) -> dict[str, Any]:
    return {"on": {"push": {key.replace("_", "-"): value for key, value in condition.items()}}}


def warnings_of(*routes: dict[str, Any], **file: Any) -> list[str]:
    return [str(doubt) for doubt in lint(file_with(*routes, **file))]


# --- directories ----------------------------------------------------------------------------------------------------

IN_ANSIBLE = {"directory": "ansible"}


@pytest.mark.parametrize(
    ("route", "doubt"),
    [
        (
            IN_ANSIBLE | {"playbook": "ansible/site.yml"},
            "playbook: `ansible/site.yml` is relative to `directory`, which is ansible; write `site.yml`",
        ),
        (IN_ANSIBLE | {"inventory": ["x", "ansible/hosts"]}, "inventory: `ansible/hosts` is relative to `directory`"),
        (IN_ANSIBLE | {"requirements": "ansible/r.yml"}, "requirements: `ansible/r.yml` is relative to `directory`"),
        (
            IN_ANSIBLE | {"targets": [{"name": "*/*", "playbook": "ansible/x.yml"}]},
            "targets[0].playbook: `ansible/x.yml` is relative to `directory`",
        ),
        (
            IN_ANSIBLE | push(paths=["roles/**", "*.yml"]),
            "on.push.paths: no pattern matches a file in `directory`: paths are relative to the root; write `ansible/",
        ),
        (
            push(paths=["ansible/**", "!**/*.md"]),
            "on.push.paths: all files are in ansible/, but site.yml is not: add `directory: ansible` to the route",
        ),
        (
            {"on": {"pull_request": {"paths": ["infra/ansible/roles/**", "infra/ansible/*.yml"]}}},
            "on.pull_request.paths: all files are in infra/ansible/, but site.yml is not: add `directory: infra",
        ),
    ],
)
def test_a_path_that_is_relative_to_something_else_is_doubtful(route: dict[str, Any], doubt: str) -> None:
    [only] = warnings_of(route)
    assert only.startswith(f"routes[0].{doubt}")


@pytest.mark.parametrize(
    "route",
    [
        {"playbook": "ansible/site.yml"},  # the repository's root may well have the ansible.cfg
        push(paths=["ansible/**"]) | {"playbook": "ansible/site.yml"},
        push(paths=["roles/**", "site.yml"]),
        push(paths=["ansible/**", "docs/**"]),
        push(paths_ignore=["ansible/**"]),
        IN_ANSIBLE | push(paths=["ansible/**"]),
        IN_ANSIBLE | push(paths=["**/*.yml", "!docs/**"]),
        IN_ANSIBLE | push(paths=["ansible/roles/web/**", "shared/**"]),
        IN_ANSIBLE | push(paths_ignore=["docs/**"]),
        {"directory": "c++"} | push(paths=["c\\+\\+/x.yml"]),
        {"directory": "."} | push(paths=["**"]),
    ],
)
def test_a_path_in_its_directory_is_not(route: dict[str, Any]) -> None:
    assert warnings_of(route) == []


# --- lists that take nothing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "doubt"),
    [
        (
            {"paths": ["d/"]},
            "paths: matches no possible file: no file matches `d/`, since no name ends with a slash; write `d/**`",
        ),
        (
            {"paths": ["/a/**", "!*.md"]},
            "paths: matches no possible file: no file matches `/a/**`, since no name begins with a slash; write `a/**`",
        ),
        (
            {"branches": ["a/**", "main", "!**"]},
            "branches: matches no possible branch: later patterns with `!` exclude everything",
        ),
        (
            {"tags": ["v[0-9]", "!v*"]},
            "tags: matches no possible tag: later patterns with `!` exclude everything",
        ),
        (
            {"paths": ["a/b?", "!a/*"]},
            "paths: matches no possible file: later patterns with `!` exclude everything",
        ),
        ({"paths_ignore": ["**"]}, "paths-ignore: ignores every possible file, so the route never runs"),
        ({"paths_ignore": ["*", "**/*"]}, "paths-ignore: ignores every possible file, so the route never runs"),
        ({"branches_ignore": ["**"]}, "branches-ignore: ignores every possible branch, so the route never runs"),
        (
            {"paths_ignore": ["!a.md", "!b/**"]},
            "paths-ignore: ignores nothing: `!` only re-includes what an earlier pattern ignores; add one without `!`",
        ),
    ],
)
def test_a_list_that_takes_no_possible_name_is_doubtful(condition: dict[str, Any], doubt: str) -> None:
    assert warnings_of(push(**condition)) == [f"routes[0].on.push.{doubt}"]


@pytest.mark.parametrize("branch", ["my branch", "x..y", r"a\*b", "x.lock", "@{x}", "re^x", "release/.x", "**/x y/**"])
def test_a_pattern_that_no_branch_can_match_since_git_takes_no_such_name_is_doubtful(branch: str) -> None:
    never = f"no branch matches `{branch}`, since git does not allow such a name"
    assert warnings_of(push(branches=[branch, "main"])) == [f"routes[0].on.push.branches[0]: {never}"]
    assert warnings_of(push(branches=[branch])) == [f"routes[0].on.push.branches: matches no possible branch: {never}"]
    assert warnings_of(push(paths=[f"{branch}/**"])) == []


@pytest.mark.parametrize(
    ("route", "doubt"),
    [
        (
            push(messages=["^release:"]),
            "on.push.messages[0]: `^release:` is matched as plain text; for a regular expression",
        ),
        (push(messages_ignore=["/wip/"]), "on.push.messages-ignore[0]: `/wip/` is matched as plain text"),
        (push(actors=["1001"]), "on.push.actors[0]: `1001` is read as a login; write an account's id without quotes"),
        (push(branches=["release/{1,2}"]), "on.push.branches[0]: `{1,2}` in `release/{1,2}` is plain text"),
        (push(branches=["origin/main"]), "on.push.branches[0]: `origin/main`: omit the remote"),
        (
            {"targets": [{"account": "prod", "extra_vars": {"a": 1}}, "dev/*", {"name": "*/*", "tags": ["x"]}]},
            "targets[0]: has no effect: later entries match all of its targets",
        ),
    ],
)
def test_what_is_hardly_meant_is_doubtful(route: dict[str, Any], doubt: str) -> None:
    assert any(each.startswith(f"routes[0].{doubt}") for each in warnings_of(route))


@pytest.mark.parametrize(
    "route",
    [
        push(messages=["release:", "fix (db)", {"regex": "^release:"}]),
        push(actors=["1001-bot", 1001]),
        push(branches=["{x}", "release/1"]),
        {"targets": ["*/*", {"account": "prod", "tags": ["x"]}]},
    ],
)
def test_what_is_meant_so_is_not(route: dict[str, Any]) -> None:
    assert warnings_of(route) == []


def test_an_account_with_two_names_is_doubtful() -> None:
    """Only where two targets are one account and region."""
    doubled = {"dev": "222222222222", "prod": "222222222222"}
    assert warnings_of(push(branches=["main"]), accounts=doubled) == [
        (
            "accounts.prod: one account and region has two names (prod/us-east-1 is dev/us-east-1, prod/eu-west-1 is "
            "dev/eu-west-1): two builds can run there at the same time"
        )
    ]
    apart = [{"account": "dev", "regions": "us-east-1"}, {"account": "prod", "regions": "eu-west-1"}]
    assert warnings_of(push(branches=["main"]), accounts=doubled, targets=apart) == []


@pytest.mark.parametrize(
    "condition",
    [
        {"branches": ["main"], "paths": ["roles/**", "!**/*.md"]},
        {"branches": ["releases/**", "!releases/**-alpha"]},
        {"paths": ["a/**", "!**", "a/b.c"], "tags": ["v*"]},
        {"paths": ["*", "!*a", "!*b"]},
        {"paths_ignore": ["*", "*/*"]},
        {"branches_ignore": ["**"], "tags": ["v*"]},
        {"tags_ignore": ["**"], "branches_ignore": ["x"]},
        {"paths": ["Makefile", "docs/LICENSE", ".env", "ansible", "ansible/**"]},
    ],
)
def test_a_list_that_takes_something_is_not(condition: dict[str, Any]) -> None:
    assert warnings_of(push(**condition)) == []


def test_lists_of_pull_requests_and_of_repositories_are_looked_at_too() -> None:
    assert warnings_of(
        {
            "repository": ["Acme/*", "!acme/*"],
            "on": {"pull_request": {"head-branches": ["fix/"], "branches-ignore": ["*", "*/**"]}},
        }
    ) == [
        "routes[0].repository: matches no possible repository: patterns with `!` exclude everything",
        "routes[0].on.pull_request.branches-ignore: ignores every possible branch, so the route never runs",
        (
            "routes[0].on.pull_request.head-branches: matches no possible branch: no branch matches `fix/`, "
            "since no name ends with a slash; write `fix/**`"
        ),
    ]


POSSIBLE = [
    name
    for length in range(1, 5)
    for letters in product("abc/", repeat=length)
    if all((name := "".join(letters)).split("/"))
]


def is_pattern(text: str) -> bool:
    try:
        PatternList([text])
    except PatternError:
        return False
    return True


PIECES = st.sampled_from(["a", "b", "/", "*", "**", "**/", "?", "+", "[ab]", "[a-c]", "[b]"])
BARE = st.lists(PIECES, min_size=1, max_size=4).map("".join).filter(is_pattern)
WANTED = st.lists(st.tuples(st.sampled_from(["", "", "!"]), BARE).map("".join), min_size=1, max_size=4).filter(
    lambda texts: any(not text.startswith("!") for text in texts)
)
UNWANTED = st.lists(st.tuples(st.sampled_from(["", "", "!"]), BARE).map("".join), min_size=1, max_size=3)


@settings(max_examples=500, deadline=None)
@given(WANTED)
@example(["a", "!a"])
@example(["a/"])
@example(["*", "!a*", "!b*"])
@example(["**", "!*", "!*/**"])
def test_never_is_said_of_lists_that_take_no_name_and_of_no_other(texts: list[str]) -> None:
    taken = [name for name in POSSIBLE if (hit := PatternList(texts).decide(name)) and hit.included]
    never = [doubt for doubt in warnings_of(push(paths=texts)) if "matches no possible file" in doubt]
    assert not (taken and never)


@settings(max_examples=300, deadline=None)
@given(UNWANTED)
@example(["*", "**/*"])
@example(["*", "*/**"])
@example(["**", "!a"])
def test_a_list_that_ignores_everything_leaves_no_name(texts: list[str]) -> None:
    left = [name for name in POSSIBLE if Filter(tuple(texts), ignores=True).accepts(name)]
    everything = [doubt for doubt in warnings_of(push(paths_ignore=texts)) if "ignores every possible file" in doubt]
    assert not (left and everything)


@settings(max_examples=300, deadline=None)
@given(WANTED, WANTED, UNWANTED)
def test_names_that_several_lists_take_are_found(one: list[str], other: list[str], unwanted: list[str]) -> None:
    filters = [Filter(tuple(one)), Filter(tuple(other)), Filter(tuple(unwanted), ignores=True)]
    found = Language().any_name_matching(filters)
    if any(all(each.accepts(name) for each in filters) for name in POSSIBLE):
        assert found is Satisfiable.YES
    assert found is not Satisfiable.UNDECIDED


def test_a_repository_has_one_slash() -> None:
    assert Language().any_name_matching([Filter(("**",))], Names.REPOSITORIES) is Satisfiable.YES
    assert Language().any_name_matching([Filter(("*",))], Names.REPOSITORIES) is Satisfiable.NO
    assert Language().any_name_matching([Filter(("*/*/*",))], Names.REPOSITORIES) is Satisfiable.NO


def test_what_would_take_too_long_to_tell_is_no_doubt() -> None:
    hard = ["".join(f"*{letter}" for letter in "abcdefghijkl"), "!**a**b**c**d**"]
    assert Language(steps=100).any_name_matching([Filter(tuple(hard))]) is Satisfiable.UNDECIDED
    many = [f"*{'a' * (number % 7 + 1)}*{chr(98 + number % 20)}*x*" for number in range(40)]
    route = push(paths=[*many, *(f"!{text}" for text in many)])
    assert operations(lambda: warnings_of(route)) < 20_000_000


# --- slips ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "doubt"),
    [
        (
            {"branches": ["main", "refs/heads/x"]},
            "branches[1]: `refs/heads/x`: omit `refs/heads/`; write `x`",
        ),
        (
            {"branches": ["**", "!refs/heads/x"]},
            "branches[1]: `!refs/heads/x`: omit `refs/heads/`; write `!x`",
        ),
        ({"tags": ["refs/tags/v*"]}, "tags[0]: `refs/tags/v*`: omit `refs/tags/`; write `v*`"),
        ({"branches": ["refs/tags/v1"]}, "branches[0]: `refs/tags/v1` names tags, but this list is for branches"),
        (
            {"paths": ["./ansible/**"]},
            "paths[0]: `./ansible/**`: paths are relative to the repository's root; write `ansible/**`",
        ),
        (
            {"paths": ["a/b"]},
            "paths[0]: `a/b` matches only a file with exactly this name; for all files in a folder, write `a/b/**`",
        ),
        (
            {"paths_ignore": ["x"]},
            "paths-ignore[0]: `x` matches only a file with exactly this name; for all files in a folder, write `x/**`",
        ),
        (
            {"paths": ["**", "!docs//x"]},
            "paths[1]: no file matches `!docs//x`, since no name has two slashes in a row; write `!docs/x`",
        ),
        ({"branches": ["+main"]}, "branches[0]: `+main`: `+` at the start has no effect; write `main`"),
        ({"tags": ["**", "!?rc"]}, "tags[1]: `!?rc`: `?` at the start matches any beginning"),
        ({"paths": ["[A-z]at.md"]}, "paths[0]: `[A-z]at.md`: a range from upper to lower case includes `[`"),
        ({"paths_ignore": ["src**/x.go"]}, "paths-ignore[0]: `src**/x.go`: `**` is not at the start of a folder"),
        (
            {"paths": ["a.yml", "docs/"]},
            "paths[1]: no file matches `docs/`, since no name ends with a slash; write `docs/**`",
        ),
    ],
)
def test_a_slip_is_told_with_what_was_meant(condition: dict[str, Any], doubt: str) -> None:
    [found] = warnings_of(push(**condition))
    assert found.startswith(f"routes[0].on.push.{doubt}")


# --- targets --------------------------------------------------------------------------------------------------------


def test_a_target_that_no_route_reaches_is_doubtful() -> None:
    assert warnings_of({"targets": ["dev/*"]}) == [
        (
            "accounts.prod: no route uses any of its 2 targets (prod/us-east-1, prod/eu-west-1): "
            "add it to a route, or remove it"
        )
    ]
    own = [{"account": "dev"}, {"account": "prod", "regions": ["eu-west-1"]}]
    assert warnings_of({"targets": ["*/us-east-1"]}, targets=own) == [
        "targets[0]: no route uses target dev/eu-west-1: add it to a route, or remove it",
        "targets[1]: no route uses target prod/eu-west-1: add it to a route, or remove it",
    ]


def test_a_target_that_only_pull_requests_reach_is_reached() -> None:
    assert warnings_of({"on": "pull_request"}) == []
