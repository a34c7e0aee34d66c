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
from tests.support.receiver import routes_with


def push(**condition: Any) -> dict[str, Any]:
    return {"on": {"push": {key.replace("_", "-"): value for key, value in condition.items()}}}


def told(*routes: dict[str, Any], **file: Any) -> list[str]:
    return [str(doubt) for doubt in lint(routes_with(*routes, **file))]


# --- lists that take nothing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "doubt"),
    [
        (
            {"paths": ["docs/"]},
            "paths: takes no file that can be: no file matches `docs/`, since none ends with a slash; write `docs/**`",
        ),
        (
            {"paths": ["/a/**", "!*.md"]},
            "paths: takes no file that can be: no file matches `/a/**`, since none begins with a slash; write `a/**`",
        ),
        (
            {"branches": ["a/**", "main", "!**"]},
            "branches: takes no branch that can be: what its patterns take, later ones with `!` take back",
        ),
        (
            {"tags": ["v[0-9]", "!v*"]},
            "tags: takes no tag that can be: what its patterns take, later ones with `!` take back",
        ),
        (
            {"paths": ["a/b?", "!a/*"]},
            "paths: takes no file that can be: what its patterns take, later ones with `!` take back",
        ),
        ({"paths_ignore": ["**"]}, "paths-ignore: ignores every file that can be, so nothing is ever taken"),
        ({"paths_ignore": ["*", "**/*"]}, "paths-ignore: ignores every file that can be, so nothing is ever taken"),
        ({"branches_ignore": ["**"]}, "branches-ignore: ignores every branch that can be, so nothing is ever taken"),
        (
            {"paths_ignore": ["!a.md", "!b/**"]},
            "paths-ignore: ignores nothing: a pattern with `!` keeps what one above it ignores; name what to ignore",
        ),
    ],
)
def test_a_list_that_takes_no_possible_name_is_doubtful(condition: dict[str, Any], doubt: str) -> None:
    assert told(push(**condition)) == [f"routes[0].on.push.{doubt}"]


@pytest.mark.parametrize("branch", ["my branch", "x..y", r"a\*b", "x.lock", "@{x}", "re^x", "release/.x", "**/x y/**"])
def test_a_pattern_that_no_branch_can_match_since_git_takes_no_such_name_is_doubtful(branch: str) -> None:
    never = f"no branch matches `{branch}`, since git takes no such name"
    assert told(push(branches=[branch, "main"])) == [f"routes[0].on.push.branches[0]: {never}"]
    assert told(push(branches=[branch])) == [f"routes[0].on.push.branches: takes no branch that can be: {never}"]
    assert told(push(paths=[f"{branch}/**"])) == []


@pytest.mark.parametrize(
    ("route", "doubt"),
    [
        ({"playbook": "ansible/site.yml"}, "playbook: is looked for inside ansible/; write `site.yml`"),
        (
            push(messages=["^release:"]),
            "on.push.messages[0]: `^release:` is looked for as it stands; for an expression",
        ),
        (push(messages_ignore=["/wip/"]), "on.push.messages-ignore[0]: `/wip/` is looked for as it stands"),
        (push(actors=["1001"]), "on.push.actors[0]: `1001` is taken for a login; an account's number has no quotes"),
        (push(branches=["release/{1,2}"]), "on.push.branches[0]: `{1,2}` in `release/{1,2}` stands for itself"),
        (push(branches=["origin/main"]), "on.push.branches[0]: `origin/main`: a branch is named without its remote"),
        (
            {"targets": [{"account": "prod", "extra_vars": {"a": 1}}, "dev/*", {"name": "*/*", "tags": ["x"]}]},
            "targets[0]: later entries mean each of its targets, too, and alone count there",
        ),
    ],
)
def test_what_is_hardly_meant_is_doubtful(route: dict[str, Any], doubt: str) -> None:
    assert any(each.startswith(f"routes[0].{doubt}") for each in told(route))


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
    assert told(route) == []


def test_an_account_with_two_names_is_doubtful() -> None:
    """Only where two targets are one account and region."""
    doubled = {"dev": "222222222222", "prod": "222222222222"}
    assert told(push(branches=["main"]), accounts=doubled) == [
        (
            "accounts.prod: one account and region under two names (prod/us-east-1 is dev/us-east-1, prod/eu-west-1 is "
            "dev/eu-west-1): two builds may run there at one time"
        )
    ]
    apart = [{"account": "dev", "regions": "us-east-1"}, {"account": "prod", "regions": "eu-west-1"}]
    assert told(push(branches=["main"]), accounts=doubled, targets=apart) == []


