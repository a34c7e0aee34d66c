"""Each route's decision about a push, with its reason: for every yes and for every no."""

from typing import Any

import pytest

from pointsman.core.decision import Decision, Outcome
from pointsman.core.github.push import read_push
from pointsman.core.identity import rollout_id
from pointsman.core.model import Mode, TargetName, WhenBusy
from pointsman.core.routing.decide import Routing, decide
from pointsman.core.routing.routing_input import RoutingInput
from tests.support.receiver import payload, routes_with, shipped_routes

TEN = [
    f"{account}/{region}"
    for account in ("dev", "prod")
    for region in ("us-east-1", "ca-central-1", "ap-southeast-2", "eu-central-1", "eu-west-1")
]


def read(name: str, **changes: Any) -> RoutingInput:
    push = read_push(payload(name) | changes)
    assert isinstance(push, RoutingInput)
    return push


def pushed(*files: str, branch: str = "main") -> RoutingInput:
    """A complete push of `files` to `branch`."""
    content = payload("push_main")
    content["ref"] = f"refs/heads/{branch}"
    content["commits"] = [content["head_commit"] | {"added": list(files), "removed": [], "modified": []}]
    return read("push_main", ref=content["ref"], commits=content["commits"])


def the_decision(push: RoutingInput, **condition: Any) -> Decision:
    routing = decide(push, routes_with({"on": {"push": condition}}))
    [decision] = routing.decisions
    assert bool(routing.specs) == decision.runs
    return decision


def parts_of(decision: Decision) -> tuple[Outcome, str, str | None, str | None]:
    return decision.outcome, decision.reason, decision.pattern, decision.file


# --- the repository's own rules -------------------------------------------------------------------------------------


def test_a_push_that_changes_a_role_runs_on_every_target() -> None:
    push = read("push_main")
    routing = decide(push, shipped_routes())
    [decision] = routing.decisions
    [spec] = routing.specs
    rollout = rollout_id(186853002, "site", push.change.after, Mode.APPLY)
    assert decision == Decision(
        route="site",
        outcome=Outcome.MATCHED,
        runs=True,
        reason="branch main matches branches[0] `main`; roles/baseline/defaults/main.yml matches paths[0] `**`",
        pattern="**",
        file="roles/baseline/defaults/main.yml",
        targets=tuple(TargetName(name) for name in TEN),
        rollout=rollout,
    )
    assert (spec.rollout, spec.route, spec.mode, spec.playbook) == (rollout, "site", Mode.APPLY, "site.yml")
    assert spec.when_busy is WhenBusy.SUPERSEDE
    assert [target.name for target in spec.targets] == TEN
    assert {target.account_id for target in spec.targets} == {"222222222222", "333333333333"}
    assert routing.reason == "1 of 1 route runs: site"


def test_a_push_of_documentation_alone_is_ignored_and_says_what_left_it_out() -> None:
    routing = decide(read("push_docs_only"), shipped_routes())
    assert routing.specs == ()
    assert parts_of(routing.decisions[0]) == (
        Outcome.IGNORED,
        (
            "branch main matches branches[0] `main`; no changed file matches paths: the 3 files are "
            "docs/add-a-host.md, README.md, roles/baseline/README.md "
            "(docs/add-a-host.md is excluded by paths[1] `!**/*.md`)"
        ),
        "!**/*.md",
        "docs/add-a-host.md",
    )
    assert routing.reason == f"nothing runs: {routing.decisions[0].reason}"


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        ("push_new_branch", "ignored", "branch feature/time-sync matches none of branches `main`"),
        ("push_tag", "ignored", "tag v1.4.0 cannot match: the route lists branches but no tags"),
        ("push_empty_commit", "ignored", "branch main matches branches[0] `main`; no files were changed"),
        (
            "push_forced",
            "undetermined",
            (
                "branch main matches branches[0] `main`; the list of changed files is incomplete (after a force push, "
                "the commits do not show how the two versions differ), so it runs (when_undetermined: run)"
            ),
        ),
    ],
)
def test_the_shipped_rules_decide_every_kind_of_push(name: str, outcome: str, reason: str) -> None:
    [decision] = decide(read(name), shipped_routes()).decisions
    assert (decision.outcome, decision.reason) == (outcome, reason)


# --- refs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "branch", "expected"),
    [
        ({}, "main", (Outcome.MATCHED, "branch main: the route accepts every branch and tag", None, None)),
        (
            {"branches": ["release/*", "main"]},
            "main",
            (Outcome.MATCHED, "branch main matches branches[1] `main`", "main", None),
        ),
        (
            {"branches": ["main"]},
            "main/x",
            (Outcome.IGNORED, "branch main/x matches none of branches `main`", None, None),
        ),
        (
            {"branches": ["releases/**", "!releases/**-alpha"]},
            "releases/10-alpha",
            (
                Outcome.IGNORED,
                "branch releases/10-alpha is excluded by branches[1] `!releases/**-alpha`",
                "!releases/**-alpha",
                None,
            ),
        ),
        (
            {"branches-ignore": ["wip/**"]},
            "wip/a/b",
            (Outcome.IGNORED, "branch wip/a/b matches branches-ignore[0] `wip/**`", "wip/**", None),
        ),
        (
            {"branches-ignore": ["wip/**"]},
            "main",
            (Outcome.MATCHED, "branch main matches none of branches-ignore", None, None),
        ),
        (
            {"tags": ["v*"]},
            "v1",
            (Outcome.IGNORED, "branch v1 cannot match: the route lists tags but no branches", None, None),
        ),
        (
            {"tags-ignore": ["v*"]},
            "v1",
            (Outcome.IGNORED, "branch v1 cannot match: the route lists tags but no branches", None, None),
        ),
        (
            {"branches": ["main"], "tags": ["v*"]},
            "v1",
            (Outcome.IGNORED, "branch v1 matches none of branches `main`", None, None),
        ),
    ],
)
def test_a_branch_is_decided_by_the_last_pattern_that_matches(
    condition: dict[str, Any], branch: str, expected: tuple[Outcome, str, str | None, str | None]
) -> None:
    assert parts_of(the_decision(pushed("a", branch=branch), **condition)) == expected


