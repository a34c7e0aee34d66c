"""Files with one route that has waves, for the tests of its plan."""

from typing import Any

from pointsman.core.model import RolloutId, RolloutSpec
from pointsman.core.routes.check import check_routes
from pointsman.core.routes.compile import compile_routes
from pointsman.core.routes.compiled import CompiledRoute, CompiledRoutes
from pointsman.core.routes.lint import lint
from pointsman.core.routing.decide import rollout_spec

USER = "arn:aws:iam::111111111111:user/"
SESSION = "arn:aws:sts::111111111111:assumed-role/"
PEOPLE = {"hana": f"{USER}hana", "Kofi": [f"{SESSION}AWSReservedSSO_Ops_*/kofi@acme.io"]}
ALARM = "arn:aws:cloudwatch:eu-west-1:333333333333:alarm:errors"
WAVES: list[dict[str, Any]] = [{"targets": ["dev/*"]}, {"targets": ["prod/eu-west-1"]}, {"targets": ["prod/*"]}]


def file(route: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Two accounts in two regions, and a route without `targets`."""
    site = {"name": "site", "repository": "acme/infra", "on": "push", "playbook": "site.yml"}
    return {
        "accounts": {"dev": "222222222222", "prod": {"id": "333333333333", "environment": "production"}},
        "regions": ["us-east-1", "eu-west-1"],
        "people": PEOPLE,
        "teams": {"ops": ["Hana", "kofi"]},
        "routes": [site | route],
    } | more


def errors(route: dict[str, Any], **more: Any) -> list[str]:
    return [str(each) for each in check_routes(file(route, **more))[1]]


def warnings(route: dict[str, Any], **more: Any) -> list[str]:
    routes, found = check_routes(file(route, **more))
    assert routes, found
    return [str(each) for each in lint(routes)]


def compiled(route: dict[str, Any], **more: Any) -> tuple[CompiledRoutes, CompiledRoute]:
    """The compiled file as the functions read it, and its route."""
    routes, found = check_routes(file(route, **more))
    assert routes, found
    read = CompiledRoutes.read(compile_routes(routes).to_json())
    return read, read.routes[0]


def spec(route: dict[str, Any], **more: Any) -> RolloutSpec:
    routes, read = compiled(route, **more)
    return rollout_spec(read, RolloutId("r-0"), routes.targets_of(read))


def waves_of(route: dict[str, Any], **more: Any) -> dict[str, int]:
    """The wave of each target."""
    return {target.name: target.wave for target in spec(route, **more).targets}


def gated(**after: Any) -> dict[str, Any]:
    """A route whose second wave has a gate after it."""
    return {"waves": [WAVES[0], WAVES[1] | {"after": after}, WAVES[2]]}
