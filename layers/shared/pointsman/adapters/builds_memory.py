"""The Builds port in memory: the twin for tests, with CodeBuild's idempotency and its refusals."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pointsman.core.identity import build_token
from pointsman.core.model import Rollout, Run, RunState, Target
from pointsman.core.ports import BuildReport
from pointsman.errors import BuildRefused, Unavailable


class MemoryBuilds:
    """Builds in a dictionary. `refuses` (target → reason) and `silent` (targets) play the faults."""

    def __init__(self) -> None:
        self.refuses: dict[str, str] = {}
        self.silent: set[str] = set()
        self.started: list[tuple[str, str, int]] = []
        self.builds: dict[str, BuildReport] = {}
        self._by_token: dict[str, str] = {}

    def start(self, rollout: Rollout, run: Run) -> BuildReport:
        """See Builds.start."""
        if run.target.name in self.silent:
            raise Unavailable(f"{run.target.name} does not answer")
        if reason := self.refuses.get(run.target.name):
            raise BuildRefused(reason)
        token = build_token(run.rollout, run.target.name, run.attempt)
        if token not in self._by_token:
            arn = self._arn(run.target, len(self.builds))
            self._by_token[token] = arn
            self.builds[arn] = BuildReport(arn=arn, state=RunState.RUNNING, started_at=datetime.now(UTC))
            self.started.append((run.rollout, run.target.name, run.attempt))
        return self.builds[self._by_token[token]]

    def find(self, run: Run) -> BuildReport | None:
        """See Builds.find."""
        arn = self._by_token.get(build_token(run.rollout, run.target.name, run.attempt))
        return self.builds.get(arn) if arn else None

    def report(self, target: Target, arns: Sequence[str]) -> list[BuildReport]:
        """See Builds.report."""
        if reason := self.refuses.get(target.name):
            raise BuildRefused(reason)
        return [self.builds[arn] for arn in arns if arn in self.builds]

    def finish(self, arn: str, state: RunState, reason: str = "") -> BuildReport:
        """Let a build end; its report."""
        ended = self.builds[arn].model_copy(update={"state": state, "reason": reason, "ended_at": datetime.now(UTC)})
        self.builds[arn] = ended
        return ended

    @staticmethod
    def _arn(target: Target, number: int) -> str:
        return f"arn:aws:codebuild:{target.region}:{target.account_id}:build/pointsman:{number:08d}"
