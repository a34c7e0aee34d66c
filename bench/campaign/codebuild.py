"""CodeBuild as it is documented, for the engine by its port and for the oracle by what really ran.

Documented: an idempotency token holds for 5 minutes; BatchGetBuilds may leave builds out; events are best effort: they
come in any order, late, twice or never.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.campaign.clock import Timeline
from bench.campaign.faults import FaultInjector
from pointsman.core.identity import build_token
from pointsman.core.model import Rollout, Run, RunState, Target
from pointsman.core.ports import BuildReport
from pointsman.errors import BuildDelayed, BuildRefused, Unavailable

TOKEN_HOLDS = timedelta(minutes=5)
ENDS = (RunState.SUCCEEDED, RunState.SUCCEEDED, RunState.FAILED, RunState.STOPPED, RunState.TIMED_OUT)


@dataclass
class SimulatedBuild:
    """What really ran."""

    arn: str
    run: Run
    began: datetime
    state: RunState = RunState.RUNNING
    ended: datetime | None = None
    deleted: bool = False

    @property
    def live(self) -> bool:
        """Whether it runs, or waits to."""
        return self.ended is None

    @property
    def report(self) -> BuildReport:
        """CodeBuild's word on it."""
        return BuildReport(arn=self.arn, state=self.state, started_at=self.began, ended_at=self.ended)


class SimulatedCodeBuild:
    """The Builds port. `created` hears of each build, `event` of what EventBridge brings."""

    def __init__(
        self,
        time: Timeline,
        faults: FaultInjector,
        created: Callable[[SimulatedBuild], None],
        event: Callable[[SimulatedBuild, RunState], None],
    ) -> None:
        self.builds: dict[str, SimulatedBuild] = {}
        self.silent: dict[str, datetime] = {}  # region, until when
        self.refuses: dict[str, datetime] = {}
        self._time, self._faults, self._created, self._event = time, faults, created, event
        self._tokens: dict[str, tuple[SimulatedBuild | None, datetime]] = {}

    def start(self, rollout: Rollout, run: Run) -> BuildReport:
        """See Builds.start."""
        self._enter(run.target)
        if self._refused(run.target):
            raise BuildRefused(f"{run.target.name} refuses")
        if self._faults.happens("throttle"):
            raise BuildDelayed("ThrottlingException")
        if self._faults.happens("late_start"):
            self._time.after(self._faults.random.uniform(1, 30), lambda: self._carry_out(run))
            raise Unavailable("timed out; it is carried out later")
        build = self._faults.effect(lambda: self._once(run))
        if self._faults.happens("lost_answer"):
            raise Unavailable("the answer was lost")
        return build.report

    def find(self, run: Run) -> BuildReport | None:
        """See Builds.find."""
        self._enter(run.target)
        if self._refused(run.target):
            raise BuildRefused(f"{run.target.name} refuses")
        if self._faults.happens("throttle"):
            raise BuildDelayed("ThrottlingException")
        mine = [each for each in self.builds.values() if _name(each.run) == _name(run) and not each.deleted]
        return mine[-1].report if mine else None

    def report(self, target: Target, arns: Sequence[str]) -> list[BuildReport]:
        """See Builds.report."""
        self._enter(target)
        if self._refused(target):
            raise BuildRefused(f"{target.name} refuses")
        known = [self.builds[arn] for arn in arns if arn in self.builds and not self.builds[arn].deleted]
        return [build.report for build in known if not self._faults.happens("forgotten")]

    def _enter(self, target: Target) -> None:
        if self._faults.on and self._time.now < self.silent.get(target.region, self._time.now):
            raise Unavailable(f"{target.region} does not answer")

    def _refused(self, target: Target) -> bool:
        return self._faults.on and self._time.now < self.refuses.get(target.region, self._time.now)

    def _carry_out(self, run: Run) -> None:
        self._once(run)

    def _once(self, run: Run) -> SimulatedBuild:
        token = build_token(run.rollout, run.target.name, run.attempt)
        known, since = self._tokens.get(token, (None, self._time.now))
        if known and self._time.now - since < TOKEN_HOLDS:
            return known
        build = self._new(run)
        self._tokens[token] = (build, self._time.now)
        return build

    def _new(self, run: Run) -> SimulatedBuild:
        target, project = run.target, "pointsman"
        arn = f"arn:aws:codebuild:{target.region}:{target.account_id}:build/{project}:{len(self.builds):08d}"
        build = self.builds[arn] = SimulatedBuild(arn, run, self._time.now)
        self._created(build)
        random = self._faults.random
        queued = random.uniform(0, 120)
        self._time.after(queued, lambda: self._tell(build, RunState.RUNNING))
        self._time.after(queued + random.uniform(60, 2400), lambda: self._end(build))
        return build

    def _end(self, build: SimulatedBuild) -> None:
        build.state, build.ended = self._faults.random.choice(ENDS), self._time.now
        self._tell(build, build.state)
        if self._faults.happens("deleted"):
            self._time.after(self._faults.random.uniform(1, 3600), lambda: setattr(build, "deleted", True))

    def _tell(self, build: SimulatedBuild, state: RunState) -> None:
        """CodeBuild's event: sometimes none, sometimes two, sometimes hours later."""
        if self._faults.happens("event_lost"):
            return
        late = self._faults.random.uniform(60, 10_800) if self._faults.happens("event_late") else 2.0
        for _ in range(2 if self._faults.happens("event_doubled") else 1):
            self._time.after(self._faults.random.uniform(1, late), lambda: self._event(build, state))


def _name(run: Run) -> tuple[str, str, int]:
    return run.rollout, run.target.name, run.attempt
