"""A world in which routes check for drift: what hosts would change in a check, and what is recorded of it."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from pointsman.core.drift import TargetDrift
from pointsman.core.identity import route_key
from pointsman.core.model import Mode, Rollout, RolloutId, RunState, TargetName
from pointsman.core.rollouts.drift_checks import DriftChecks
from pointsman.core.routes.check import check_routes
from pointsman.core.routes.compile import compile_routes
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.core.run_request import Trigger
from pointsman.core.trail.drift_events import DriftDetected, DriftResolved
from pointsman.core.trail.events import HostResultRecorded, PlaybookEnded
from pointsman.core.trail.host_values import HostCounts, TaskResult
from tests.support.rollouts import ACCOUNT_IDS, COMMIT, MORNING, delivery
from tests.support.world import DEV, MemoryWorld, TableWorld

DAY = 24 * 3600
IDLE = "idle"  # no task ran on the host
KEY = route_key(186853002, "site")


def drift_routes(
    *names: str, regions: Iterable[str] = ("eu-west-1",), targets: str = "dev/*", seconds: int | None = DAY
) -> CompiledRoutes:
    """Routes with these names that check for drift."""
    rules = [
        {
            "name": name,
            "repository": "acme/infra",
            "on": {"push": {"branches": ["main"]}},
            "targets": targets,
            "playbook": "site.yml",
        }
        for name in names or ("site",)
    ]
    checked, errors = check_routes({"accounts": ACCOUNT_IDS, "regions": list(regions), "routes": rules})
    assert checked, errors
    compiled = compile_routes(checked)
    return replace(compiled, routes=tuple(replace(route, drift_seconds=seconds) for route in compiled.routes))


def task(name: str, *, status: str = "changed") -> TaskResult:
    return TaskResult(
        name=name, path="roles/web/tasks/main.yml:3", action="ansible.builtin.copy", status=status, duration_seconds=0.1
    )


class DriftSide[AWorld: (MemoryWorld, TableWorld)]:
    """The checks of a world, and what they find."""

    def __init__(self, world: AWorld, routes: CompiledRoutes | None = None) -> None:
        self.world: AWorld = world
        self.routes = routes or drift_routes()

    @cached_property
    def checks(self) -> DriftChecks:
        world = self.world
        return DriftChecks(world.store, world.trail, lambda: self.routes, world.engine.reconcile, world.clock)

    def apply(self, *targets: TargetName, commit: str = COMMIT, state: RunState = RunState.SUCCEEDED) -> RolloutId:
        """A commit is pushed now, and ends on its targets."""
        pushed = delivery(*(targets or (DEV,)), commit=commit, at=self.world.clock(), name=f"d-{commit[:4]}")
        rollout: RolloutId = self.world.push(pushed)
        for name in targets or (DEV,):
            self.world.finish(rollout, name, state)
        self.world.later()
        return rollout

    def sweep(self) -> None:
        self.checks.sweep(lambda: False)

    def check(self) -> Rollout:
        """A day passes, and the check that is then due starts."""
        before = {rollout.id for rollout in self.rollouts()}
        self.world.clock.pass_by(days=1)
        self.sweep()
        [rollout] = [rollout for rollout in self.rollouts() if rollout.id not in before]
        return rollout

    def rollouts(self) -> list[Rollout]:
        """The checks that were started, in their order."""
        started = [self.world.rollout(each) for each in dict.fromkeys(name for name, _, _ in self.world.builds.started)]
        return [each for each in started if each.request and each.request.trigger is Trigger.DRIFT]

    def end(
        self,
        rollout: Rollout,
        hosts: Mapping[str, Iterable[str] | str],
        target: TargetName = DEV,
        state: RunState = RunState.SUCCEEDED,
    ) -> None:
        """A check ends with these results, and the sweep sees them: tasks that would change, or a status."""
        self.report(rollout, hosts, target)
        self.world.finish(rollout.id, target, state, "Ansible failed" if state is RunState.FAILED else "")
        self.sweep()

    def report(
        self,
        rollout: Rollout,
        hosts: Mapping[str, Iterable[str] | str],
        target: TargetName = DEV,
        *,
        ends: bool = True,
        count: int | None = None,
        cut_off: tuple[str, ...] = (),
    ) -> None:
        """Host results arrive in the trail and, if it `ends`, that Ansible has ended with `count` results."""
        for host, of_host in hosts.items():
            self.world.trail.record(self.host_result(rollout, host, of_host, target))
        if ends:
            end = PlaybookEnded(
                **self._about(rollout, target),
                mode=Mode.CHECK,
                exit_status=0,
                hosts=len(hosts) if count is None else count,
                hosts_cut_off=cut_off,
                hosts_cut_off_total=len(cut_off),
                started_at=MORNING,
                ended_at=self.world.clock(),
            )
            self.world.trail.record(end)

    def host_result(
        self, rollout: Rollout, host: str, of_host: Iterable[str] | str, target: TargetName = DEV
    ) -> HostResultRecorded:
        tasks = () if isinstance(of_host, str) else tuple(task(name) for name in of_host)
        return HostResultRecorded(
            **self._about(rollout, target),
            host=host,
            mode=Mode.CHECK,
            status="ok" if of_host == IDLE else of_host if isinstance(of_host, str) else "changed" if tasks else "ok",
            counts=HostCounts() if of_host == IDLE else HostCounts(ok=3, changed=len(tasks)),
            tasks=tasks,
            started_at=self.world.clock() - timedelta(minutes=1),
            ended_at=self.world.clock(),
        )

    def _about(self, rollout: Rollout, target: TargetName) -> dict[str, Any]:
        run = self.world.run(rollout.id, target)
        return {
            "at": self.world.clock(),
            "actor": rollout.actor,
            "repository": rollout.change.repository,
            "commit": rollout.change.after,
            "route": rollout.spec.route,
            "rollout": rollout.id,
            "target": target,
            "attempt": run.attempt,
            "build_arn": run.build_arn,
        }

    def record(self, target: TargetName = DEV) -> TargetDrift:
        """What is known of a target."""
        record: TargetDrift
        [record] = [each for each in self.world.store.drifts() if each.target == target]
        return record

    def events(self, rollout: Rollout) -> list[DriftDetected | DriftResolved]:
        """The events that a check led to."""
        return [each for each in self.world.events(rollout.id) if isinstance(each, DriftDetected | DriftResolved)]
