"""routes.schema.json is what the models say, and editors refuse and take what the models refuse and take."""

import copy
import json
import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from pointsman.core.routes.check import check_routes
from pointsman.core.routes.schema import routes_schema, schema_text
from tests.support.receiver import ROOT

VALIDATOR = Draft202012Validator(routes_schema())

WHOLE: dict[str, Any] = {
    "accounts": {"dev": "222222222222", "prod": {"id": "333333333333", "environment": "production"}},
    "regions": ["us-east-1", "eu-west-1"],
    "routes": [
        {"name": "site", "repository": "acme/infra", "on": "push", "targets": "all", "playbook": "site.yml"},
    ],
}


def with_route(**changes: Any) -> dict[str, Any]:
    data = copy.deepcopy(WHOLE)
    data["routes"][0] |= changes
    return data


def push(**condition: Any) -> dict[str, Any]:
    return with_route(on={"push": {key.replace("_", "-"): value for key, value in condition.items()}})


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in WHOLE["routes"][0].items() if name != key}


USER = "arn:aws:iam::111111111111:user/hana"
SESSION = "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Ops_*/kofi@acme.io"
ALARM = "arn:aws:cloudwatch:eu-west-1:333333333333:alarm:errors"

VALID = {
    "whole": WHOLE,
    "version": WHOLE | {"version": 1},
    "an account's digits without quotes": WHOLE | {"accounts": {"dev": 222222222222}},
    "an account as a mapping, digits without quotes": WHOLE | {"accounts": {"dev": {"id": 222222222222}}},
    "targets of the file": WHOLE
    | {
        "targets": [
            {"account": "dev"},
            {
                "account": "prod",
                "regions": ["eu-west-1"],
                "limit": "web",
                "environment": "x",
                "extra_vars": {"a": None},
            },
        ]
    },
    "a place for anchors": WHOLE | {"x-ours": {"anything": [1]}, "x-": None},
    "on: a list": with_route(on=["push", "pull_request"]),
    "on: an event that is empty": with_route(on={"push": None, "pull_request": {}}),
    "one where several may stand": push(branches="main", paths="a/**", actors="hana", messages={"regex": "^x"}),
    "one where several may stand, besides": WHOLE
    | {"regions": "eu-west-1"}
    | with_route(targets="dev/*", tags="web", on={"pull_request": {"types": "opened", "actors-ignore": 7}}),
    "one target by its labels": with_route(targets={"account": "dev"}),
    "repositories": with_route(repository=["acme/*", "!acme/attic"]),
    "patterns": push(branches=["main", "release/**"], paths=["ansible/**", "!**/*.md"], tags=["v[0-9]+"]),
    "patterns to ignore": push(branches_ignore=["x"], paths_ignore=["y"], tags_ignore=["z"], actors_ignore=["a"]),
    "actors": push(actors=["hana", "dependabot[bot]", 1001]),
    "messages": push(messages=["deploy", {"regex": "^deploy:"}]),
    "pull requests": with_route(on={"pull_request": {"types": ["opened"], "head-branches": ["x/**"]}}),
    "targets by name and label": with_route(
        targets=["dev/*", {"name": "*/eu-west-1", "tags": [], "limit": "web", "playbook": "x/y.yaml"}]
    ),
    "labels as text or list": with_route(targets=[{"account": "prod", "region": ["eu-*"], "environment": "prod*"}]),
    "all else": with_route(
        tags=["web"],
        extra_vars={"a": {"b": [1, None, True]}},
        limit="web:&db",
        skip_ci=False,
        when_undetermined="hold",
        when_busy="queue",
        new_instances=True,
    ),
    "rollouts": WHOLE
    | {"people": {"hana": USER, "kofi": [SESSION]}, "teams": {"ops": ["hana", "kofi"], "one": "hana"}}
    | with_route(
        waves=[
            {"targets": "dev/*", "hosts": {"serial": 1}, "after": {"approval": {"by": "hana"}}},
            {
                "targets": [{"environment": "production", "region": "eu-*"}],
                "hosts": {"serial": "25%"},
                "after": {
                    "soak": "10m",
                    "alarms": [ALARM],
                    "approval": {"by": ["hana", "team:ops"], "within": "24h", "not_author": True},
                },
            },
            {
                "targets": "all",
                "max_parallel": 2,
                "tolerate": {"failed_hosts": 0, "unreachable_hosts": "10%", "unavailable_targets": 1},
            },
        ],
        on_failure="rollback",
        when_busy="cancel",
        freeze={"cron": "0 17 * * FRI", "for": "64h", "time_zone": "Europe/Berlin"},
        drift="rate(1 day)",
    ),
    "targets that only waves select": WHOLE
    | {"routes": [{**without("targets"), "waves": {"targets": "all"}, "freeze": [{"cron": "0 0 1 1 *", "for": "1d"}]}]},
    "options": with_route(
        directory="infra/ansible",
        inventory=["hosts.ini", "../prod"],
        requirements="requirements.yml",
        vault=["pointsman/vault", {"secret": "v", "id": "prod"}],
        secrets={"a": {"secret": "prod/db", "key": "password"}, "b": {"parameter": "/a/b"}},
        skip_tags="slow",
        forks=5,
        verbosity=4,
        env={"HTTPS_PROXY": "http://proxy:3128"},
    ),
    "a long path": with_route(inventory="inventories/production/hosts.ini", requirements="ansible/requirements.yml"),
    "options of a target": WHOLE
    | {"targets": [{"account": "dev", "inventory": "dev", "vault": "v", "env": {"A": "b"}}]}
    | with_route(targets=[{"name": "*/*", "inventory": ["prod"], "forks": 1, "secrets": {}, "skip_tags": []}]),
    "defaults": WHOLE
    | {
        "defaults": {"repository": "acme/infra", "on": {"push": None}, "targets": "all", "playbook": "site.yml"},
        "routes": [{"name": "site"}],
    },
}

