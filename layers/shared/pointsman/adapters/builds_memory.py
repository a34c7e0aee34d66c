"""The Builds port in memory: the twin for tests, with CodeBuild's idempotency tokens and errors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import RLock

from pointsman.core.identity import build_token
from pointsman.core.model import Mode, Rollout, RolloutId, Run, RunState, Target, TargetName
from pointsman.core.ports import BuildReport
from pointsman.errors import BuildDelayed, BuildRefused, Unavailable

# https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
TOKEN_HONOURED_FOR = timedelta(minutes=5)


type RunName = tuple[RolloutId, TargetName, int]  # with the attempt


@dataclass(frozen=True)
class _AcceptedStart:
    """A StartBuild call. Repeated in time with the same parameters, it returns the same build."""

    parameters: tuple[object, ...]
    arn: str
    at: datetime


class MemoryBuilds:
    """Builds in a dictionary. Each set or mapping of targets causes a fault."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.refuses: dict[str, str] = {}  # StartBuild and BatchGetBuilds are refused, with this reason
        self.closed: dict[str, str] = {}  # AssumeRole is refused, and so is every call
        self.throttles: dict[str, str] = {}  # StartBuild is throttled or over a quota
        self.silent: set[str] = set()  # no answer
        self.loses_answers: set[str] = set()  # StartBuild succeeds, but its answer is lost
        self.left_out: set[str] = set()  # builds that BatchGetBuilds does not return
        self.started: list[RunName] = []
        self.stopped: list[str] = []
        self.builds: dict[str, BuildReport] = {}
        self.calls: list[tuple[str, int]] = []  # account and region of each `report` call, and its number of builds
        self._clock = clock
        self._lock = RLock()
        self._by_token: dict[str, _AcceptedStart] = {}
        self._by_run: dict[RunName, str] = {}

    def start(self, rollout: Rollout, run: Run) -> BuildReport:
        """See Builds.start."""
        self._assume_role(run.target)
        if reason := self.refuses.get(run.target.name):
            raise BuildRefused(reason)
        if reason := self.throttles.get(run.target.name):
            raise BuildDelayed(reason)
        token = build_token(run.rollout, run.target.name, run.attempt)
        with self._lock:
            accepted = self._by_token.get(token)
            if accepted is None or self._clock() - accepted.at >= TOKEN_HONOURED_FOR:
                accepted = self._by_token[token] = _AcceptedStart(
                    _parameters(rollout, run), self._new(run), self._clock()
                )
            if accepted.parameters != _parameters(rollout, run):
                raise BuildRefused("InvalidInputException: the idempotency token was used with other parameters")
            if run.target.name in self.loses_answers:
                raise Unavailable(f"{run.target.name}: the answer was lost")
            return self.builds[accepted.arn]

    def stop(self, target: Target, arn: str) -> None:
        """See Builds.stop. The build ends when a test lets it."""
        self._assume_role(target)
        if reason := self.refuses.get(target.name):
            raise BuildRefused(reason)
        with self._lock:
            self.stopped.append(arn)

    def find(self, run: Run) -> BuildReport | None:
        """See Builds.find."""
        self._assume_role(run.target)
        with self._lock:
            arn = self._by_run.get(_name_of(run))
            return self.builds.get(arn) if arn else None

    def report(self, target: Target, arns: Sequence[str]) -> list[BuildReport]:
        """See Builds.report."""
        self._assume_role(target)
        if reason := self.refuses.get(target.name):
            raise BuildRefused(reason)
        with self._lock:
            self.calls.append((f"{target.account_id}/{target.region}", len(arns)))
            return [self.builds[arn] for arn in arns if arn in self.builds and arn not in self.left_out]

    def _assume_role(self, target: Target) -> None:
        if target.name in self.silent:
            raise Unavailable(f"{target.name} does not answer")
        if reason := self.closed.get(target.name):
            raise BuildRefused(reason)

    def finish(self, arn: str, state: RunState, reason: str = "") -> BuildReport:
        """Let a build end; return its report."""
        update = {"state": state, "reason": reason, "ended_at": self._clock()}
        with self._lock:
            ended = self.builds[arn] = self.builds[arn].replace(**update)
            return ended

    def _new(self, run: Run) -> str:
        project = "pointsman-check" if run.mode is Mode.CHECK else "pointsman"
        arn = f"arn:aws:codebuild:{run.target.region}:{run.target.account_id}:build/{project}:{len(self.builds):08d}"
        self.builds[arn] = BuildReport(arn=arn, state=RunState.RUNNING, started_at=self._clock())
        self.started.append(_name_of(run))
        self._by_run[_name_of(run)] = arn
        return arn


def _name_of(run: Run) -> RunName:
    return run.rollout, run.target.name, run.attempt


def _parameters(rollout: Rollout, run: Run) -> tuple[object, ...]:
    """The parameters of a StartBuild call."""
    spec = rollout.spec.replace(targets=())  # the rollout may get more targets
    return rollout.change.repository, rollout.change.after, spec, run.target, run.attempt, run.hosts
