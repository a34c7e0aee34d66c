"""routes.yaml: read, checked with every fault at once, and compiled."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pointsman.core.model import Target
from pointsman.core.routes.check import check_routes
from pointsman.core.routes.conditions import PushCondition
from pointsman.core.routes.model import Route, Routes
from pointsman.core.routes.sizes import TARGETS_OF_A_ROUTE
from pointsmanctl.routes_file.compile import main
from pointsmanctl.routes_file.reader import read_routes
from tests.support.receiver import ROOT, routes_with, shipped_routes


def good() -> dict[str, Any]:
    return {
        "accounts": {"dev": "222222222222", "prod": "333333333333"},
        "regions": ["us-east-1", "eu-west-1"],
        "routes": [
            {"name": "site", "repository": "acme/infra", "on": "push", "targets": "all", "playbook": "site.yml"},
        ],
    }


def faults_of(**changes: Any) -> list[str]:
    """What is wrong with a good file whose first route has `changes`."""
    data = good()
    data["routes"][0] |= changes
    return [str(fault) for fault in check_routes(data)[1]]


def test_the_repositorys_own_rules_are_what_the_documentation_says() -> None:
    routes = shipped_routes()
    [route] = routes.routes
    assert (route.name, route.repository, route.playbook) == ("site", ("acme/infra",), "site.yml")
    assert len(routes.targets_of(route)) == 10
    assert routes.all_targets[0] == Target(
        name="dev/us-east-1", account="dev", account_id="222222222222", region="us-east-1"
    )


def test_targets_can_be_listed_account_by_account_with_their_hosts() -> None:
    routes = routes_with(
        {"targets": ["prod/*"], "limit": "web"},
        targets=[{"account": "dev"}, {"account": "prod", "regions": ["eu-west-1"], "limit": "tag_Fleet_a:tag_Fleet_b"}],
    )
    assert [target.name for target in routes.all_targets] == ["dev/us-east-1", "dev/eu-west-1", "prod/eu-west-1"]
    [target] = routes.targets_of(routes.routes[0])
    assert (target.name, target.limit) == ("prod/eu-west-1", "tag_Fleet_a:tag_Fleet_b:&web")


@pytest.mark.parametrize(
    ("selectors", "names"),
    [
        (["dev/*"], {"dev/us-east-1", "dev/eu-west-1"}),
        (["*/eu-west-1"], {"dev/eu-west-1", "prod/eu-west-1"}),
        (["dev/eu-west-1", "prod/us-east-1"], {"dev/eu-west-1", "prod/us-east-1"}),
        (["*/*", "dev/*"], {"dev/us-east-1", "dev/eu-west-1", "prod/us-east-1", "prod/eu-west-1"}),
    ],
)
def test_targets_are_chosen_by_name_account_or_region(selectors: list[str], names: set[str]) -> None:
    routes = routes_with({"targets": selectors})
    chosen = [target.name for target in routes.targets_of(routes.routes[0])]
    assert set(chosen) == names
    assert len(chosen) == len(names)


@pytest.mark.parametrize("on", ["push", ["push"], {"push": None}, {"push": {}}])
def test_every_push_can_be_written_as_github_actions_allows(on: object) -> None:
    data = good()
    data["routes"][0]["on"] = on
    routes, faults = check_routes(data)
    assert not faults
    assert routes
    assert routes.routes[0].on.push == PushCondition()


def test_an_account_id_may_stand_without_quotes() -> None:
    routes, faults = check_routes(good() | {"accounts": {"dev": 222222222222}})
    assert routes, faults
    assert {name: account.id for name, account in routes.accounts.items()} == {"dev": "222222222222"}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"name": "My Site"}, "routes[0].name: `My Site` is not up to 63 lower case letters, digits and hyphens"),
        ({"name": 7}, "routes[0].name: must be text, not 7: put it in quotes"),
        ({"repository": "acme"}, "routes[0].repository: `acme` is not owner/name as on GitHub"),
        ({"repository": "acme/a b"}, "routes[0].repository: `acme/a b` is not owner/name as on GitHub"),
        ({"repository": ["a/b", "[/c"]}, "routes[0].repository[1]: pattern `[/c`, character 1: `[` is not closed"),
        ({"repository": ["!a/b"]}, "routes[0].repository: only patterns with `!`"),
        ({"playbook": "../site.yml"}, "routes[0].playbook: must be the path of a .yml file inside ansible/, such as"),
        ({"playbook": "/etc/site.yml"}, "routes[0].playbook: must be the path"),
        ({"playbook": "-e.yml"}, "routes[0].playbook: must be the path"),
        ({"playbook": "a//b.yml"}, "routes[0].playbook: must be the path"),
        ({"playbook": "site.yml\n"}, "routes[0].playbook: must be the path"),
        ({"playbook": "a b.yml"}, "routes[0].playbook: must be the path"),
        ({"playbook": "site.sh"}, "routes[0].playbook: must be the path"),
        ({"tags": ["--check"]}, "routes[0].tags[0]: `--check` is not a tag of Ansible"),
        ({"tags": ["a,b"]}, "routes[0].tags[0]: `a,b` is not a tag of Ansible"),
        ({"tags": True}, "routes[0].tags: must be a list, not true"),
        ({"tags": ["web-"]}, "routes[0].tags[0]: `web-` is not a tag of Ansible: letters, digits, `_` and `.`, and"),
        ({"tags": ["a--b"]}, "routes[0].tags[0]: `a--b` is not a tag of Ansible"),
        ({"tags": ["a" * 101]}, "routes[0].tags[0]: String should have at most 100 characters"),
        ({"extra_vars": {"ansible_host": "x"}}, "routes[0].extra_vars: `ansible_host` is the inventory's to set"),
        ({"extra_vars": {"host_root": "/"}}, "routes[0].extra_vars: `host_root` is the inventory's to set"),
        ({"extra_vars": {"whole_system": True}}, "routes[0].extra_vars: `whole_system` is the inventory's to set"),
        ({"extra_vars": {"local_port": 1}}, "routes[0].extra_vars: `local_port` is the inventory's to set"),
        ({"extra_vars": {"a": ["{{ b }}"]}}, "routes[0].extra_vars: a template (`{{`, `{%` or `{#`) is not taken"),
        ({"extra_vars": {"a": {"{% b %}": 1}}}, "routes[0].extra_vars: a template"),
        ({"limit": "-v"}, "routes[0].limit: `-v` is not a host pattern of Ansible without spaces"),
        ({"limit": "a b"}, "routes[0].limit: `a b` is not a host pattern"),
        ({"limit": "@/etc/hosts"}, "routes[0].limit: `@/etc/hosts` is not a host pattern"),
        ({"extra_vars": {"a-b": 1}}, "routes[0].extra_vars.a-b: `a-b` is not a variable of Ansible"),
        ({"extra_vars": {"a": float("inf")}}, "routes[0].extra_vars: a number in it is too large"),
        ({"extra_vars": {"a": [10**40]}}, "routes[0].extra_vars: a number in it is too large"),
        ({"extra_vars": {"a": {"b": "x" * 4000}}}, "routes[0].extra_vars: more than 4,000 characters"),
        ({"when_busy": "wait"}, "routes[0].when_busy: must be 'supersede' or 'queue', not `wait`"),
        ({"when_undetermined": "ask"}, "routes[0].when_undetermined: must be 'run', 'ignore' or 'hold', not `ask`"),
        ({"on": "pull"}, "routes[0].on: unknown event `pull`: `push` and `pull_request` are taken"),
        ({"on": ["push", "tag"]}, "routes[0].on: unknown event `tag`"),
        ({"on": {}}, "routes[0].on: names no event"),
        (
            {"on": {"pull_requests": {}, "push": {}}},
            "routes[0].on.pull_requests: unknown key; did you mean `pull_request`?",
        ),
        (
            {"on": {"pull_request": {"tags": ["x"]}}},
            "routes[0].on.pull_request.tags: unknown key: it is a condition of push",
        ),
        ({"on": {"pull_request": {"types": ["closed"]}}}, "routes[0].on.pull_request.types[0]: must be 'opened',"),
        ({"on": {"push": {"messages": [{"regex": "("}]}}}, "routes[0].on.push.messages[0].regex: `(` is no regular"),
        ({"on": {"push": {"actors": ["a b"]}}}, "routes[0].on.push.actors[0]: `a b` is not a login as on GitHub"),
        ({"on": {"push": {"messages": [{"regex": ""}]}}}, "routes[0].on.push.messages[0].regex: an empty expression"),
        (
            {"on": {"push": {"head-branches": "x"}}},
            "routes[0].on.push.head-branches: unknown key: it is a condition of",
        ),
        ({"skip_ci": "no"}, "routes[0].skip_ci: must be true or false, not `no`"),
        ({"on": {"push": {"branch": ["x"]}}}, "routes[0].on.push.branch: unknown key; did you mean `branches`?"),
        ({"on": {"push": {"branches_ignore": ["x"]}}}, "routes[0].on.push.branches_ignore: unknown key; did you mean"),
        ({"on": {"push": {"paths": []}}}, "routes[0].on.push.paths: an empty list matches nothing"),
        ({"on": {"push": {"paths": ["!a"]}}}, "routes[0].on.push.paths: only patterns with `!`"),
        ({"on": {"push": {"paths": ["[a"]}}}, "routes[0].on.push.paths[0]: pattern `[a`, character 1: `[` is not"),
        (
            {"on": {"push": {"branches": ["a"], "branches-ignore": ["b"]}}},
            "routes[0].on.push.branches-ignore: can't stand beside `branches`: use one list, with `!`",
        ),
        ({"targets": []}, "routes[0].targets: must not be empty"),
        ({"targets": 5}, "routes[0].targets: must be `all`, a name, or a list, not 5"),
        ({"targets": "dev"}, "routes[0].targets: `dev` is not account/region"),
        ({"targets": "dve/*"}, "routes[0].targets: no target is named `dve/*`; did you mean `dev/*`?"),
        ({"repository": {"a": "b"}}, "routes[0].repository: must be owner/name, or a list, not {'a': 'b'}"),
        ({"repository": True}, "routes[0].repository: must be owner/name, or a list, not true"),
        ({"on": 7}, "routes[0].on: must be `push`, `pull_request`, a list of them, or a mapping with conditions, not"),
        ({"skip_ci": "perhaps"}, "routes[0].skip_ci: must be true or false, not `perhaps`"),
        ({"limit": "web,db:&prod"}, "routes[0].limit: mixes `,` and `:`, which Ansible takes otherwise than it"),
        (
            {"on": {"push": {"messages": {"regexp": "x", "regex": "y"}}}},
            "routes[0].on.push.messages.regexp: unknown key; did",
        ),
        ({"targets": {"account": "dev", "limit": ["web"]}}, "routes[0].targets.limit: must be text, not ['web']"),
        (
            {"targets": {"account": "dev", "acount": "dev"}},
            "routes[0].targets.acount: unknown key; did you mean `account`?",
        ),
        (
            {"targets": [{"account": "dev", "region": "eu-west-1", "name": "prod/*"}]},
            "routes[0].targets[0]: means no target",
        ),
        (
            {"on": {"push": None, "workflow_dispatch": None}},
            "routes[0].on.workflow_dispatch: unknown key; known are push",
        ),
        ({"on": ["push", None]}, "routes[0].on: must be `push`, `pull_request`, a list of them"),
        ({"extra_vars": {None: 1}}, "routes[0].extra_vars: None is no key: a key is text"),
        ({"extra_vars": {"users": {1001: "hana"}}}, "routes[0].extra_vars.users: 1001 is no key: a key is text"),
        ({"limit": "web,db:!web0"}, "routes[0].limit: mixes `,` and `:`"),
        ({"limit": 3}, "routes[0].limit: must be text, not 3: put it in quotes"),
        ({"on": {"push": {"paths": 3}}}, "routes[0].on.push.paths: must be text, not 3: put it in quotes"),
        ({"on": {"push": {"messages": 4}}}, "routes[0].on.push.messages: must be text, or {regex: ...}, not 4"),
        ({"on": {"push": {"actors-ignore": [{}]}}}, "routes[0].on.push.actors-ignore[0]: must be a login, or a number"),
        *(
            ({key: None}, f"routes[0].{key}: stands empty: give it a value, or leave the key out")
            for key in ("name", "repository", "on", "targets", "playbook", "tags", "limit", "extra_vars", "skip_ci")
        ),
        *(
            ({"on": {"push": {key: None}}}, f"routes[0].on.push.{key}: stands empty: give it a value, or leave")
            for key in ("branches", "branches-ignore", "tags", "paths", "actors", "messages-ignore")
        ),
        ({"on": {"push": {"paths": [None]}}}, "routes[0].on.push.paths[0]: stands empty"),
        ({"targets": [{"account": "dev", "limit": None}]}, "routes[0].targets[0].limit: stands empty"),
        ({"targets": ["dev"]}, "routes[0].targets[0]: `dev` is not account/region"),
        ({"targets": ["dve/*"]}, "routes[0].targets[0]: no target is named `dve/*`; did you mean `dev/*`?"),
        ({"targets": ["dev/eu-north-1"]}, "routes[0].targets[0]: no target is named `dev/eu-north-1`; did you mean"),
        ({"colour": "red"}, "routes[0].colour: unknown key; known are name, repository, on, targets, playbook"),
    ],
)
def test_a_fault_of_a_route_is_told_with_its_place_and_what_would_be_right(changes: dict[str, Any], fault: str) -> None:
    told = faults_of(**changes)
    assert len(told) == 1, told
    assert told[0].startswith(fault)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"accounts": {}}, "accounts: must not be empty"),
        ({"accounts": {"dev": "2222"}}, "accounts.dev: `2222` is not the 12 digits of an AWS account"),
        ({"accounts": {"2nd": "222222222222"}}, "accounts.2nd: `2nd` is not an account's name: a letter, then"),
        ({"accounts": {"a" * 33: "222222222222"}}, f"accounts.{'a' * 33}: `{'a' * 33}` is not an account's"),
        ({"accounts": {"dev": True}}, "accounts.dev: must be text, not true: put it in quotes"),
        ({"regions": ["Frankfurt"]}, "regions[0]: `Frankfurt` is not an AWS region such as eu-west-1"),
        ({"regions": ["eu-west-1", "eu-west-1"]}, "regions[1]: region `eu-west-1` stands here a second time"),
        ({"targets": [{"account": "dve"}]}, "targets[0].account: unknown account `dve`; did you mean `dev`?"),
        ({"targets": [{"account": "dev"}] * 2}, "targets[1]: target `dev/us-east-1` stands here a second time"),
        ({"routes": []}, "routes: must not be empty"),
        ({"routes": None}, "routes: stands empty: give it a value, or leave the key out"),
        ({"targets": "all"}, "targets: must be a list, not `all`"),
        ({"targets": ["dev/eu-west-1"]}, "targets[0]: must be a mapping, not `dev/eu-west-1`"),
        ({"targets": None}, "targets: stands empty: give it a value, or leave the key out"),
        ({"defaults": None}, "defaults: stands empty: give it a value, or leave the key out"),
        ({"version": 2}, "version: must be 1, not 2"),
        ({"routes": good()["routes"] * 2}, "routes[1].name: route `site` stands here a second time"),
        ({"routes": [{}]}, "routes[0]: `name` is missing"),
        ({"routes": [good()["routes"][0] | {1.5: "x"}]}, "routes[0]: 1.5 is no key: a key is text"),
        ({"routes": ["site"]}, "routes[0]: must be a mapping"),
    ],
)
def test_a_fault_of_the_file_is_told(changes: dict[str, Any], fault: str) -> None:
    told = [str(fault) for fault in check_routes(good() | changes)[1]]
    assert any(each.startswith(fault) for each in told), told


def test_two_limits_are_joined_only_where_ansible_would_join_them_as_meant() -> None:
    data = good() | {"targets": [{"account": "dev", "limit": "a:b"}]}
    data["routes"][0]["limit"] = "c:d"
    [fault] = check_routes(data)[1]
    assert str(fault).startswith("routes[0].targets: target dev/us-east-1 has a limit of its own, so the route's there")


def test_more_targets_than_a_rollout_can_hold_are_refused() -> None:
    accounts = {f"a{number}": f"{number:012}" for number in range(TARGETS_OF_A_ROUTE // 2 + 1)}
    [fault] = check_routes(good() | {"accounts": accounts})[1]
    assert str(fault) == f"routes[0].targets: {TARGETS_OF_A_ROUTE + 2} targets: a route may have {TARGETS_OF_A_ROUTE}"


def test_every_fault_is_told_at_once_those_between_parts_included() -> None:
    data = good()
    data["routes"] = [{"name": "x", "repository": 1, "targets": ["no/where"]}, {"name": "x", "tag": 1}]
    data["regions"] = ["narnia", "us-east-1"]
    assert {str(fault).split(";")[0] for fault in check_routes(data)[1]} == {
        "regions[0]: `narnia` is not an AWS region such as eu-west-1",
        "routes[0].repository: must be text, not 1: put it in quotes",
        "routes[0].targets[0]: no target is named `no/where`",
        "routes[0]: `on` is missing",
        "routes[0]: `playbook` is missing",
        "routes[1].name: route `x` stands here a second time",
        "routes[1]: `repository` is missing",
        "routes[1]: `on` is missing",
        "routes[1]: `targets` is missing",
        "routes[1]: `playbook` is missing",
        "routes[1].tag: unknown key",
    }


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
KEYS = ["accounts", "regions", "targets", "routes"]
ROUTE_KEYS = [field.alias or name for name, field in Route.model_fields.items()]


@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING), st.dictionaries(st.sampled_from(ROUTE_KEYS), ANYTHING))
def test_whatever_stands_in_the_file_is_either_taken_or_has_a_fault(
    file: dict[str, Any], route: dict[str, Any]
) -> None:
    data = good()
    data["routes"][0] |= route
    routes, faults = check_routes(data | file)
    assert (routes is None) == bool(faults)
    assert all(fault.reason for fault in faults)


@given(ANYTHING)
def test_a_file_that_is_something_else_has_a_fault(data: object) -> None:
    assert check_routes(data)[1]


# --- the file -------------------------------------------------------------------------------------------------------


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "routes.yaml"
    path.write_text(text)
    return path


def told_by(tmp_path: Path, text: str) -> list[str]:
    return [str(fault).removeprefix(f"{tmp_path}/") for fault in read_routes(written(tmp_path, text))[1]]


def test_a_fault_has_its_line_and_column(tmp_path: Path) -> None:
    text = (ROOT / "routes.yaml").read_text()
    line = text.splitlines().index("    playbook: site.yml") + 1
    assert told_by(tmp_path, text.replace("playbook: site.yml", "playbook: ../site.yml")) == [
        (
            f"routes.yaml:{line}:15: routes[0].playbook: must be the path of a .yml file inside ansible/, such as "
            "site.yml or playbooks/web.yml"
        )
    ]


def test_what_is_missing_is_told_where_it_should_be(tmp_path: Path) -> None:
    text = (ROOT / "routes.yaml").read_text().replace("    playbook: site.yml\n", "")
    line = text.splitlines().index("  - name: site") + 1
    assert told_by(tmp_path, text) == [f"routes.yaml:{line}:5: routes[0]: `playbook` is missing"]


def test_a_key_that_stands_twice_is_a_fault(tmp_path: Path) -> None:
    text = (ROOT / "routes.yaml").read_text() + "    playbook: other.yml\n"
    [first] = [number for number, line in enumerate(text.splitlines(), start=1) if "playbook:" in line][:1]
    last = len(text.splitlines())
    assert told_by(tmp_path, text) == [
        f"routes.yaml:{last}:5: routes[0].playbook: this key is a duplicate: it is also on line {first}"
    ]


def test_a_merge_that_stands_twice_is_a_fault_too(tmp_path: Path) -> None:
    text = "x-a: &a {b: 1}\nx-b:\n  <<: *a\n  <<: *a\n"
    assert "routes.yaml:4:3: x-b.<<: this key is a duplicate: it is also on line 3" in told_by(tmp_path, text)


def test_an_unknown_key_is_told_where_the_key_stands(tmp_path: Path) -> None:
    text = (ROOT / "routes.yaml").read_text() + "    tag:\n      - web\n    true: 1\n"
    last = len(text.splitlines())
    assert told_by(tmp_path, text)[-1] == (
        f"routes.yaml:{last - 2}:5: routes[0].tag: unknown key; did you mean `tags`?"
    )
    assert any("routes[0]: true is no key: a key is text" in fault for fault in told_by(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("- !**/*.md", "put quotes around"),
        ("a: [*]", "put quotes around"),
        ("a: {b: [!**/*.md]}", "put quotes around"),
        ("a: [x]y", "put quotes around"),
        ("a: [x], [y]", "several values need brackets around all of them"),
        ("a: [x\nb: 1", "or close the bracket above"),
        ("a: 1\n  b: 2", "or this line is indented too far"),
        ("a: */infra", "put quotes around"),
        ("a: [dependabot[bot]]", "put quotes around"),
        ("a: fix: db", "put quotes around"),
        ("a: {{ x }}", "put quotes around"),
        (r'a: "^\d+"', "single quotes take a regular expression as it is"),
        ("a:\n  - a: 1\n b: 2", "does not line up with those above it"),
        ("a:\n\tb: 1", "indent with spaces"),
    ],
)
def test_the_usual_slips_in_yaml_have_a_hint(tmp_path: Path, text: str, hint: str) -> None:
    [fault] = told_by(tmp_path, text)
    assert "not YAML" in fault
    assert hint in fault


def test_a_byte_that_is_no_utf8_is_told_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_bytes(b'a: 1\nb: "caf\xe9"\n')
    assert [str(fault) for fault in read_routes(path)[1]] == [f"{path}:2:8: not YAML: this byte is not UTF-8"]
    path.write_bytes(b'a: 1\r\nb: "x\x07"\r\n')
    assert [str(fault) for fault in read_routes(path)[1]] == [f"{path}:2:6: not YAML: this character is not allowed"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "routes.yaml:1:1: the file is empty"),
        ("a: [1\nb: 2", "routes.yaml:2:2: not YAML: while parsing a flow sequence; expected ',' or ']'"),
        ("paths: **/x", "routes.yaml:1:9: not YAML: while scanning an alias"),
        ("a: !!int abc", "routes.yaml:1:4: not YAML: this is not a valid int"),
        ("a: !!bool x", "routes.yaml:1:4: not YAML: this is not a valid bool"),
        ("a: {b: !!timestamp x}", "routes.yaml:1:8: not YAML: this is not a valid timestamp"),
        ('a: !!int ""', "routes.yaml:1:4: not YAML: this is not a valid int"),
        (f"a: {'9' * 5000}", "routes.yaml:1:4: not YAML: this is not a valid int"),
        ('a: "\\U00110000"', "routes.yaml:1:7: not YAML: chr() arg not in range(0x110000)"),
        ("a: \x01", "routes.yaml:1:4: not YAML: this character is not allowed"),
        ("a: !!python/object:os.system {}", "routes.yaml:1:4: not YAML: could not determine a constructor"),
        ("[]", "routes.yaml:1:1: must be a mapping, not []"),
        ("&a [*a]", "routes.yaml:1:1: must be a mapping"),
        ("? [a]\n: b", "routes.yaml:1:3: not YAML: while constructing a mapping; found unhashable key"),
    ],
)
def test_what_is_not_yaml_is_told_where(tmp_path: Path, text: str, fault: str) -> None:
    assert told_by(tmp_path, text)[0].startswith(fault)


def test_yaml_is_read_as_people_mean_it(tmp_path: Path) -> None:
    text = """
        accounts: {dev: 012345670123, no: 222222222222}
        regions: [eu-west-1]
        routes:
          - &first
            {name: a, repository: acme/infra, on: push, playbook: site.yml, targets: [no/eu-west-1],
             extra_vars: {day: 2026-11-23, yes: on, n: 1e3, m: 1.5, size: 0o17, empty: }}
          - {<<: *first, name: b}
    """
    routes, faults = read_routes(written(tmp_path, text))
    assert routes, faults
    assert {name: account.id for name, account in routes.accounts.items()} == {
        "dev": "012345670123",
        "no": "222222222222",
    }
    assert routes.routes[0].extra_vars == {
        "day": "2026-11-23",
        "yes": "on",
        "n": "1e3",
        "m": 1.5,
        "size": "0o17",
        "empty": None,
    }
    assert routes.routes[1] == routes.routes[0].model_copy(update={"name": "b"})


# --- compiled -------------------------------------------------------------------------------------------------------


def test_compiled_rules_are_the_same_rules(tmp_path: Path) -> None:
    assert main([str(ROOT / "routes.yaml"), str(tmp_path / "routes.json")]) == 0
    assert Routes.model_validate_json((tmp_path / "routes.json").read_bytes()) == shipped_routes()
    text = (tmp_path / "routes.json").read_text()
    assert main([str(ROOT / "routes.yaml"), str(tmp_path / "routes.json")]) == 0
    assert (tmp_path / "routes.json").read_text() == text


def test_every_key_survives_compilation() -> None:
    lists = {"branches": ["main"], "tags": ["v*"], "paths": ["a/**", "!a/b"]}
    ignores = {"branches-ignore": ["x"], "tags-ignore": ["y"], "paths-ignore": ["z"]}
    routes = routes_with(
        {"on": {"push": lists}, "tags": ["t"], "extra_vars": {"a": None, "b": [1]}, "limit": "l", "when_busy": "queue"},
        {"on": {"push": ignores}, "when_undetermined": "hold", "targets": ["dev/*"]},
        targets=[{"account": "dev", "regions": ["eu-west-1"], "limit": "x"}, {"account": "prod"}],
    )
    compiled = routes.model_dump_json(by_alias=True, exclude_none=True)
    assert Routes.model_validate_json(compiled) == routes


def test_faulty_rules_compile_to_nothing_and_say_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, json.dumps(good() | {"regions": ["x"]}))
    assert main([str(path), str(tmp_path / "routes.json")]) == 1
    assert not (tmp_path / "routes.json").exists()
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith(f"{path}:1:")
    assert told[-1] == f"{path}: 1 error, nothing compiled"


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.yaml"), str(tmp_path / "routes.json")]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'none.yaml'}: No such file or directory\n"


def test_rules_are_values() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        shipped_routes().routes[0].name = "other"  # type: ignore[misc]