@pytest.mark.parametrize(
    ("condition", "outcome", "reason"),
    [
        ({"tags": ["v[0-9]+.*"]}, Outcome.MATCHED, "tag v1.4.0 matches tags[0] `v[0-9]+.*`"),
        ({"tags": ["x"]}, Outcome.IGNORED, "tag v1.4.0 matches none of tags `x`"),
        ({"tags-ignore": ["v1.*"]}, Outcome.IGNORED, "tag v1.4.0 matches tags-ignore[0] `v1.*`"),
        ({"branches-ignore": ["x"]}, Outcome.IGNORED, "tag v1.4.0 cannot match: the route lists branches but no tags"),
        ({}, Outcome.MATCHED, "tag v1.4.0: the route accepts every branch and tag"),
        (
            {"tags": ["v*"], "paths": ["roles/**"]},
            Outcome.MATCHED,
            "tag v1.4.0 matches tags[0] `v*`; roles/baseline/defaults/main.yml matches paths[0] `roles/**`",
        ),
        (
            {"tags": ["v*"], "paths": ["docs/**"]},
            Outcome.IGNORED,
            (
                "tag v1.4.0 matches tags[0] `v*`; no changed file matches paths: the only file is "
                "roles/baseline/defaults/main.yml; the commit may be a merge, whose file list can be incomplete"
            ),
        ),
    ],
)
def test_a_tag_is_decided_by_tags_and_by_its_commits_own_files(
    condition: dict[str, Any], outcome: Outcome, reason: str
) -> None:
    decision = the_decision(read("push_tag"), **condition)
    assert (decision.outcome, decision.reason) == (outcome, reason)


# --- several routes -------------------------------------------------------------------------------------------------


def test_every_route_of_the_repository_is_asked_and_no_other() -> None:
    routes = routes_with(
        {"name": "web", "on": {"push": {"branches": ["main"]}}},
        {"name": "docs", "on": {"push": {"paths": ["docs/**"]}}, "targets": ["dev/*"], "playbook": "docs/site.yml"},
        {"name": "tags", "on": {"push": {"tags": ["v*"]}}},
        {"name": "elsewhere", "repository": "acme/other"},
        {"name": "case", "repository": "Acme/Infra", "targets": ["*/eu-west-1"], "limit": "web"},
    )
    routing = decide(pushed("docs/a"), routes)
    assert {decision.route: decision.runs for decision in routing.decisions} == {
        "web": True,
        "docs": True,
        "tags": False,
        "case": True,
    }
    assert routing.reason == "3 of 4 routes run: web, docs, case"
    assert [spec.route for spec in routing.specs] == ["web", "docs", "case"]
    assert [target.name for target in routing.specs[1].targets] == ["dev/us-east-1", "dev/eu-west-1"]
    assert routing.specs[1].playbook == "docs/site.yml"
    assert [(target.name, target.limit) for target in routing.specs[2].targets] == [
        ("dev/eu-west-1", "web"),
        ("prod/eu-west-1", "web"),
    ]
    assert len({spec.rollout for spec in routing.specs}) == 3


@pytest.mark.parametrize(
    ("decisions", "reason"),
    [(2, "nothing runs: none of 2 routes matches"), (0, "nothing runs: none of 0 routes matches")],
)
def test_the_whole_is_told_in_one_sentence(decisions: int, reason: str) -> None:
    refused = Decision(route="a", outcome=Outcome.IGNORED, runs=False, reason="because")
    assert Routing((refused,) * decisions, (), needs_changed_files=False).reason == reason


def test_what_a_route_says_of_the_run_reaches_the_order() -> None:
    variables = {"workers": 4, "nested": {"list": [1, "two", None, True]}}
    routes = routes_with({"tags": ["web", "db"], "extra_vars": variables, "when_busy": "queue"})
    [spec] = decide(pushed("a"), routes).specs
    assert (spec.tags, spec.extra_vars, spec.when_busy) == (("web", "db"), variables, WhenBusy.QUEUE)


def test_the_same_push_is_decided_the_same_way_each_time() -> None:
    assert decide(read("push_main"), shipped_routes()) == decide(read("push_main"), shipped_routes())


# --- text from outside ----------------------------------------------------------------------------------------------


def test_names_in_reasons_are_one_line_and_short() -> None:
    odd = "ansible/" + "x" * 5_000 + "\n\x1b[31m"
    decision = the_decision(pushed(odd), paths=["docs/**"])
    assert "\n" not in decision.reason
    assert len(decision.reason) < 400
    matched = the_decision(pushed(odd), paths=["ansible/**"])
    assert matched.file
    assert len(matched.file) == 1_000
    assert "\\x0a" in the_decision(read("push_unusual_names"), paths=["files/two*"]).reason