FAULTY = {
    "no mapping": [],
    "unknown key": WHOLE | {"colour": "red"},
    "version": WHOLE | {"version": 2},
    "no routes": {key: value for key, value in WHOLE.items() if key != "routes"},
    "empty routes": WHOLE | {"routes": []},
    "no account": WHOLE | {"accounts": {}},
    "account's name": WHOLE | {"accounts": {"2nd": "222222222222"}},
    "account's digits": WHOLE | {"accounts": {"dev": "2222"}},
    "account's number": WHOLE | {"accounts": {"dev": 2222}},
    "account's key": WHOLE | {"accounts": {"dev": {"id": "222222222222", "env": "x"}}},
    "account that is a truth": WHOLE | {"accounts": {"dev": True}},
    "region": WHOLE | {"regions": ["Frankfurt"]},
    "defaults have no name": WHOLE | {"defaults": {"name": "site"}},
    "a route without a name": WHOLE | {"routes": [{k: v for k, v in WHOLE["routes"][0].items() if k != "name"}]},
    "a route's name": with_route(name="My Site"),
    "a route's key": with_route(playbok="site.yml"),
    "repository": with_route(repository="acme"),
    "no repository": with_route(repository=[]),
    "event": with_route(on="merge"),
    "event in a list": with_route(on=["push", "merge"]),
    "event in a mapping": with_route(on={"merge": {}}),
    "no event": with_route(on={}),
    "no event in a list": with_route(on=[]),
    "pattern that is a number": push(branches=3),
    "pattern that stands empty": push(branches=None),
    "limit that stands empty": with_route(limit=None),
    "targets that stand empty": WHOLE | {"targets": None},
    "empty list": push(paths=[]),
    "twins": push(paths=["a"], paths_ignore=["b"]),
    "tags of a pull request": with_route(on={"pull_request": {"tags": ["v1"]}}),
    "type of a pull request": with_route(on={"pull_request": {"types": ["closed"]}}),
    "actor": push(actors=["a b"]),
    "actor's number": push(actors=[0]),
    "message": push(messages=[{"regexp": "x"}]),
    "targets": with_route(targets="dev"),
    "target": with_route(targets=["dev"]),
    "no target": with_route(targets=[]),
    "a choice of nothing": with_route(targets=[{"tags": ["web"]}]),
    "label": with_route(targets=[{"account": "Dev"}]),
    "tag": with_route(tags=["--check"]),
    "tags": with_route(tags="a b"),
    "limit": with_route(limit="a b"),
    "variable": with_route(extra_vars={"a-b": 1}),
    "vault": with_route(vault="a b"),
    "vault id": with_route(vault=[{"secret": "v", "id": "@"}]),
    "vault without a secret": with_route(vault={"id": "v"}),
    "secret as text": with_route(secrets={"a": "b"}),
    "secret of a variable": with_route(secrets={"a": {"secret": "a b"}}),
    "parameter": with_route(secrets={"a": {"parameter": "a/b"}}),
    "two sources": with_route(secrets={"a": {"parameter": "a", "secret": "b"}}),
    "no source": with_route(secrets={"a": {}}),
    "forks": with_route(forks=0),
    "verbosity": with_route(verbosity="2"),
    "env": with_route(env={"A": 1}),
    "env's name": with_route(env={"A-B": "1"}),
    "env as a label": with_route(environment={"A": "1"}),
    "directory of a target": with_route(targets=[{"name": "*/*", "directory": "a"}]),
    "when_busy": with_route(when_busy="wait"),
    "new_instances": with_route(new_instances="yes"),
    "skip_ci": with_route(skip_ci="perhaps"),
    "waves": with_route(waves=[]),
    "a wave": with_route(waves="dev/*"),
    "a wave's key": with_route(waves=[{"target": "all"}]),
    "a wave without targets": with_route(waves=[{"max_parallel": 1}]),
    "a wave's target": with_route(waves=[{"targets": ["dev"]}]),
    "settings in a wave's target": with_route(waves=[{"targets": [{"name": "*/*", "limit": "web"}]}]),
    "max_parallel": with_route(waves=[{"targets": "all", "max_parallel": 0}]),
    "hosts": with_route(waves=[{"targets": "all", "hosts": {}}]),
    "serial": with_route(waves=[{"targets": "all", "hosts": {"serial": "0%"}}]),
    "serial of no host": with_route(waves=[{"targets": "all", "hosts": {"serial": 0}}]),
    "tolerate": with_route(waves=[{"targets": "all", "tolerate": {}}]),
    "tolerated hosts": with_route(waves=[{"targets": "all", "tolerate": {"failed_hosts": "101%"}}]),
    "a gate of nothing": with_route(waves=[{"targets": "all", "after": {}}]),
    "soak": with_route(waves=[{"targets": "all", "after": {"soak": 600}}]),
    "alarm": with_route(waves=[{"targets": "all", "after": {"alarms": ["errors"]}}]),
    "approver": with_route(waves=[{"targets": "dev/*", "after": {"approval": {"by": "a b"}}}, {"targets": "all"}]),
    "on_failure": with_route(on_failure="stop"),
    "freeze": with_route(freeze={"cron": "0 17 * * FRI"}),
    "freeze's length": with_route(freeze={"cron": "0 17 * * FRI", "for": 64}),
    "drift": with_route(drift="rate(1 days)"),
    "people": WHOLE | {"people": {"hana": "arn:aws:iam::111111111111:root"}},
    "a person's login": WHOLE | {"people": {"h na": USER}},
    "team": WHOLE | {"teams": {"ops": ["h na"]}},
    "team's name": WHOLE | {"teams": {"Ops": ["hana"]}},
}


