"""routes.yaml: read, checked with every fault at once, and compiled."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.model import Target, TargetName
from pointsman.core.routes.check import check_routes
from pointsman.core.routes.conditions import PushCondition
from pointsman.core.routes.model import Route
from pointsman.core.routes.sizes import TARGETS_OF_A_ROUTE
from tests.support.receiver import file_with, shipped_file


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
    routes = shipped_file()
    [route] = routes.routes
    assert (route.name, route.repository, route.playbook) == ("site", ("acme/infra",), "site.yml")
    assert len(routes.targets_of(route)) == 10
    assert routes.all_targets[0] == Target(
        name=TargetName("dev/us-east-1"), account="dev", account_id="222222222222", region="us-east-1"
    )


def test_targets_can_be_listed_account_by_account_with_their_hosts() -> None:
    routes = file_with(
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
    routes = file_with({"targets": selectors})
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
        ({"name": "My Site"}, "routes[0].name: `My Site` is not a name of up to 63 lower case letters"),
        ({"name": 7}, "routes[0].name: must be text, not 7: put it in quotes"),
        ({"repository": "acme"}, "routes[0].repository: `acme` is not owner/name on GitHub"),
        ({"repository": "acme/a b"}, "routes[0].repository: `acme/a b` is not owner/name on GitHub"),
        ({"repository": ["a/b", "[/c"]}, "routes[0].repository[1]: pattern `[/c`, character 1: `[` is not closed"),
        ({"repository": ["!a/b"]}, "routes[0].repository: only patterns with `!`"),
        ({"playbook": "../site.yml"}, "routes[0].playbook: must be the path of a .yml file in `directory`, such as"),
        ({"playbook": "/etc/site.yml"}, "routes[0].playbook: must be the path"),
        ({"playbook": "-e.yml"}, "routes[0].playbook: must be the path"),
        ({"playbook": "a//b.yml"}, "routes[0].playbook: must be the path"),
        ({"playbook": "site.yml\n"}, "routes[0].playbook: must be the path"),
        ({"playbook": "a b.yml"}, "routes[0].playbook: must be the path"),
        ({"playbook": "site.sh"}, "routes[0].playbook: must be the path"),
        ({"tags": ["--check"]}, "routes[0].tags[0]: `--check` is not an Ansible tag"),
        ({"tags": ["a,b"]}, "routes[0].tags[0]: `a,b` is not an Ansible tag"),
        ({"tags": True}, "routes[0].tags: must be a list, not true"),
        ({"tags": ["web-"]}, "routes[0].tags[0]: `web-` is not an Ansible tag: letters, digits, `_` and `.`, and"),
        ({"tags": ["a--b"]}, "routes[0].tags[0]: `a--b` is not an Ansible tag"),
        ({"tags": ["a" * 101]}, "routes[0].tags[0]: String should have at most 100 characters"),
        ({"extra_vars": {"ansible_host": "x"}}, "routes[0].extra_vars: `ansible_host` is reserved for the inventory"),
        ({"extra_vars": {"host_root": "/"}}, "routes[0].extra_vars: `host_root` is reserved for the inventory"),
        ({"extra_vars": {"whole_system": True}}, "routes[0].extra_vars: `whole_system` is reserved for the inventory"),
        ({"extra_vars": {"local_port": 1}}, "routes[0].extra_vars: `local_port` is reserved for the inventory"),
        ({"extra_vars": {"a": ["{{ b }}"]}}, "routes[0].extra_vars: templates (`{{`, `{%` or `{#`) are not allowed"),
        ({"extra_vars": {"a": {"{% b %}": 1}}}, "routes[0].extra_vars: templates"),
        ({"limit": "-v"}, "routes[0].limit: `-v` is not an Ansible host pattern without spaces"),
        ({"limit": "a b"}, "routes[0].limit: `a b` is not an Ansible host pattern"),
        ({"limit": "@/etc/hosts"}, "routes[0].limit: `@/etc/hosts` is not an Ansible host pattern"),
        ({"extra_vars": {"a-b": 1}}, "routes[0].extra_vars.a-b: `a-b` is not an Ansible variable"),
        ({"extra_vars": {"a": float("inf")}}, "routes[0].extra_vars: contains a number that is too large"),
        ({"extra_vars": {"a": [10**40]}}, "routes[0].extra_vars: contains a number that is too large"),
        ({"extra_vars": {"a": {"b": "x" * 4000}}}, "routes[0].extra_vars: more than 4,000 characters"),
        ({"when_busy": "wait"}, "routes[0].when_busy: must be 'supersede', 'queue' or 'cancel', not `wait`"),
        ({"when_undetermined": "ask"}, "routes[0].when_undetermined: must be 'run', 'ignore' or 'hold', not `ask`"),
        ({"on": "pull"}, "routes[0].on: unknown event `pull`: use `push` or `pull_request`"),
        ({"on": ["push", "tag"]}, "routes[0].on: unknown event `tag`"),
        ({"on": {}}, "routes[0].on: no event is given"),
        (
            {"on": {"pull_requests": {}, "push": {}}},
            "routes[0].on.pull_requests: unknown key; did you mean `pull_request`?",
        ),
        (
            {"on": {"pull_request": {"tags": ["x"]}}},
            "routes[0].on.pull_request.tags: unknown key: it is a condition of push",
        ),
        ({"on": {"pull_request": {"types": ["closed"]}}}, "routes[0].on.pull_request.types[0]: must be 'opened',"),
        ({"on": {"push": {"messages": [{"regex": "("}]}}}, "routes[0].on.push.messages[0].regex: `(` is not"),
        ({"on": {"push": {"actors": ["a b"]}}}, "routes[0].on.push.actors[0]: `a b` is not a GitHub login"),
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
            "routes[0].on.push.branches-ignore: cannot be combined with `branches`: use one list, with `!`",
        ),
        ({"targets": []}, "routes[0].targets: must not be empty"),
        ({"targets": 5}, "routes[0].targets: must be `all`, a name, or a list, not 5"),
        ({"targets": "dev"}, "routes[0].targets: `dev` is not account/region"),
        ({"targets": "dve/*"}, "routes[0].targets: no target is named `dve/*`; did you mean `dev/*`?"),
        ({"repository": {"a": "b"}}, "routes[0].repository: must be owner/name, or a list, not {'a': 'b'}"),
        ({"repository": True}, "routes[0].repository: must be owner/name, or a list, not true"),
        ({"on": 7}, "routes[0].on: must be `push`, `pull_request`, a list of them, or a mapping with conditions, not"),
        ({"skip_ci": "perhaps"}, "routes[0].skip_ci: must be true or false, not `perhaps`"),
        ({"limit": "web,db:&prod"}, "routes[0].limit: mixes `,` and `:`, which Ansible reads in an unexpected way"),
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
            "routes[0].targets[0]: matches no target",
        ),
        (
            {"on": {"push": None, "workflow_dispatch": None}},
            "routes[0].on.workflow_dispatch: unknown key; choose from push",
        ),
        ({"on": ["push", None]}, "routes[0].on: must be `push`, `pull_request`, a list of them"),
        ({"extra_vars": {None: 1}}, "routes[0].extra_vars: None is not a valid key: a key is text"),
        ({"extra_vars": {"users": {1001: "hana"}}}, "routes[0].extra_vars.users: 1001 is not a valid key"),
        ({"limit": "web,db:!web0"}, "routes[0].limit: mixes `,` and `:`"),
        ({"limit": 3}, "routes[0].limit: must be text, not 3: put it in quotes"),
        ({"on": {"push": {"paths": 3}}}, "routes[0].on.push.paths: must be text, not 3: put it in quotes"),
        ({"on": {"push": {"messages": 4}}}, "routes[0].on.push.messages: must be text, or {regex: ...}, not 4"),
        ({"on": {"push": {"actors-ignore": [{}]}}}, "routes[0].on.push.actors-ignore[0]: must be a login, or a number"),
        *(
            ({key: None}, f"routes[0].{key}: has no value: give it one, or remove the key")
            for key in ("name", "repository", "on", "targets", "playbook", "tags", "limit", "extra_vars", "skip_ci")
        ),
        *(
            ({"on": {"push": {key: None}}}, f"routes[0].on.push.{key}: has no value: give it one, or remove")
            for key in ("branches", "branches-ignore", "tags", "paths", "actors", "messages-ignore")
        ),
        ({"on": {"push": {"paths": [None]}}}, "routes[0].on.push.paths[0]: has no value"),
        ({"targets": [{"account": "dev", "limit": None}]}, "routes[0].targets[0].limit: has no value"),
        ({"targets": ["dev"]}, "routes[0].targets[0]: `dev` is not account/region"),
        ({"targets": ["dve/*"]}, "routes[0].targets[0]: no target is named `dve/*`; did you mean `dev/*`?"),
        ({"targets": ["dev/eu-north-1"]}, "routes[0].targets[0]: no target is named `dev/eu-north-1`; did you mean"),
        ({"colour": "red"}, "routes[0].colour: unknown key; choose from name, repository, on, targets, playbook"),
    ],
)
def test_a_fault_of_a_route_is_told_with_its_place_and_what_would_be_right(changes: dict[str, Any], fault: str) -> None:
    messages = faults_of(**changes)
    assert len(messages) == 1, messages
    assert messages[0].startswith(fault)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"accounts": {}}, "accounts: must not be empty"),
        ({"accounts": {"dev": "2222"}}, "accounts.dev: `2222` is not an AWS account id of 12 digits"),
        ({"accounts": {"2nd": "222222222222"}}, "accounts.2nd: `2nd` is not an account name: a letter, then"),
        ({"accounts": {"a" * 33: "222222222222"}}, f"accounts.{'a' * 33}: `{'a' * 33}` is not an account"),
        ({"accounts": {"dev": True}}, "accounts.dev: must be text, not true: put it in quotes"),
        ({"regions": ["Frankfurt"]}, "regions[0]: `Frankfurt` is not an AWS region such as eu-west-1"),
        ({"regions": ["eu-west-1", "eu-west-1"]}, "regions[1]: region `eu-west-1` is listed twice"),
        ({"targets": [{"account": "dve"}]}, "targets[0].account: unknown account `dve`; did you mean `dev`?"),
        ({"targets": [{"account": "dev"}] * 2}, "targets[1]: target `dev/us-east-1` is listed twice"),
        ({"routes": []}, "routes: must not be empty"),
        ({"routes": None}, "routes: has no value: give it one, or remove the key"),
        ({"targets": "all"}, "targets: must be a list, not `all`"),
        ({"targets": ["dev/eu-west-1"]}, "targets[0]: must be a mapping, not `dev/eu-west-1`"),
        ({"targets": None}, "targets: has no value: give it one, or remove the key"),
        ({"defaults": None}, "defaults: has no value: give it one, or remove the key"),
        ({"version": 2}, "version: must be 1, not 2"),
        ({"routes": good()["routes"] * 2}, "routes[1].name: route `site` is listed twice"),
        ({"routes": [{}]}, "routes[0]: `name` is missing"),
        ({"routes": [good()["routes"][0] | {1.5: "x"}]}, "routes[0]: 1.5 is not a valid key: a key is text"),
        ({"routes": ["site"]}, "routes[0]: must be a mapping"),
    ],
)
def test_a_fault_of_the_file_is_told(changes: dict[str, Any], fault: str) -> None:
    messages = [str(fault) for fault in check_routes(good() | changes)[1]]
    assert any(each.startswith(fault) for each in messages), messages


def test_two_limits_are_joined_only_where_ansible_would_join_them_as_meant() -> None:
    data = good() | {"targets": [{"account": "dev", "limit": "a:b"}]}
    data["routes"][0]["limit"] = "c:d"
    [fault] = check_routes(data)[1]
    assert str(fault).startswith("routes[0].targets: target dev/us-east-1: its own limit is `a:b`, which several names")


def test_more_targets_than_a_rollout_can_hold_are_refused() -> None:
    accounts = {f"a{number}": f"{number:012}" for number in range(TARGETS_OF_A_ROUTE // 2 + 1)}
    [fault] = check_routes(good() | {"accounts": accounts})[1]
    assert (
        str(fault)
        == f"routes[0].targets: {TARGETS_OF_A_ROUTE + 2} targets: a route can have at most {TARGETS_OF_A_ROUTE}"
    )


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
        "routes[1].name: route `x` is listed twice",
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
