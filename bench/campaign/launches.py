"""Simulates EC2: instances that come up, also again, with events that are late or doubled."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bench.campaign.clock import Timeline
from bench.campaign.pushes import ROUTES, TARGETS, a_target
from pointsman.core.model import RolloutId, RolloutSpec, TargetName
from pointsman.core.ports import FoundInstance
from pointsman.core.rollouts.engine import Engine
from pointsman.core.rollouts.new_instances import InstanceRoute
from pointsman.core.run_request import InstanceLaunch

INSTANCES = 12


@dataclass(frozen=True)
class SimulatedEvent:
    """EC2's event, which says that an instance came up."""

    target: TargetName
    launch: InstanceLaunch


class Launches:
    """Plans an episode's launches. `launched` is called for each, and `event` for each event."""

    def __init__(
        self,
        chance: random.Random,
        time: Timeline,
        launched: Callable[[SimulatedEvent], None],
        event: Callable[[SimulatedEvent], None],
    ) -> None:
        self._chance, self._time, self._launched, self._event = chance, time, launched, event
        self._newest: dict[str, InstanceLaunch] = {}

    def plan(self, count: int, seconds: float) -> None:
        """Schedule every launch; some come in one second, as from an Auto Scaling group."""
        for number in range(count):
            moment = self._chance.uniform(600, seconds)
            for offset in range(self._chance.choice((1, 1, 1, 4))):
                instance = f"i-{(number + offset) % INSTANCES:017x}"
                self._time.after(moment, lambda each=instance: self._launch(each))  # type: ignore[misc]

    def take(self, engine: Engine, event: SimulatedEvent) -> None:
        """Handle an event as start_build does: EC2 describes the newest launch of the instance."""
        launch = self._newest[event.launch.instance].replace(up_at=event.launch.up_at)
        found = FoundInstance(
            id=launch.instance, state="running", is_managed=True, launched_at=launch.launched_at, name="web"
        )
        engine.instance_launched(launch, found, [_route(name, event.target) for name in ROUTES])

    def _launch(self, instance: str) -> None:
        now = self._time.now
        before = self._newest.get(instance)
        if before and now - before.launched_at < timedelta(hours=1):
            return  # the engine does not configure it again so soon
        target = TargetName(TARGETS[int(instance.removeprefix("i-"), 16) % len(TARGETS)])
        launch = InstanceLaunch(instance=instance, launched_at=now - timedelta(seconds=20), up_at=now)
        self._newest[instance] = launch
        event = SimulatedEvent(target, launch)
        self._launched(event)
        late = self._chance.uniform(60, 3600) if self._chance.random() < 0.1 else 2.0
        for _ in range(2 if self._chance.random() < 0.2 else 1):
            self._time.after(self._chance.uniform(1, late), lambda: self._event(event))


def _route(name: str, target: TargetName) -> InstanceRoute:
    spec = RolloutSpec(
        rollout=RolloutId(""), route=name, playbook=f"{name}.yml", when_busy=ROUTES[name], targets=(a_target(target),)
    )
    return InstanceRoute(spec=spec, serves=lambda _: True)