@pytest.mark.parametrize(
    "condition",
    [
        {"branches": ["main"], "paths": ["ansible/**", "!**/*.md"]},
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
    assert told(push(**condition)) == []


def test_lists_of_pull_requests_and_of_repositories_are_looked_at_too() -> None:
    assert told(
        {
            "repository": ["Acme/*", "!acme/*"],
            "on": {"pull_request": {"head-branches": ["fix/"], "branches-ignore": ["*", "*/**"]}},
        }
    ) == [
        "routes[0].repository: takes no repository that can be: what it names, `!` takes back",
        "routes[0].on.pull_request.branches-ignore: ignores every branch that can be, so nothing is ever taken",
        (
            "routes[0].on.pull_request.head-branches: takes no branch that can be: no branch matches `fix/`, "
            "since none ends with a slash; write `fix/**`"
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
    never = [doubt for doubt in told(push(paths=texts)) if "takes no file that can be" in doubt]
    assert not (taken and never)


@settings(max_examples=300, deadline=None)
@given(UNWANTED)
@example(["*", "**/*"])
@example(["*", "*/**"])
@example(["**", "!a"])
def test_a_list_that_ignores_everything_leaves_no_name(texts: list[str]) -> None:
    left = [name for name in POSSIBLE if Filter(tuple(texts), ignores=True).accepts(name)]
    everything = [doubt for doubt in told(push(paths_ignore=texts)) if "ignores every file" in doubt]
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
    assert operations(lambda: told(route)) < 20_000_000


# --- slips ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "doubt"),
    [
        (
            {"branches": ["main", "refs/heads/x"]},
            "branches[1]: `refs/heads/x`: branches are named without `refs/heads/`; write `x`",
        ),
        (
            {"branches": ["**", "!refs/heads/x"]},
            "branches[1]: `!refs/heads/x`: branches are named without `refs/heads/`; write `!x`",
        ),
        ({"tags": ["refs/tags/v*"]}, "tags[0]: `refs/tags/v*`: tags are named without `refs/tags/`; write `v*`"),
        ({"branches": ["refs/tags/v1"]}, "branches[0]: `refs/tags/v1` names tags, and this list is about branches"),
        (
            {"paths": ["./ansible/**"]},
            "paths[0]: `./ansible/**`: a file's name begins at the repository's root; write `ansible/**`",
        ),
        (
            {"paths": ["a/b"]},
            "paths[0]: `a/b` matches only a file of that very name; for all that lies in a folder write `a/b/**`",
        ),
        (
            {"paths_ignore": ["x"]},
            "paths-ignore[0]: `x` matches only a file of that very name; for all that lies in a folder write `x/**`",
        ),
        (
            {"paths": ["**", "!docs//x"]},
            "paths[1]: no file matches `!docs//x`, since none has two slashes together; write `!docs/x`",
        ),
        ({"branches": ["+main"]}, "branches[0]: `+main`: `+` with nothing before it says nothing; write `main`"),
        ({"tags": ["**", "!?rc"]}, "tags[1]: `!?rc`: `?` with nothing before it lets the name begin anywhere"),
        ({"paths": ["[A-z]at.md"]}, "paths[0]: `[A-z]at.md`: a range from upper to lower case takes `[`"),
        ({"paths_ignore": ["src**/x.go"]}, "paths-ignore[0]: `src**/x.go`: `**` begins no folder here"),
        (
            {"paths": ["a.yml", "docs/"]},
            "paths[1]: no file matches `docs/`, since none ends with a slash; write `docs/**`",
        ),
    ],
)
def test_a_slip_is_told_with_what_was_meant(condition: dict[str, Any], doubt: str) -> None:
    [found] = told(push(**condition))
    assert found.startswith(f"routes[0].on.push.{doubt}")


# --- targets --------------------------------------------------------------------------------------------------------


def test_a_target_that_no_route_reaches_is_doubtful() -> None:
    assert told({"targets": ["dev/*"]}) == [
        (
            "accounts.prod: no route reaches any of its 2 targets (prod/us-east-1, prod/eu-west-1): "
            "name it in a route, or take it out"
        )
    ]
    own = [{"account": "dev"}, {"account": "prod", "regions": ["eu-west-1"]}]
    assert told({"targets": ["*/us-east-1"]}, targets=own) == [
        "targets[0]: no route reaches target dev/eu-west-1: name it in a route, or take it out",
        "targets[1]: no route reaches target prod/eu-west-1: name it in a route, or take it out",
    ]


def test_a_target_that_only_pull_requests_reach_is_reached() -> None:
    assert told({"on": "pull_request"}) == []


# --- routes that fight ----------------------------------------------------------------------------------------------

ALL = "4 targets (dev/us-east-1, dev/eu-west-1, prod/us-east-1 and 1 more)"
BOTH = f"routes[1]: one push may start both `route-1` and `route-2`, one after the other, with site.yml on {ALL}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        (push(branches=["main"]), push(branches=["ma*"])),
        (push(tags=["v*"]), push()),
        (push(paths=["ansible/**"]), push(branches=["main"], paths=["**/*.yml", "!docs/**"])),
        (push(paths_ignore=["docs/**"]), push(paths=["docs/**", "src/**"])),
        (push(actors=["hana"]), push(actors=["tom"])),
        ({"repository": "Acme/*"}, {"repository": "acme/Infra"}),
        ({"tags": ["web"]}, {"tags": ["db", "web"]}),
        ({"tags": ["web"]}, {}),
        ({"limit": "web"}, {}),
        ({"limit": "web"}, {"limit": "web"}),
        ({"on": ["push", "pull_request"]}, {}),
    ],
)
def test_two_routes_that_one_push_may_start_are_doubtful(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert told(one, other) == [BOTH]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"playbook": "other.yml"}),
        ({}, {"targets": [{"name": "*/*", "playbook": "other.yml"}]}),
        ({"tags": ["web"]}, {"tags": ["db"]}),
        ({"tags": ["web"]}, {"targets": [{"name": "*/*", "tags": ["db"]}]}),
        ({"limit": "web"}, {"limit": "db"}),
        ({"targets": ["dev/*"]}, {"targets": ["prod/*"]}),
        ({}, {"on": "pull_request"}),
        (push(branches=["main"], paths=["a/**"]), push(branches=["main"], paths=["b/**"])),
        (push(paths=["**/*.py"]), push(paths=["**/*.yml"])),
    ],
)
def test_two_routes_that_do_different_things_are_not(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert told(one, other) == []


@pytest.mark.parametrize(
    ("one", "other", "sources"),
    [
        (
            push(branches=["main"]),
            push(branches=["release/**"]),
            "`route-1` (branches main) and `route-2` (branches release/**)",
        ),
        (push(branches=["main"]), push(tags=["v*"]), "`route-1` (branches main) and `route-2` (tags v*)"),
        (
            push(branches=["main"], paths=["a/**"]),
            push(branches_ignore=["main"], paths=["b/**"]),
            "`route-1` (branches main) and `route-2` (all branches but main)",
        ),
        ({"repository": "acme/a"}, {"repository": "acme/b"}, "`route-1` (acme/a) and `route-2` (acme/b)"),
    ],
)
def test_two_routes_that_undo_each_other_are_doubtful(one: dict[str, Any], other: dict[str, Any], sources: str) -> None:
    assert told(one, other) == [
        (
            f"routes[1]: {sources} both bring site.yml to {ALL}: "
            "what a push on one does, the next push on the other may undo"
        )
    ]


def test_a_route_that_never_runs_fights_with_none() -> None:
    assert [doubt for doubt in told({}, push(branches=["a", "!**"])) if "route-1" in doubt] == []


def test_a_targets_own_limit_does_not_set_routes_apart() -> None:
    own = [{"account": "dev", "regions": ["eu-west-1"], "limit": "fleet"}]
    assert len(told({"limit": "web"}, {}, targets=own)) == 1
    assert told({"limit": "web"}, {"limit": "db"}, targets=own) == []


def test_many_routes_are_told_once_at_each_and_soon() -> None:
    routes = routes_with(
        *(push(branches=["main"], paths=[f"services/s{number}/**", "!**/*.md"]) for number in range(199)),
        push(branches=["main"], paths=["services/**"]),
    )
    assert operations(lambda: lint(routes)) < 10_000_000
    [found] = lint(routes)
    assert found.location == ("routes", 199)
    assert found.reason.startswith("one push may start both `route-1` and `route-200`")
    assert found.reason.endswith("; the same with 198 more")


def test_hard_lists_are_given_up_before_long() -> None:
    routes = routes_with(*(push(paths=[f"*a*b*{number}*c/**", f"**{number}**x**y", "!*z*/**"]) for number in range(80)))
    assert operations(lambda: lint(routes)) < 20_000_000


def test_doubts_change_nothing() -> None:
    routes = routes_with(push(paths=["docs/"]))
    before = routes.model_dump()
    assert lint(routes) == lint(routes)
    assert routes.model_dump() == before
