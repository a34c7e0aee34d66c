"""docs/routes.md says what the code does: each of its tables that can be tried is tried."""

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from pointsman.core.github.pull_request import read_pull_request
from pointsman.core.github.push import read_push
from pointsman.core.github.push_files import COMMITS_LISTED, NAMES_LISTED
from pointsman.core.model import Mode
from pointsman.core.patterns.pattern import PatternList
from pointsman.core.routes.compile import compile_routes
from pointsman.core.routes.conditions import PATTERN_LISTS, PullRequestCondition, PushCondition
from pointsman.core.routes.lint import lint
from pointsman.core.routes.model import Account, Defaults, Route, Routes, TargetChoice, TargetRule
from pointsman.core.routes.rollout_rules import (
    ApprovalGate,
    FreezeRule,
    GateRule,
    HostsRule,
    ToleranceRule,
    WaveRule,
)
from pointsman.core.routes.selectors import TargetSelector
from pointsman.core.routing.decide import decide
from pointsman.core.routing.evaluate import SKIP_MARKERS
from pointsman.core.routing.routing_input import RoutingInput
from pointsman.core.run_options import RunOptions
from pointsmanctl.explain.plan import plan_lines
from pointsmanctl.routes_file.reader import read_routes
from tests.support.receiver import ROOT, payload, routes_with

# https://docs.aws.amazon.com/codebuild/latest/APIReference/API_WebhookFilter.html
FILTER_TYPES = {
    *("EVENT", "ACTOR_ACCOUNT_ID", "HEAD_REF", "BASE_REF", "FILE_PATH", "COMMIT_MESSAGE", "TAG_NAME", "RELEASE_NAME"),
    *("REPOSITORY_NAME", "ORGANIZATION_NAME", "WORKFLOW_NAME"),
}
EVENT_TYPES = {
    *("PUSH", "PULL_REQUEST_CREATED", "PULL_REQUEST_UPDATED", "PULL_REQUEST_CLOSED", "PULL_REQUEST_REOPENED"),
    *("PULL_REQUEST_MERGED", "RELEASED", "PRERELEASED", "WORKFLOW_JOB_QUEUED"),
}
DOCUMENT = (ROOT / "docs/routes.md").read_text()


@cache
def table(first_heading: str) -> list[list[str]]:
    """The cells of every row of the tables whose head begins so."""
    rows: list[list[str]] = []
    for block in DOCUMENT.split("\n\n"):
        if block.startswith(f"| {first_heading} |"):
            rows += [[cell.strip() for cell in line[1:-1].split(" | ")] for line in block.splitlines()[2:]]
    return rows


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# --- patterns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", table("patterns"), ids=lambda row: row[0])
def test_patterns_take_what_the_table_says(row: list[str]) -> None:
    listed = PatternList(codes(row[0]))
    names = dict.fromkeys(codes(row[1]), True) | dict.fromkeys(codes(row[2]), False)
    assert names
    assert {name: bool((hit := listed.decide(name)) and hit.included) for name in names} == names


def test_every_special_character_has_a_row_in_the_table_and_an_example() -> None:
    documented = {codes(row[0])[0][0] for row in table("in a pattern")}
    assert documented == set("*?+[!\\")
    examples = " ".join(" ".join(codes(row[0])) for row in table("patterns"))
    assert all(special in examples for special in ("**/", "*", "?", "+", "[", "!", "\\"))


# --- CodeBuild ------------------------------------------------------------------------------------------------------


def subject(words: str) -> RoutingInput:
    """`pull request synchronize`, `push tag v1`, `push other-branch`: a delivery in the table's words."""
    if words.startswith("pull request"):
        return _pull_request(words.removeprefix("pull request").split())
    return _push(words.removeprefix("push").split())


def _push(words: list[str]) -> RoutingInput:
    content = payload("push_tag" if words[:1] == ["tag"] else "push_main")
    content["sender"] |= {"login": "hana", "id": 1001}
    match words:
        case ["tag", name]:
            content["ref"] = f"refs/tags/{name}"
        case ["by", number]:
            content["sender"]["id"] = int(number)
        case ["message", *message]:
            content["head_commit"]["message"] = " ".join(message)
        case [file] if "/" in file:
            lists = {"added": [file], "removed": [], "modified": []}
            content["commits"] = [content["head_commit"] | lists]
        case [branch]:
            content["ref"] = f"refs/heads/{branch}"
    read = read_push(content)
    assert isinstance(read, RoutingInput)
    return read


def _pull_request(words: list[str]) -> RoutingInput:
    content = payload("pull_request_opened")
    match words:
        case ["from", branch]:
            content["pull_request"]["head"]["ref"] = branch
        case ["to", branch]:
            content["pull_request"]["base"]["ref"] = branch
        case [action]:
            content["action"] = action
    return read_pull_request(content)


