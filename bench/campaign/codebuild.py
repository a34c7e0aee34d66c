"""CodeBuild as documented: the engine uses its port, and the oracle sees what really ran.

Documented: an idempotency token is valid for 5 minutes; BatchGetBuilds may leave builds out; events are best effort:
they arrive in any order, late, twice or never.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.campaign.clock import Timeline
from bench.campaign.faults import FaultInjector
from pointsman.core.identity import build_token
from pointsman.core.model import Rollout, Run, RunState, Target
from pointsman.core.ports import BuildReport
from pointsman.core.run_request import RunRequest
from pointsman.errors import BuildDelayed, BuildRefused, Unavailable

TOKEN_VALID_FOR = timedelta(minutes=5)
ENDS = (RunState.SUCCEEDED, RunState.SUCCEEDED, RunState.FAILED, RunState.STOPPED, RunState.TIMED_OUT)


@dataclass
class SimulatedBuild:
    """A build that really ran."""

    arn: str
    run: Run
    began: datetime
    state: RunState = RunState.RUNNING
    ended: datetime | None = None
    deleted: bool = False
    late: bool = False  # it began after a call that got no answer
    commit: str = ""
    request: RunRequest | None = None  # it runs on some instances only

    @property
    def live(self) -> bool:
        """Whether it is queued or running."""
        return self.ended is None

    @property
    def report(self) -> BuildReport:
        """CodeBuild's report on it."""
        return BuildReport(arn=self.arn, state=self.state, started_at=self.began, ended_at=self.ended)


class SimulatedCodeBuild:
    """The Builds port. It calls `created` for each new build and `event` for each EventBridge event."""

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
        self._assume_role(run.target)
        if self._refused(run.target):
            raise BuildRefused(f"{run.target.name} refuses")
        if self._faults.happens("throttle"):
            raise BuildDelayed("ThrottlingException")
        if self._faults.happens("late_start"):
            self._time.after(self._faults.random.uniform(1, 30), lambda: self._start_late(rollout, run))
            raise Unavailable("timed out; the build starts later")
        build = self._faults.effect(lambda: self._once(rollout, run))
        if self._faults.happens("lost_answer"):
            raise Unavailable("the answer was lost")
        return build.report

    def stop(self, target: Target, arn: str) -> None:
        """See Builds.stop."""
        self._assume_role(target)
        if self._faults.happens("throttle"):
            raise BuildDelayed("ThrottlingException")
        build = self.builds[arn]
        self._time.after(self._faults.random.uniform(0, 30), lambda: self._end(build, RunState.STOPPED))

    def find(self, run: Run) -> BuildReport | None:
        """See Builds.find."""
        self._assume_role(run.target)
        if self._refused(run.target):
            raise BuildRefused(f"{run.target.name} refuses")
        if self._faults.happens("throttle"):
            raise BuildDelayed("ThrottlingException")
        mine = [each for each in self.builds.values() if _name(each.run) == _name(run) and not each.deleted]
        return mine[-1].report if mine else None

    def report(self, target: Target, arns: Sequence[str]) -> list[BuildReport]:
        """See Builds.report."""
        self._assume_role(target)
        if self._refused(target):
            raise BuildRefused(f"{target.name} refuses")
        builds = [self.builds[arn] for arn in arns if arn in self.builds and not self.builds[arn].deleted]
        return [build.report for build in builds if not self._faults.happens("forgotten")]

    def _assume_role(self, target: Target) -> None:
        if self._faults.on and self._time.now < self.silent.get(target.region, self._time.now):
            raise Unavailable(f"{target.region} does not answer")

    def _refused(self, target: Target) -> bool:
        return self._faults.on and self._time.now < self.refuses.get(target.region, self._time.now)

    def _start_late(self, rollout: Rollout, run: Run) -> None:
        self._once(rollout, run, late=True)

    def _once(self, rollout: Rollout, run: Run, *, late: bool = False) -> SimulatedBuild:
        token = build_token(run.rollout, run.target.name, run.attempt)
        build, since = self._tokens.get(token, (None, self._time.now))
        if build and self._time.now - since < TOKEN_VALID_FOR:
            return build
        build = self._new(rollout, run, late=late)
        self._tokens[token] = (build, self._time.now)
        return build

    def _new(self, rollout: Rollout, run: Run, *, late: bool) -> SimulatedBuild:
        target, project = run.target, "pointsman"
        arn = f"arn:aws:codebuild:{target.region}:{target.account_id}:build/{project}:{len(self.builds):08d}"
        build = self.builds[arn] = SimulatedBuild(
            arn, run, self._time.now, late=late, commit=rollout.change.after, request=rollout.request
        )
        self._created(build)
        random = self._faults.random
        queued = random.uniform(0, 120)
        self._time.after(queued, lambda: self._send_event(build, RunState.RUNNING))
        self._time.after(queued + random.uniform(60, 2400), lambda: self._end(build))
        return build

    def _end(self, build: SimulatedBuild, state: RunState | None = None) -> None:
        if build.ended:
            return
        build.state, build.ended = state or self._faults.random.choice(ENDS), self._time.now
        self._send_event(build, build.state)
        if self._faults.happens("deleted"):
            self._time.after(self._faults.random.uniform(1, 3600), lambda: setattr(build, "deleted", True))

    def _send_event(self, build: SimulatedBuild, state: RunState) -> None:
        """Send CodeBuild's event: sometimes never, sometimes twice, sometimes hours later."""
        if self._faults.happens("event_lost"):
            return
        late = self._faults.random.uniform(60, 10_800) if self._faults.happens("event_late") else 2.0
        for _ in range(2 if self._faults.happens("event_doubled") else 1):
            self._time.after(self._faults.random.uniform(1, late), lambda: self._event(build, state))


def _name(run: Run) -> tuple[str, str, int]:
    return run.rollout, run.target.name, run.attempt
