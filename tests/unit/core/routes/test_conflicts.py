"""Routes that conflict: both run the same playbook on a target, for one push or in turns."""

from typing import Any

import pytest

from pointsman.core.routes.lint import lint
from tests.support.operations import operations
from tests.support.receiver import file_with
from tests.unit.core.routes.test_lint import push, warnings_of

ALL = "4 targets (dev/us-east-1, dev/eu-west-1, prod/us-east-1 and 1 more)"
BOTH = f"routes[1]: one push can start both `route-1` and `route-2`, which run site.yml one after the other on {ALL}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        (push(branches=["main"]), push(branches=["ma*"])),
        (push(tags=["v*"]), push()),
        (push(paths=["roles/**"]), push(branches=["main"], paths=["**/*.yml", "!docs/**"])),
        (push(paths_ignore=["docs/**"]), push(paths=["docs/**", "src/**"])),
        (push(actors=["hana"]), push(actors=["tom"])),
        ({"repository": "Acme/*"}, {"repository": "acme/Infra"}),
        ({"tags": ["web"]}, {"tags": ["db", "web"]}),
        ({"tags": ["web"]}, {}),
        ({"limit": "web"}, {}),
        ({"tags": ["web", "db"]}, {"skip_tags": ["web"]}),
        ({"inventory": "dev"}, {}),
        ({"inventory": ["dev", "prod"]}, {"inventory": "prod"}),
        ({"directory": "."}, {}),
        ({"limit": "web"}, {"limit": "web"}),
        ({"on": ["push", "pull_request"]}, {}),
    ],
)
def test_two_routes_that_one_push_may_start_are_doubtful(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert warnings_of(one, other) == [BOTH]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"playbook": "other.yml"}),
        ({}, {"targets": [{"name": "*/*", "playbook": "other.yml"}]}),
        ({"tags": ["web"]}, {"tags": ["db"]}),
        ({"tags": ["web"]}, {"targets": [{"name": "*/*", "tags": ["db"]}]}),
        ({"limit": "web"}, {"limit": "db"}),
        ({"tags": ["web"]}, {"skip_tags": ["web", "db"]}),
        ({"inventory": "dev"}, {"inventory": ["prod", "stage"]}),
        ({"directory": "one"}, {"directory": "two"}),
        ({"directory": "one"}, {}),
        ({"targets": ["dev/*"]}, {"targets": ["prod/*"]}),
        ({}, {"on": "pull_request"}),
        (push(branches=["main"], paths=["a/**"]), push(branches=["main"], paths=["b/**"])),
        (push(paths=["**/*.py"]), push(paths=["**/*.yml"])),
    ],
)
def test_two_routes_that_do_different_things_are_not(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert warnings_of(one, other) == []


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
    assert warnings_of(one, other) == [
        (
            f"routes[1]: {sources} both run site.yml on {ALL}: "
            "each push to one may undo what the last push to the other did"
        )
    ]


def test_a_route_that_never_runs_fights_with_none() -> None:
    assert [doubt for doubt in warnings_of({}, push(branches=["a", "!**"])) if "route-1" in doubt] == []


def test_a_targets_own_limit_does_not_set_routes_apart() -> None:
    own = [{"account": "dev", "regions": ["eu-west-1"], "limit": "fleet"}]
    assert len(warnings_of({"limit": "web"}, {}, targets=own)) == 1
    assert warnings_of({"limit": "web"}, {"limit": "db"}, targets=own) == []


def test_many_routes_are_told_once_at_each_and_soon() -> None:
    routes = file_with(
        *(push(branches=["main"], paths=[f"services/s{number}/**", "!**/*.md"]) for number in range(199)),
        push(branches=["main"], paths=["services/**"]),
    )
    assert operations(lambda: lint(routes)) < 10_000_000
    [found] = lint(routes)
    assert found.location == ("routes", 199)
    assert found.reason.startswith("one push can start both `route-1` and `route-200`")
    assert found.reason.endswith("; the same applies to 198 more")


def test_hard_lists_are_given_up_before_long() -> None:
    routes = file_with(*(push(paths=[f"*a*b*{number}*c/**", f"**{number}**x**y", "!*z*/**"]) for number in range(80)))
    assert operations(lambda: lint(routes)) < 20_000_000


def test_doubts_change_nothing() -> None:
    routes = file_with(push(paths=["docs/"]))
    before = routes.model_dump()
    assert lint(routes) == lint(routes)
    assert routes.model_dump() == before
