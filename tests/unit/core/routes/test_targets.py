"""Which targets a route has, and what each of them does otherwise."""

from typing import Any

import pytest

from pointsman.core.model import Target
from pointsman.core.routes.check import check_routes
from pointsman.core.routes.compile import compile_routes
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.core.routes.model import Routes

FILE: dict[str, Any] = {
    "accounts": {"dev": 222222222222, "prod": {"id": "333333333333", "environment": "production"}},
    "regions": ["us-east-1", "eu-west-1"],
}


def rules(chosen: object, /, *, route: dict[str, Any] | None = None, **file: Any) -> dict[str, Any]:
    whole = {"name": "site", "repository": "acme/infra", "on": "push", "targets": chosen, "playbook": "site.yml"}
    return FILE | {"routes": [whole | (route or {})]} | file


def targets(chosen: object, /, **more: Any) -> dict[str, Target]:
    routes = Routes.model_validate(rules(chosen, **more))
    compiled = CompiledRoutes.read(compile_routes(routes).to_json())
    assert compiled.targets_of(compiled.routes[0]) == routes.targets_of(routes.routes[0])
    return {target.name: target for target in compiled.targets_of(compiled.routes[0])}


def faults(chosen: object, /, **more: Any) -> list[str]:
    return [str(fault) for fault in check_routes(rules(chosen, **more))[1]]


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ("all", "dev/us-east-1 dev/eu-west-1 prod/us-east-1 prod/eu-west-1"),
        (["dev/*"], "dev/us-east-1 dev/eu-west-1"),
        (["*/eu-west-1", "dev/us-east-1"], "dev/us-east-1 dev/eu-west-1 prod/eu-west-1"),
        ([{"account": "prod"}], "prod/us-east-1 prod/eu-west-1"),
        ([{"account": ["dev", "prod"], "region": "eu-*"}], "dev/eu-west-1 prod/eu-west-1"),
        ([{"environment": "production", "region": ["us-east-1"]}], "prod/us-east-1"),
        ([{"environment": "prod*"}, "dev/eu-west-1"], "dev/eu-west-1 prod/us-east-1 prod/eu-west-1"),
        ([{"name": "*/us-east-1", "environment": "production"}], "prod/us-east-1"),
    ],
)
def test_targets_are_chosen_by_name_or_by_label(chosen: object, names: str) -> None:
    assert " ".join(targets(chosen)) == names


def test_a_targets_environment_is_its_own_or_its_accounts() -> None:
    own = [{"account": "dev", "environment": "production", "regions": ["eu-west-1"]}, {"account": "prod"}]
    assert list(targets([{"environment": "production"}], targets=own)) == [
        "dev/eu-west-1",
        "prod/us-east-1",
        "prod/eu-west-1",
    ]


def test_a_choice_says_what_is_otherwise_there_and_the_last_one_counts() -> None:
    chosen = targets(
        [
            {"name": "*/*", "tags": ["web"], "extra_vars": {"a": 1}},
            {"environment": "production", "playbook": "careful.yml", "limit": "web", "extra_vars": {"b": 2}},
        ],
        route={"limit": "all_hosts", "extra_vars": {"a": 0}},
    )
    dev, prod = chosen["dev/eu-west-1"], chosen["prod/eu-west-1"]
    assert (dev.playbook, dev.tags, dev.limit, dev.extra_vars) == (None, ("web",), "all_hosts", {"a": 1})
    assert (prod.playbook, prod.tags, prod.limit, prod.extra_vars) == ("careful.yml", None, "web", {"b": 2})


def test_variables_are_laid_over_each_other_and_limits_only_narrowed() -> None:
    [target] = targets(
        [{"name": "dev/eu-west-1", "extra_vars": {"c": "choice"}, "limit": "web"}],
        targets=[{"account": "dev", "limit": "fleet", "extra_vars": {"c": "target", "d": "target"}}],
    ).values()
    assert target.extra_vars == {"c": "choice", "d": "target"}
    assert target.limit == "fleet:&web"


def test_a_target_without_anything_of_its_own_carries_nothing_of_it() -> None:
    assert targets("all")["dev/eu-west-1"].to_dict() == {
        "name": "dev/eu-west-1",
        "account": "dev",
        "account_id": "222222222222",
        "region": "eu-west-1",
        "limit": "",
        "wave": 0,
    }


