"""The waves of a route: which target is in which, and what makes no sense between them."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.routes.check import check_routes
from pointsman.core.routes.compile import compile_routes
from tests.unit.core.routes.plan_files import WAVES, errors, file, spec, warnings, waves_of

DEV_US, DEV_EU, PROD_US, PROD_EU = "dev/us-east-1", "dev/eu-west-1", "prod/us-east-1", "prod/eu-west-1"


def waves(*targets: Any) -> list[dict[str, Any]]:
    return [{"targets": each} for each in targets]


def test_a_target_is_in_the_first_wave_that_selects_it() -> None:
    assert waves_of({"waves": WAVES}) == {DEV_US: 0, DEV_EU: 0, PROD_US: 2, PROD_EU: 1}
    assert errors({"waves": WAVES}) == []
    assert warnings({"waves": WAVES}) == []


def test_without_waves_all_targets_are_in_the_first() -> None:
    assert set(waves_of({"targets": "all"}).values()) == {0}
    assert spec({"targets": "all"}).plan is None


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ({"waves": waves({"account": "dev"}, "*/*")}, {DEV_US: 0, DEV_EU: 0, PROD_US: 1, PROD_EU: 1}),
        ({"waves": waves(PROD_EU, {"environment": "prod*"})}, {PROD_EU: 0, PROD_US: 1}),
        ({"waves": waves("*/us-east-1")}, {DEV_US: 0, PROD_US: 0}),
        ({"waves": {"targets": "all"}}, {DEV_US: 0, DEV_EU: 0, PROD_US: 0, PROD_EU: 0}),
        ({"targets": ["dev/*"], "waves": waves("*/us-east-1", "*/*")}, {DEV_US: 0, DEV_EU: 1}),
    ],
)
def test_waves_select_by_name_or_label_and_are_the_targets_if_the_route_has_none(
    route: dict[str, Any], expected: dict[str, int]
) -> None:
    assert waves_of(route) == expected


def test_settings_of_a_target_stay_with_the_routes_own_targets() -> None:
    route = {"targets": ["*/*", {"account": "prod", "limit": "web"}], "waves": WAVES}
    assert {target.limit for target in spec(route).targets if target.name == PROD_EU} == {"web"}
    assert waves_of(route)[PROD_EU] == 1
    assert errors({"waves": waves({"name": "*/*", "limit": "web"})})[0].startswith(
        "routes[0].waves[0].targets.limit: unknown key; choose from name, account, region, environment"
    )


def test_defaults_may_have_waves() -> None:
    data = file({}, defaults={"waves": WAVES, "on_failure": "rollback"})
    routes, found = check_routes(data)
    assert routes, found
    [route] = compile_routes(routes).routes
    assert route.plan
    assert (len(route.plan.waves), route.plan.on_failure) == (3, "rollback")


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "error"),
    [
        (
            {"targets": "all", "waves": waves("dev/*")},
            "waves: 2 targets (prod/us-east-1, prod/eu-west-1) are in no wave: add a last wave with `*/*`",
        ),
        (
            {"targets": ["dev/*"], "waves": waves(DEV_US)},
            "waves: 1 target (dev/eu-west-1) is in no wave: add a last wave with `*/*`",
        ),
        ({"waves": waves("*/*", "prod/*")}, "waves[1]: gets no target: earlier waves have all that it selects, or"),
        ({"targets": "dev/*", "waves": waves("*/*", "prod/*")}, "waves[1]: gets no target"),
        (
            {"targets": ["dev/*"], "waves": waves(["dev/*", "prod/*"])},
            "waves[0].targets[1]: matches no target of the route",
        ),
        (
            {"waves": waves("dev/*", ["prod/*", DEV_EU])},
            "waves[1].targets[1]: has no effect: all of its targets are in earlier waves",
        ),
        ({"waves": waves("dve/*")}, "waves[0].targets: no target is named `dve/*`; did you mean `dev/*`?"),
        ({"waves": waves(["*/*", "dve/*"])}, "waves[0].targets[1]: no target is named `dve/*`"),
        ({"waves": waves([{"account": "dve"}])}, "waves[0].targets[0].account: no target has the account `dve`"),
        ({"waves": waves([{"environment": "x"}])}, "waves[0].targets[0].environment: no target has the environment"),
        ({"waves": waves([{}])}, "waves[0].targets[0]: selects no target: give `name`, `account`"),
        ({"waves": waves("dev")}, "waves[0].targets: `dev` is not account/region, where either may be `*`"),
        ({"waves": waves(5)}, "waves[0].targets: must be `all`, a name, or a list, not 5"),
        ({"waves": waves([])}, "waves[0].targets: must not be empty"),
        ({"waves": [{"target": "dev/*"}]}, "waves[0].target: unknown key; did you mean `targets`?"),
        ({"waves": [{}]}, "waves[0]: `targets` is missing"),
        ({"waves": []}, "waves: must not be empty"),
        ({"waves": "dev/*"}, "waves: must be a mapping with `targets`, or a list of them, not `dev/*`"),
        ({"waves": 3}, "waves: must be a mapping with `targets`, or a list of them, not 3"),
        ({"waves": None}, "waves: has no value: give it one, or remove the key"),
    ],
)
def test_an_error_of_waves_has_its_place_and_what_would_be_right(route: dict[str, Any], error: str) -> None:
    found = errors(route)
    assert any(each.startswith(f"routes[0].{error}") for each in found), found


def test_a_route_with_neither_targets_nor_waves_is_an_error() -> None:
    assert errors({}) == ["routes[0]: `targets` is missing"]


@pytest.mark.parametrize(
    ("wave", "error"),
    [
        ({"max_parallel": 0}, "max_parallel: must be greater than or equal to 1, not 0"),
        ({"max_parallel": 1_001}, "max_parallel: must be less than or equal to 1000, not 1001"),
        ({"max_parallel": "2"}, "max_parallel: "),
        ({"max_parallel": True}, "max_parallel: "),
        ({"hosts": {}}, "hosts: `serial` is missing"),
        ({"hosts": {"serial": 0}}, "hosts.serial: must be a whole number from 1, or a percentage such as 25% from 1%"),
        ({"hosts": {"serial": "0%"}}, "hosts.serial: must be a whole number from 1"),
        ({"hosts": {"serial": "101%"}}, "hosts.serial: must be a whole number from 1"),
        ({"hosts": {"serial": "25"}}, "hosts.serial: must be a whole number from 1"),
        ({"hosts": {"serial": 2.5}}, "hosts.serial: must be a whole number from 1"),
        ({"hosts": {"serial": True}}, "hosts.serial: must be a whole number from 1"),
        ({"hosts": {"serials": 1}}, "hosts.serials: unknown key; did you mean `serial`?"),
        ({"tolerate": {}}, "tolerate: is empty: give `failed_hosts`, `unreachable_hosts` or `unavailable_targets`"),
        ({"tolerate": {"failed_hosts": -1}}, "tolerate.failed_hosts: must be a whole number from 0, or a percentage"),
        ({"tolerate": {"failed_hosts": "101%"}}, "tolerate.failed_hosts: must be a whole number from 0"),
        ({"tolerate": {"failed_hosts": "a lot"}}, "tolerate.failed_hosts: must be a whole number from 0"),
        ({"tolerate": {"failed_hosts": None}}, "tolerate.failed_hosts: has no value"),
        ({"tolerate": {"failed": 1}}, "tolerate.failed: unknown key; did you mean `failed_hosts`?"),
    ],
)
def test_an_error_of_one_wave_has_its_place(wave: dict[str, Any], error: str) -> None:
    found = errors({"waves": [{"targets": "*/*"} | wave]})
    assert any(each.startswith(f"routes[0].waves[0].{error}") for each in found), found


@pytest.mark.parametrize("serial", [1, 50, "1%", "25%", "100%"])
def test_a_batch_size_is_written_as_ansible_writes_it(serial: object) -> None:
    plan = spec({"waves": [{"targets": "*/*", "hosts": {"serial": serial}}]}).plan
    assert plan
    assert plan.waves[0].serial == str(serial)


# --- warnings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "warning"),
    [
        (
            {"waves": waves(["prod/*", PROD_EU], "*/*")},
            "waves[0].targets[1]: has no effect: other entries of the wave match all of its targets",
        ),
        ({"waves": waves([DEV_EU, DEV_EU], "*/*")}, "waves[0].targets[0]: has no effect: other entries"),
        ({"waves": waves("*/*"), "on_failure": "continue"}, "on_failure: `continue` has no effect: no wave follows"),
        ({"targets": "all", "on_failure": "continue"}, "on_failure: `continue` has no effect"),
        (
            {"targets": "all", "on": "pull_request", "drift": "rate(1 day)"},
            "drift: has no effect until the route is run by hand",
        ),
    ],
)
def test_what_is_valid_and_hardly_meant_is_a_warning(route: dict[str, Any], warning: str) -> None:
    [only] = warnings(route)
    assert only.startswith(f"routes[0].{warning}")


# --- any waves ------------------------------------------------------------------------------------------------------

NAMES = st.tuples(st.sampled_from(["dev", "prod", "*"]), st.sampled_from(["us-east-1", "eu-west-1", "*"])).map("/".join)
LABELS = st.fixed_dictionaries(
    {},
    optional={
        "account": st.sampled_from(["dev", "prod", "*", "d*"]),
        "region": st.lists(st.sampled_from(["us-east-1", "eu-*"]), min_size=1, max_size=2),
        "environment": st.just("production"),
    },
).filter(bool)
SELECTORS = st.lists(NAMES | LABELS, min_size=1, max_size=3)


@given(st.lists(SELECTORS, min_size=1, max_size=5), st.none() | SELECTORS)
def test_every_target_of_a_route_is_in_exactly_one_wave_or_the_file_is_refused(
    selectors: list[Any], targets: list[Any] | None
) -> None:
    data = file({"waves": waves(*selectors)} | ({} if targets is None else {"targets": copy.deepcopy(targets)}))
    routes, found = check_routes(data)
    if routes is None:
        assert all(".waves" in str(each) or ".targets" in str(each) for each in found)
        return
    compiled = compile_routes(routes)
    [route] = compiled.routes
    assert route.plan
    groups = [(index, group.wave) for group in route.targets for index in group.places]
    assert len({index for index, _ in groups}) == len(groups)  # each target once
    assert {wave for _, wave in groups} == set(range(len(route.plan.waves)))  # and no wave is empty
    for target in compiled.targets_of(route):
        earlier = [wave.targets for wave in (routes.routes[0].waves or ())[: target.wave + 1]]
        environment = "production" if target.account == "prod" else ""
        selecting = [any(each.matches(target, environment) for each in of_wave) for of_wave in earlier]
        assert selecting == [False] * target.wave + [True]  # the first wave that selects it