@pytest.mark.parametrize("row", [row for row in table("filter") if len(row) == 4], ids=lambda row: row[0])
def test_a_filter_of_codebuild_has_its_equivalent(row: list[str]) -> None:
    routes = routes_with({"on": yaml.safe_load(codes(row[1])[0])})
    [taken], [left] = (decide(subject(words), routes).decisions for words in row[2:])
    assert taken.runs, taken.reason
    assert not left.runs, left.reason


def test_every_filter_type_of_codebuild_is_documented() -> None:
    for name in FILTER_TYPES | EVENT_TYPES | {"excludeMatchedPattern"}:
        assert re.search(rf"\b{name}\b", DOCUMENT), name


# --- words ----------------------------------------------------------------------------------------------------------


def keys(model: type[Any]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_exactly_the_existing_keys_are_documented() -> None:
    documented = {code for row in table("key") for code in codes(row[0])}
    rollouts = (WaveRule, HostsRule, ToleranceRule, GateRule, ApprovalGate, FreezeRule)
    models = (Routes, Route, PushCondition, PullRequestCondition, *rollouts)
    assert documented - {"x-..."} == set().union(*(keys(model) for model in models))
    for model in (Account, TargetRule, TargetChoice, TargetSelector, Defaults):
        assert all(re.search(rf"\b{key}\b", DOCUMENT) for key in keys(model))


def example(number: int, directory: Path, before: str = "") -> Routes:
    """An example of the document, which is valid and has no warnings, with what it leaves out before it."""
    file = directory / "routes.yaml"
    file.write_text(before + re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)[number])
    read, faults = read_routes(file)
    assert faults == []
    assert read
    assert lint(read) == []
    return read


IN_TWO_REGIONS = 'accounts: {dev: "222222222222", prod: "333333333333"}\nregions: [us-east-1, eu-west-1]\n'


def test_the_example_of_waves_is_valid_and_does_what_it_says(tmp_path: Path) -> None:
    routes = compile_routes(example(1, tmp_path, IN_TWO_REGIONS))
    [spec] = decide(_push(["ansible/site.yml"]), routes).specs
    assert {target.name: target.wave for target in spec.targets} == {
        "dev/us-east-1": 0,
        "dev/eu-west-1": 0,
        "prod/eu-west-1": 1,
        "prod/us-east-1": 2,
    }
    assert spec.plan
    shown = [line.plain for line in plan_lines("site", spec.plan, spec.targets, datetime(2026, 11, 29, tzinfo=UTC))]
    assert "\n".join(shown) in DOCUMENT


def test_the_example_of_people_is_valid(tmp_path: Path) -> None:
    site = "routes: [{name: a, repository: a/b, on: push, playbook: a.yml, targets: all}]\n"
    routes = compile_routes(example(2, tmp_path, IN_TWO_REGIONS + site))
    assert routes.login_of("arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Ops_0a1b/hana@acme.io") == "hana"
    assert routes.login_of("arn:aws:sts::111111111111:assumed-role/Operators/kofi") == "kofi"


def test_the_example_of_options_is_valid(tmp_path: Path) -> None:
    before = 'accounts: {dev: "222222222222", prod: "333333333333"}\nregions: [eu-west-1]\n'
    routes = compile_routes(example(3, tmp_path, before))
    [spec] = decide(_push(["ansible/site.yml"]), routes).specs
    options = {target.name: spec.settings_on(target).options for target in spec.targets}
    assert {name: each and each.inventory for name, each in options.items()} == {
        "dev/eu-west-1": ("inventories/base", "../hosts"),
        "prod/eu-west-1": ("inventories/prod",),
    }
    mentioned = {key for each in options.values() if each for key in each.to_dict()}
    assert mentioned == set(RunOptions.__struct_fields__) - {"serial"}  # of a wave


def test_the_example_is_valid_and_does_what_it_says(tmp_path: Path) -> None:
    routes = compile_routes(example(0, tmp_path))
    specs = {spec.route: spec for spec in decide(_push(["ansible/site.yml"]), routes).specs}
    assert specs.keys() == {"site"}
    [check] = decide(_pull_request([]), routes).specs
    assert (check.route, check.mode) == ("preview", Mode.CHECK)
    released = decide(replace(_push(["tag", "db-v2.1"]), message="release(db): 2.1"), routes)
    [database] = released.specs
    assert {target.name: (target.tags, target.extra_vars) for target in database.targets} == {
        "dev/eu-west-1": (None, None),
        "prod/eu-west-1": (("migrate",), {"log_level": "warn", "backup": True}),
    }


def test_numbers_and_markers_are_those_of_the_code() -> None:
    assert f"{COMMITS_LISTED:,} commits" in DOCUMENT
    assert f"{NAMES_LISTED:,} files" in DOCUMENT
    assert all(f"`[{marker}]`" in DOCUMENT for marker in SKIP_MARKERS)
    assert all(f"`{key}`" in DOCUMENT for key in PATTERN_LISTS)
