"""New instances: both switches are on, the route's and the worker stack's, or neither."""

from collections.abc import Iterator, Sequence

from pointsman.core.routes.model import Routes
from pointsman.core.text import join_first
from pointsmanctl.doctor.model import CheckResult, Link, TargetContext

NAME = "new instances"


def check(target: TargetContext) -> Iterator[CheckResult]:
    """Compare the routes of the target with its worker stack, and read the rule's state."""
    reports = target.parameter("ConfigureNewInstances") == "true"
    state = ""
    if reports:
        name = f"{target.control.stack_name}-new-instances"
        state = str(target.client("events").describe_rule(Name=name)["State"])
    routes = routes_for(target.control.installation.routes, target.name)
    yield judge(Link(NAME, target.name), routes, reports=reports, rule_state=state)


def routes_for(routes: Routes, target_name: str) -> list[str]:
    """Return the routes that configure new instances of a target."""
    wanted = [route for route in routes.routes if route.new_instances]
    return [route.name for route in wanted if target_name in {target.name for target in routes.targets_of(route)}]


def judge(link: Link, routes: Sequence[str], *, reports: bool, rule_state: str) -> CheckResult:
    """Judge whether what the routes want happens."""
    if reports and rule_state != "ENABLED":
        return link.broken(f"the rule that reports new instances is {rule_state}", "enable it in EventBridge")
    if routes and not reports:
        return link.warning(
            f"{join_first(routes)} would configure new instances, but this region does not report them",
            'set ConfigureNewInstances = "true" below [workers.parameters] in pointsman.toml, and deploy',
        )
    if reports and not routes:
        return link.warning(
            "new instances are reported, but no route configures them",
            "set `new_instances: true` on a route of this target, and deploy",
        )
    if not reports:
        return link.skipped("no route configures new instances of this target")
    return link.ok(f"new instances get the last good commit of {join_first(routes)}")
