"""What routes.yaml may say, the build takes: check_routes accepts nothing that runner/bin/run-playbook refuses."""

from pathlib import Path
from typing import Any

import pytest
from ansible_run.command import arguments
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pointsman.adapters.builds_codebuild import environment_of
from pointsman.core.model import DeliveryId, Rollout, RolloutId, RolloutSpec, Run
from pointsman.core.routes.check import check_routes
from pointsman.core.routes.model import Routes
from pointsman.core.routes.sizes import TARGETS_OF_A_ROUTE
from pointsman.core.routes.values import ACCOUNT
from tests.contract.templates.cloudformation import load
from tests.support.ansible_runs import SAMPLE
from tests.support.rollouts import MORNING, change

NAMES = st.sampled_from(["dev", "2nd", "a-", "-a", "a--b", "0"]) | st.text("ab0-", min_size=1, max_size=6)
TAGS = st.sampled_from(["web", "web-", "a--b", "a.b", "-a", "all:x"]) | st.text("aZ0_.-:, ", max_size=6)
LIMITS = st.sampled_from(["", "web-*", "a:&b", "!a", "~web.*", "a[0:1]"]) | st.text("aZ0_.:,!&*?~[]-|()^$ ", max_size=8)
VARIABLES = st.dictionaries(
    st.sampled_from(["a", "ansible_host", "local_x", "host_root", "whole_system", "localhost", "ansible"])
    | st.text("abc_0-", max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text("a{%#} ", max_size=4),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("a{%#}", max_size=3), inner, max_size=2),
        max_leaves=4,
    ),
    max_size=3,
)

type Parts = tuple[str, list[str], tuple[str, str], dict[str, Any]]

# One part at a time: of four free ones nearly every file would be refused.
PARTS: st.SearchStrategy[Parts] = st.one_of(
    NAMES.map(lambda account: (account, [], ("", ""), {})),
    st.lists(TAGS, max_size=2).map(lambda tags: ("dev", tags, ("", ""), {})),
    st.tuples(LIMITS, LIMITS).map(lambda limits: ("dev", [], limits, {})),
    VARIABLES.map(lambda variables: ("dev", [], ("", ""), variables)),
)


def checked(
    account: str, tags: list[str], limits: tuple[str, str], variables: dict[str, Any], *, by_target: bool = False
) -> Routes | None:
    """Rules with a route, or one of its targets, that says all this."""
    route: dict[str, Any] = {"name": "site", "repository": "acme/infra", "on": "push", "playbook": "site.yml"}
    expected = {"tags": tags, "limit": limits[1], "extra_vars": variables}
    route |= {"targets": [{"name": "*/*", **expected}]} if by_target else {"targets": "all", **expected}
    return check_routes(
        {
            "accounts": {account: "222222222222"},
            "regions": ["eu-west-1"],
            "targets": [{"account": account, "limit": limits[0]}],
            "routes": [route],
        }
    )[0]


@settings(deadline=None, max_examples=300)
@given(PARTS, st.booleans())
@example(("2nd", [], ("", ""), {}), False)
@example(("dev", ["web-"], ("", ""), {}), False)
@example(("dev", ["a--b"], ("", ""), {}), True)
@example(("dev", [], ("", ""), {"ansible_host": "x"}), True)
@example(("dev", [], ("", ""), {"a": "{{ b }}"}), True)
@example(("dev", ["web-1", "a.b"], ("web", "role_web"), {"a": [{"b": None}]}), False)
@example(("dev", ["web-1", "a.b"], ("web", "role_web"), {"a": [{"b": None}]}), True)
def test_a_build_accepts_every_value_that_routes_may_have(parts: Parts, by_target: bool) -> None:
    routes = checked(*parts, by_target=by_target)
    if routes is None:
        return
    given_by = {
        "CODEBUILD_SRC_DIR": str(SAMPLE),
        "AWS_REGION": "eu-west-1",
        "POINTSMAN_BUCKET": "transfer",
        "POINTSMAN_ACCOUNT_NAME": parts[0],
    }
    line = arguments(given_by | build_variables(routes), lambda _: Path("vars.json"))
    assert line[-1] == "site.yml"
    assert [each.partition("=")[2] for each in line if each.startswith("--tags=")] == [",".join(parts[1])] * bool(
        parts[1]
    )


def build_variables(routes: Routes) -> dict[str, str]:
    """The variables of the only run that the rules ask for."""
    [route] = routes.routes
    spec = RolloutSpec(
        rollout=RolloutId("r-1"),
        route=route.name,
        playbook=route.playbook,
        tags=route.tags,
        extra_vars=route.extra_vars,
        targets=routes.targets_of(route),
    )
    return environment_of(
        a_rollout(spec), Run(rollout=RolloutId("r-1"), route="site", target=spec.targets[0], created_at=MORNING)
    )


def a_rollout(spec: RolloutSpec) -> Rollout:
    return Rollout(
        id=RolloutId("r-1"),
        change=change(),
        spec=spec,
        delivery=DeliveryId("d"),
        last_message_id="m",
        pushes=(),
        created_at=MORNING,
    )


def test_rules_that_every_build_takes_are_not_refused() -> None:
    assert checked("dev-2", ["web-1", "a.b_c"], ("web", "role_web"), {"app_message": "{ hello }", "n": 1.5})


@pytest.mark.parametrize("name", ["dev", "a-1"])
def test_an_accounts_name_is_the_same_in_the_worker_stack(name: str) -> None:
    parameter = load("regional/template.yaml")["Parameters"]["AccountName"]
    length = parameter["MaxLength"]
    assert ACCOUNT.replace(f"{{0,{length - 1}}}", "*") == f"^{parameter['AllowedPattern']}$"
    assert checked(name + "x" * (length - len(name)), [], ("", ""), {})


def test_a_rollout_of_as_many_targets_as_a_route_may_have_fits_one_item() -> None:
    accounts = {f"{'a' * 28}{number:04}": f"{number:012}" for number in range(TARGETS_OF_A_ROUTE)}
    variables = {"a": "x" * 3_900}
    routes, faults = check_routes(
        {
            "accounts": accounts,
            "regions": ["ap-southeast-1"],
            "targets": [{"account": account, "limit": "x" * 100} for account in accounts],
            "routes": [
                {
                    "name": "site",
                    "repository": "acme/infra",
                    "on": "push",
                    "targets": "all",
                    "playbook": "site.yml",
                    "limit": "y" * 60,
                    "extra_vars": variables,
                }
            ],
        }
    )
    assert routes, faults
    spec = RolloutSpec(
        rollout=RolloutId("r-1"),
        route="site",
        playbook="site.yml",
        extra_vars=variables,
        targets=routes.targets_of(routes.routes[0]),
    )
    assert len(a_rollout(spec).to_json().encode()) < 400_000
