"""Deliveries of routes with waves, and a world in which time passes with sweeps."""

from datetime import datetime
from typing import Any

from pointsman.core.delivery import Delivery
from pointsman.core.model import RolloutId, RunState, TargetName, WhenBusy
from pointsman.core.rollout_plan import ApprovalRule, Gate, OnFailure, RolloutPlan, Wave
from pointsman.core.routes.compiled import CompiledRoute, CompiledRoutes, Place, TargetGroup
from tests.support.events import host, playbook_ended
from tests.support.rollouts import COMMIT, MORNING, delivery, target
from tests.support.world import MemoryWorld

ALARM = "arn:aws:cloudwatch:eu-west-1:333333333333:alarm:errors"
APPROVAL = ApprovalRule(by=("kofi", "hana"), within_seconds=24 * 3600, not_author=True)
PEOPLE: dict[str, tuple[str, ...]] = {
    "hana": ("arn:aws:sts::111111111111:assumed-role/Ops/hana",),
    "kofi": ("arn:aws:sts::111111111111:assumed-role/Ops/kofi",),
    "mallory": ("arn:aws:sts::111111111111:assumed-role/Ops/mallory",),
}
KOFI, MALLORY = PEOPLE["kofi"][0], PEOPLE["mallory"][0]


def people() -> CompiledRoutes:
    """Routes that know people, and nothing else."""
    return CompiledRoutes(places=(), routes=(), people=PEOPLE)


def waved(
    *waves: tuple[str, ...],
    policies: dict[int, Wave] | None = None,
    commit: str = COMMIT,
    at: datetime = MORNING,
    on_failure: OnFailure = OnFailure.HALT,
    when_busy: WhenBusy = WhenBusy.SUPERSEDE,
    **plan: Any,
) -> Delivery:
    """A push that goes to its targets in these waves. `policies` by the wave's index."""
    targets = [name for wave in waves for name in wave]
    sent = delivery(*targets, commit=commit, name=f"d-{commit[:4]}-{at:%H%M%S}", at=at, when_busy=when_busy)
    indexes = {name: index for index, wave in enumerate(waves) for name in wave}
    listed = tuple((policies or {}).get(index, Wave()) for index in range(len(waves)))
    spec = sent.specs[0]
    spec = spec.replace(
        plan=RolloutPlan(waves=listed, on_failure=on_failure, **plan),
        targets=tuple(each.replace(wave=indexes[each.name]) for each in spec.targets),
    )
    return sent.replace(specs=(spec,))


def gated(**gate: Any) -> Wave:
    """A wave with this gate after it."""
    return Wave(after=Gate(**gate))


class WavesWorld(MemoryWorld):
    """A world in which time passes with sweeps."""

    def pass_by(self, **amount: Any) -> None:
        """Let time pass, and then sweep."""
        self.clock.pass_by(**amount)
        self.engine.sweep()

    def started(self, rollout_id: RolloutId) -> set[str]:
        """The targets on which a build of the rollout was started."""
        return {str(name) for name, run in self.runs(rollout_id).items() if run.build_arn}

    def finish_all(self, rollout_id: RolloutId, *names: str, state: RunState = RunState.SUCCEEDED) -> None:
        """Let the builds on these targets end."""
        for name in names:
            self.finish(rollout_id, TargetName(name), state)

    def report_hosts(self, rollout_id: RolloutId, name: str, statuses: dict[str, str]) -> None:
        """Let the newest build on a target report the status of each host, and the end of Ansible."""
        run = self.run(rollout_id, TargetName(name))
        about: dict[str, Any] = {"rollout": rollout_id, "attempt": run.attempt, "build_arn": run.build_arn}
        for each, status in statuses.items():
            self.trail.record(host(name, each, status=status, **about))
        self.trail.record(playbook_ended(name, **about, hosts=len(statuses)))

    def fail_hosts(self, rollout_id: RolloutId, name: str, statuses: dict[str, str]) -> None:
        """Let the build on a target report its hosts, and fail."""
        self.report_hosts(rollout_id, name, statuses)
        self.finish(rollout_id, TargetName(name), RunState.FAILED)


def site_in_two_waves(first: TargetName, second: TargetName, plan: RolloutPlan) -> CompiledRoutes:
    """The route of `delivery`, for commands that read it, with one target in each wave."""
    places = tuple(
        Place(account=each.account, account_id=each.account_id, region=each.region)
        for each in map(target, (first, second))
    )
    groups = TargetGroup(places=(0,)), TargetGroup(places=(1,), wave=1)
    site = CompiledRoute(name="site", repository=("acme/infra",), playbook="site.yml", targets=groups, plan=plan)
    return CompiledRoutes(places=places, routes=(site,), people=PEOPLE)
