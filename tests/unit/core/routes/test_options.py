"""The options of a run in routes.yaml: what is valid, where each may be set, and which of several counts."""

from typing import Any

import pytest

from pointsman.core.model import Mode, RolloutId, RolloutSpec
from pointsman.core.routes.check import check_routes
from pointsman.core.routes.compile import compile_routes
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.core.run_options import RunOptions, SecretLocation, VaultSecret

ROUTE = {"name": "site", "repository": "acme/infra", "on": "push", "targets": "all", "playbook": "site.yml"}
FILE = {"accounts": {"dev": "222222222222", "prod": "333333333333"}, "regions": ["eu-west-1"]}
TOKEN = "ghp_" + "a1B2" * 9


def errors(route: dict[str, Any], **file: Any) -> list[str]:
    return [str(each) for each in check_routes(FILE | {"routes": [ROUTE | route]} | file)[1]]


def options(route: dict[str, Any], *, mode: Mode = Mode.APPLY, **file: Any) -> dict[str, dict[str, Any]]:
    """The options of the runs on each target, after the routes were compiled and read again."""
    routes, wrong = check_routes(FILE | {"routes": [ROUTE | route]} | file)
    assert routes, wrong
    compiled = CompiledRoutes.read(compile_routes(routes).to_json())
    [only] = compiled.routes
    spec = RolloutSpec(
        rollout=RolloutId("r-1"),
        route="site",
        mode=mode,
        playbook="site.yml",
        options=only.options,
        targets=compiled.targets_of(only),
    )
    each = {target.name: spec.settings_on(target).options for target in spec.targets}
    return {name: found.to_dict() if found else {} for name, found in each.items()}


def test_every_option_reaches_the_run() -> None:
    route = {
        "directory": "infra/ansible",
        "inventory": ["hosts.ini", "../../inventories/prod"],
        "requirements": "roles/requirements.yml",
        "vault": ["pointsman/vault", {"id": "prod", "secret": "pointsman/prod-vault"}],
        "secrets": {
            "db_password": {"secret": "prod/db", "key": "password"},
            "api_token": {"parameter": "/prod/api/token"},
        },
        "skip_tags": "slow",
        "forks": 20,
        "verbosity": 2,
        "env": {"HTTPS_PROXY": "http://proxy:3128"},
    }
    assert options(route)["dev/eu-west-1"] == {
        "directory": "infra/ansible",
        "inventory": ["hosts.ini", "../../inventories/prod"],
        "requirements": ["roles/requirements.yml"],
        "vault": [{"secret": "pointsman/vault"}, {"secret": "pointsman/prod-vault", "id": "prod"}],
        "secrets": {
            "db_password": {"secret": "prod/db", "key": "password"},
            "api_token": {"parameter": "/prod/api/token"},
        },
        "skip_tags": ["slow"],
        "forks": 20,
        "verbosity": 2,
        "environment": {"HTTPS_PROXY": "http://proxy:3128"},
    }


def test_a_route_without_options_has_none() -> None:
    assert options({})["dev/eu-west-1"] == {}
    assert options({"directory": "."})["dev/eu-west-1"] == {}
    assert options({"env": {}, "secrets": {}})["dev/eu-west-1"] == {}


def test_an_empty_list_of_requirements_installs_nothing() -> None:
    assert options({"requirements": []})["dev/eu-west-1"] == {"requirements": []}


def test_what_is_set_nearer_to_the_target_counts_and_mappings_are_merged() -> None:
    found = options(
        {
            "env": {"B": "route", "C": "route", "D": "route"},
            "secrets": {"y": {"secret": "route"}},
            "inventory": "route",
            "directory": ".",
            "targets": ["dev/*", {"account": "prod", "env": {"D": "entry"}, "vault": "entry", "forks": 1}],
        },
        defaults={
            "directory": "ansible",
            "env": {"A": "defaults", "B": "defaults"},
            "secrets": {"x": {"secret": "defaults"}},
            "vault": "defaults",
            "forks": 9,
        },
        targets=[
            {"account": "dev"},
            {"account": "prod", "env": {"C": "target", "D": "target"}, "inventory": "target", "vault": "target"},
        ],
    )
    both = {"secrets": {"x": {"secret": "defaults"}, "y": {"secret": "route"}}}
    assert found["dev/eu-west-1"] == both | {
        "inventory": ["route"],
        "vault": [{"secret": "defaults"}],
        "forks": 9,
        "environment": {"A": "defaults", "B": "route", "C": "route", "D": "route"},
    }
    assert found["prod/eu-west-1"] == both | {
        "inventory": ["target"],
        "vault": [{"secret": "entry"}],
        "forks": 1,
        "environment": {"A": "defaults", "B": "route", "C": "target", "D": "entry"},
    }