def test_the_published_schema_is_the_models() -> None:
    assert (ROOT / "routes.schema.json").read_text() == schema_text(), "run `make schema`"


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(routes_schema())


def test_the_repositorys_own_rules_are_read_with_it() -> None:
    text = (ROOT / "routes.yaml").read_text()
    assert text.splitlines()[0] == "# yaml-language-server: $schema=./routes.schema.json"
    assert list(VALIDATOR.iter_errors(yaml.safe_load(re.sub(r"(?m)^ +on:", "    'on':", text)))) == []


@pytest.mark.parametrize("name", VALID)
def test_what_is_valid_is_taken_by_both(name: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(VALID[name])] == []
    assert check_routes(VALID[name])[1] == []


@pytest.mark.parametrize("name", FAULTY)
def test_an_invalid_file_is_refused_by_both(name: str) -> None:
    assert not VALIDATOR.is_valid(FAULTY[name])
    assert check_routes(FAULTY[name])[1]


def keys_without_description(part: Any, place: str = "") -> list[str]:
    if not isinstance(part, dict):
        return []
    properties = part.get("properties", {})
    missing = [f"{place}.{key}" for key, value in properties.items() if not value.get("description")]
    return missing + [
        each for key, value in part.get("$defs", {}).items() for each in keys_without_description(value, key)
    ]


def test_an_editor_can_say_what_every_key_is() -> None:
    assert keys_without_description(routes_schema()) == []


def test_the_keys_are_those_of_the_file_and_never_pythons() -> None:
    text = json.dumps(routes_schema())
    assert '"branches-ignore"' in text
    assert "branches_ignore" not in text
