"""An EC2 instance came up: whether it is one of Pointsman's, and which routes configure it.

EC2's event names an instance, and nobody but EC2 can send it. Everything else is asked of EC2, in the account that the
event came from.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pointsman.core.model import RolloutId, Target
from pointsman.core.ports import FoundInstance, Instances
from pointsman.core.rollouts.engine import Engine
from pointsman.core.rollouts.new_instances import OLDEST_LAUNCH, InstanceRoute
from pointsman.core.routes.compiled import CompiledRoute, CompiledRoutes
from pointsman.core.routing.decide import rollout_spec, without_plan
from pointsman.core.run_request import InstanceLaunch
from pointsman.errors import Unavailable

# EC2's answers may lag behind its events.
# https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
VISIBLE_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True)
class InstanceIntake:
    """Takes the events of instances that came up."""

    engine: Engine
    instances: Instances
    routes: Callable[[], CompiledRoutes]
    clock: Callable[[], datetime]

    def take(self, account_id: str, region: str, instance_id: str, up_at: datetime) -> str:
        """Let the routes of its target configure an instance; return what was done, for the log.

        Raises Unavailable if EC2 does not answer or does not know the instance yet, and what the engine raises.
        """
        routes = self._routes_for(account_id, region)
        if not routes:
            return "no route configures new instances there"
        found = self.instances.find(account_id, region, instance_id)
        if found is None or found.state == "pending":
            return self._not_visible(up_at)
        if reason := self._reason_to_ignore(found):
            return reason
        launch = InstanceLaunch(instance=found.id, launched_at=found.launched_at, up_at=up_at)
        self.engine.instance_launched(launch, found, routes)
        return "recorded"

    def _routes_for(self, account_id: str, region: str) -> list[InstanceRoute]:
        routes = self.routes()
        return [
            _instance_route(routes, route, target) for route, target in routes.for_new_instances(account_id, region)
        ]

    def _not_visible(self, up_at: datetime) -> str:
        if self.clock() - up_at < VISIBLE_WITHIN:
            raise Unavailable("EC2 does not show the instance as running yet")
        return "EC2 does not know the instance"

    def _reason_to_ignore(self, found: FoundInstance) -> str | None:
        if not found.is_managed:
            return "it has no tag pointsman:managed=true"
        if found.state != "running":
            return f"it is {found.state} by now"
        if self.clock() - found.launched_at > OLDEST_LAUNCH:
            return "it came up more than a day ago: the event is a replay"
        return None


def _instance_route(routes: CompiledRoutes, route: CompiledRoute, target: Target) -> InstanceRoute:
    """A route for one new instance. It gets what its neighbours have, so no wave and no freeze delays it."""
    spec = without_plan(rollout_spec(route, RolloutId(""), (target,)))
    return InstanceRoute(
        spec=spec.replace(plan=route.plan.freezes_only() if route.plan else None),
        serves=lambda repository: route in routes.of_repository(repository),
    )