def test_a_check_is_given_no_secret() -> None:
    route = {"vault": "pointsman/vault", "secrets": {"x": {"secret": "a"}}, "forks": 3}
    assert options(route, mode=Mode.CHECK)["dev/eu-west-1"] == {"forks": 3}


def test_options_are_the_same_text_in_ascii_whatever_their_order() -> None:
    one = RunOptions(environment={"B": "ü", "A": "1"}, vault=(VaultSecret(secret="v"),))
    other = RunOptions(vault=(VaultSecret(secret="v"),), environment={"A": "1", "B": "ü"})
    assert one.text() == other.text() == '{"environment":{"A":"1","B":"\\u00fc"},"vault":[{"secret":"v"}]}'
    assert RunOptions().text() == ""
    assert RunOptions.read({"secrets": {"x": {"parameter": "p"}}}).secrets == {"x": SecretLocation(parameter="p")}


# --- errors ---------------------------------------------------------------------------------------------------------

DIRECTORY = "routes[0].directory: must be a directory of the repository, such as ansible"
PATH = "must be a path relative to `directory`, such as"
SECRET = "is not the name of a secret in Secrets Manager: up to 512 letters"
OUTSIDE = "is outside the repository: paths are relative to `directory`"


@pytest.mark.parametrize(
    ("route", "error"),
    [
        *(({"directory": each}, DIRECTORY) for each in ("/etc", "..", "../x", "a/../b", "a//b", "-x", "a b", "", "~")),
        *(({"inventory": each}, f"routes[0].inventory: {PATH}") for each in ("/x", "a/../b", "-x", "a b", "", "..")),
        ({"inventory": ["a", "b\n"]}, f"routes[0].inventory[1]: {PATH}"),
        ({"inventory": []}, "routes[0].inventory: must not be empty"),
        ({"inventory": "../x"}, f"routes[0]: `../x` {OUTSIDE}"),
        ({"directory": "a", "requirements": "../../x.yml"}, f"routes[0]: `../../x.yml` {OUTSIDE}"),
        (
            {"targets": [{"name": "dev/*", "inventory": "../x"}]},
            f"routes[0].targets: dev/eu-west-1: `../x` {OUTSIDE}",
        ),
        ({"requirements": "requirements"}, "routes[0].requirements: must be a .yml file for ansible-galaxy, or a .txt"),
        ({"secrets": {"a": {"secret": "x", "key": ""}}}, "routes[0].secrets.a.key: `` is not a key of up to 200"),
        ({"secrets": {"a": {"secret": "x", "key": "a\n"}}}, "routes[0].secrets.a.key: `a\n` is not a key"),
        ({"requirements": "/r.yml"}, f"routes[0].requirements: {PATH}"),
        ({"vault": "hunter 2"}, f"routes[0].vault: {SECRET}"),
        ({"vault": "x" * 513}, f"routes[0].vault: {SECRET}"),
        ({"vault": "arn:aws:secretsmanager:x"}, "routes[0].vault: must be the name of a secret, not its ARN"),
        ({"vault": TOKEN}, "routes[0].vault: looks like a secret: store it in Secrets Manager"),
        ({"vault": {"id": "x"}}, "routes[0].vault: `secret` is missing"),
        ({"vault": {"secret": "v", "id": "@x"}}, "routes[0].vault.id: `@x` is not a vault id"),
        ({"vault": 7}, "routes[0].vault: must be the name of a secret, {secret: name, id: id}, or a list, not 7"),
        ({"secrets": {"a": "Abc-123-xyz"}}, "routes[0].secrets.a: must be {secret: name} or {parameter: name}; the"),
        ({"secrets": {"a": {}}}, "routes[0].secrets.a: must have either `secret` or `parameter`"),
        ({"secrets": {"a": {"secret": "x", "parameter": "y"}}}, "routes[0].secrets.a: must have either"),
        ({"secrets": {"a": {"parameter": "y", "key": "k"}}}, "routes[0].secrets.a: `key` is for a `secret` only"),
        ({"secrets": {"a": {"parameter": "a/b"}}}, "routes[0].secrets.a.parameter: is not the name of an SSM"),
        ({"secrets": {"a": {"parameter": TOKEN}}}, "routes[0].secrets.a.parameter: looks like a secret"),
        ({"secrets": {"a": {"secret": TOKEN}}}, "routes[0].secrets.a.secret: looks like a secret"),
        ({"secrets": {"a-b": {"secret": "x"}}}, "routes[0].secrets.a-b: `a-b` is not an Ansible variable"),
        ({"secrets": {"ansible_password": {"secret": "x"}}}, "routes[0].secrets: `ansible_password` is reserved for"),
        ({"secrets": {"a": {"secret": "x"}}, "extra_vars": {"a": 1}}, "routes[0]: `a` is in `extra_vars` and in"),
        (
            {"secrets": {"a": {"secret": "x"}}, "targets": [{"name": "*/*", "extra_vars": {"a": 1}}]},
            "routes[0].targets: dev/eu-west-1: `a` is in `extra_vars` and in `secrets`: remove one",
        ),
        ({"skip_tags": "-x"}, "routes[0].skip_tags: `-x` is not an Ansible tag"),
        ({"forks": 0}, "routes[0].forks: must be greater than or equal to 1, not 0"),
        ({"forks": "5"}, "routes[0].forks: must be a whole number, not `5`"),
        ({"verbosity": 5}, "routes[0].verbosity: must be less than or equal to 4, not 5"),
        ({"verbosity": True}, "routes[0].verbosity: must be a whole number, not true"),
        ({"env": {"A": 1}}, "routes[0].env.A: must be text, not 1: put it in quotes"),
        ({"env": {"A": None}}, "routes[0].env.A: has no value"),
        ({"env": {"A-B": "x"}}, "routes[0].env.A-B: `A-B` is not an environment variable"),
        ({"env": {"A": "\x00"}}, "routes[0].env: `A` contains a control character"),
        ({"env": {"DB_PASSWORD": "Abc-123-xyz"}}, "routes[0].env: DB_PASSWORD contains a secret: store it in Secrets"),
        ({"env": {"A": TOKEN}}, "routes[0].env: A contains a secret"),
        *(
            ({"env": {name: "x"}}, f"routes[0].env: `{name}` is set by CodeBuild or Pointsman: choose another name")
            for name in ("PATH", "POINTSMAN_BUS", "CODEBUILD_BUILD_ID", "AWS_REGION", "AWS_SECRET_ACCESS_KEY")
        ),
        ({"env": {"A": "x" * 4_000}}, "routes[0]: its options are more than 4,000 characters as JSON"),
        (
            {"env": {"A": "x" * 2_000}, "targets": [{"name": "*/*", "env": {"B": "x" * 2_000}}]},
            "routes[0].targets: dev/eu-west-1: its options are more than 4,000 characters",
        ),
        ({"environment": {"A": "x"}}, "routes[0].environment: unknown key: environment variables are `env`; `env"),
        ({"targets": [{"name": "*/*", "directory": "a"}]}, "routes[0].targets[0].directory: unknown key"),
        *(
            ({key: None}, f"routes[0].{key}: has no value: give it one, or remove the key")
            for key in ("directory", "inventory", "requirements", "vault", "secrets", "skip_tags", "forks", "env")
        ),
    ],
)
def test_an_error_has_its_place_and_what_would_be_right(route: dict[str, Any], error: str) -> None:
    [only] = errors(route)
    assert only.startswith(error)
    assert TOKEN not in only
    assert "Abc-123-xyz" not in only


def test_an_error_of_a_target_and_of_the_defaults_is_reported_there() -> None:
    assert errors({}, targets=[{"account": "dev", "vault": "a b"}])[0].startswith(f"targets[0].vault: {SECRET}")
    [only] = errors({}, defaults={"directory": "/"})
    assert only.startswith("defaults.directory: must be a directory")


@pytest.mark.parametrize("name", ["prod/db-password", "a", "pointsman/vault.main_1+2=3@x", "x" * 512])
def test_a_name_that_secrets_manager_accepts_is_accepted(name: str) -> None:
    assert errors({"vault": name, "secrets": {"a": {"secret": name}}}) == []
