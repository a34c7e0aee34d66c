"""Checks what really ran on new instances: each gets a commit that succeeded, never an older one over a newer one."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from bench.campaign.codebuild import SimulatedBuild
from bench.campaign.launches import SimulatedEvent
from bench.campaign.pushes import REPOSITORY
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.identity import rollout_id
from pointsman.core.model import Mode, RolloutId, RunState, TargetName
from pointsman.core.trail.events import RolloutStarted
from pointsman.core.trail.instance_events import InstanceDecided, InstancesSkipped

# A build reads its inventory when it has its container and its packages.
INVENTORY_AFTER = timedelta(seconds=90)

type Settled = set[tuple[str, str, str]]


@dataclass
class InstanceOracle:
    """Knows each launch and each build. `number` has the newest push of a rollout."""

    number: Callable[[RolloutId], int]
    broken: list[str] = field(default_factory=list)
    _builds: list[SimulatedBuild] = field(default_factory=list)
    _launches: dict[TargetName, list[SimulatedEvent]] = field(default_factory=lambda: defaultdict(list))
    runs: int = 0

    def launched(self, event: SimulatedEvent) -> None:
        """An instance came up. What it had before counts for nothing: it missed what was pushed since."""
        others = [each for each in self._launches[event.target] if each.launch.instance != event.launch.instance]
        self._launches[event.target] = [*others, event]

    def build_began(self, build: SimulatedBuild) -> None:
        """A build began; on instances, its commit must have succeeded on this target, and be no older one."""
        if build.request:
            self.runs += 1
            self.broken += self._of_request(build)
        self._builds.append(build)

    def _of_request(self, build: SimulatedBuild) -> Iterator[str]:
        mine = [each for each in self._builds if not each.request and _place(each) == _place(build)]
        if not any(each.commit == build.commit and each.state is RunState.SUCCEEDED for each in mine):
            yield f"instances: {build.commit[:7]} did not succeed on {build.run.target.name} before"
        up_at = {each.launch.instance: each.launch.up_at for each in self._launches[build.run.target.name]}
        for instance in build.request.instances if build.request else ():
            reached = [each for each in mine if up_at[instance] <= each.began + INVENTORY_AFTER]
            newest = max((self._number(each) for each in reached), default=0)
            if self._number(build) < newest:
                yield f"old over new: push {self._number(build)} on {instance}, which has push {newest}"

    def _number(self, build: SimulatedBuild) -> int:
        return self.number(rollout_id(REPOSITORY, build.run.route, build.commit, Mode.APPLY))

    def check(self, trail: MemoryTrail, waiting: list[str]) -> None:
        """Check at the end: every instance has its run, or the trail says why not."""
        self.broken += [f"stuck: new instances wait for {name}" for name in waiting]
        promised: Settled = set()
        settled: Settled = set()
        for event in trail.all():
            match event:
                case InstanceDecided():
                    promised |= {
                        (event.instance_id, each.route, event.target or "") for each in event.decisions if each.runs
                    }
                case InstancesSkipped():
                    settled |= {(each, event.route or "", event.target or "") for each in event.instances}
                case RolloutStarted() if event.request:
                    settled |= {(each, event.route or "", event.targets[0]) for each in event.request.instances}
        self.broken += [f"lost: {instance} has no run of {route}" for instance, route, _ in promised - settled]
        decided = {event.instance_id for event in trail.all() if isinstance(event, InstanceDecided)}
        launched = {event.launch.instance for events in self._launches.values() for event in events}
        self.broken += [f"lost: nothing was decided for {instance}" for instance in launched - decided]


def _place(build: SimulatedBuild) -> tuple[str, TargetName]:
    return build.run.route, build.run.target.name