# --- faults ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "fault"),
    [
        ([{"environment": "prod"}], "routes[0].targets[0].environment: no target has the environment `prod`"),
        ([{"region": ["eu-west-1", "mars"]}], "routes[0].targets[0].region[1]: no target has the region `mars`"),
        ([{"account": "dve"}], "routes[0].targets[0].account: no target has the account `dve`; did you mean `dev`?"),
        ([{"name": "dev/us-west-2"}], "routes[0].targets[0].name: no target is named `dev/us-west-2`"),
        (["dev/us-west-2"], "routes[0].targets[0]: no target is named `dev/us-west-2`"),
        ([{"tags": ["x"]}], "routes[0].targets[0]: selects no target"),
        ([{"regoin": "eu-west-1"}], "routes[0].targets[0].regoin: unknown key; did you mean `region`?"),
        ([{"name": "dev/*", "playbook": "../x.yml"}], "routes[0].targets[0].playbook: must be the path of a .yml"),
        ([{"name": "dev/*", "limit": "a b"}], "routes[0].targets[0].limit: `a b` is not an Ansible host pattern"),
        ([], "routes[0].targets: must not be empty"),
        (5, "routes[0].targets: must be `all`, a name, or a list, not 5"),
    ],
)
def test_a_choice_that_makes_no_sense_is_told_where_it_stands(chosen: object, fault: str) -> None:
    assert any(each.startswith(fault) for each in faults(chosen)), faults(chosen)


def test_a_limit_that_cannot_be_narrowed_is_a_fault_where_it_would_be() -> None:
    own = [{"account": "dev", "limit": "fleet,edge"}, {"account": "prod"}]
    fault = "target dev/us-east-1: its own limit is `fleet,edge`, which several names cannot narrow"
    [found] = faults("all", targets=own, route={"limit": "web:db"})
    assert found.startswith(f"routes[0].targets: {fault}")
    assert faults(["prod/*"], targets=own, route={"limit": "web:db"}) == []
    assert faults("all", targets=own, route={"limit": "web"}) == []


@pytest.mark.parametrize(
    ("own", "of_route", "limit"),
    [
        ("web1,web2", "canary", "web1:web2:&canary"),
        ("fleet", "web:db", "web:db:&fleet"),
        ("2001:db8::1", "web", "2001:db8::1,&web"),
        ("web[0:5],db", "", "web[0:5],db"),
    ],
)
def test_the_limits_of_a_target_and_a_route_are_put_together(own: str, of_route: str, limit: str) -> None:
    chosen = targets("all", targets=[{"account": "dev", "limit": own}], route={"limit": of_route})
    assert {target.limit for target in chosen.values()} == {limit}


def test_a_limit_that_ansible_would_split_unexpectedly_is_a_fault() -> None:
    assert faults("all", targets=[{"account": "dev", "limit": "fe80::1,fe80::2"}]) == []
    [found] = faults("all", targets=[{"account": "dev", "limit": "web,db:&canary"}])
    assert "mixes `,` and `:`" in found
    [found] = faults("all", targets=[{"account": "dev", "limit": "web:&"}])
    assert "has `&` or `!` without a name after it" in found


def test_what_is_too_much_together_is_a_fault() -> None:
    large = {"text": "x" * 3_000}
    own = [{"account": "dev", "extra_vars": {"more": "y" * 3_000}}]
    [fault, *_] = faults("all", targets=own, route={"extra_vars": large})
    assert fault == "routes[0].targets: the extra_vars of dev/us-east-1 are more than 4,000 characters in total"
    regions = [f"eu-{letters}-{number}" for letters in ("a", "b", "c", "d", "e", "f") for number in range(10)]
    choices = [{"name": "*/*", "extra_vars": large}]
    assert "put large data into the repository" in faults(choices, regions=regions)[0]


# --- defaults -------------------------------------------------------------------------------------------------------


def test_defaults_stand_in_every_route_that_says_nothing_else() -> None:
    routes, wrong = check_routes(
        FILE
        | {
            "x-anything": {"branches": ["main"]},
            "defaults": {
                "repository": "acme/infra",
                "on": "push",
                "playbook": "site.yml",
                "extra_vars": {"a": 1, "b": 1},
            },
            "routes": [
                {"name": "one", "targets": "all"},
                {"name": "two", "targets": ["dev/*"], "playbook": "two.yml", "extra_vars": {"b": 2}},
            ],
        }
    )
    assert wrong == []
    assert routes
    one, two = routes.routes
    assert (one.playbook, one.extra_vars) == ("site.yml", {"a": 1, "b": 1})
    assert (two.playbook, two.extra_vars) == ("two.yml", {"a": 1, "b": 2})


def test_a_fault_in_the_defaults_is_told_once_and_there() -> None:
    wrong = [
        str(fault)
        for fault in check_routes(
            FILE
            | {
                "defaults": {
                    "repository": "acme",
                    "on": {"push": {"branches": ["["]}},
                    "name": "x",
                    "targets": ["no/pe"],
                },
                "routes": [{"name": name, "playbook": "site.yml"} for name in ("one", "two")],
            }
        )[1]
    ]
    assert [fault.partition(": ")[0] for fault in wrong] == [
        "defaults.repository",
        "defaults.on.push.branches[0]",
        "defaults.name",
        "defaults.targets[0]",
    ]
