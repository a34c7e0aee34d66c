"""Regions that did not answer are not called for some minutes, so that each costs its time-outs once."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from pointsman.core.model import Rollout, Run, Target
from pointsman.core.ports import BuildReport, Builds
from pointsman.errors import Unavailable

PAUSE = timedelta(minutes=4)  # less than from one sweep to the next


class ResponsiveBuilds:
    """The Builds port. It does not call an account and region that just failed to answer."""

    def __init__(self, builds: Builds, clock: Callable[[], datetime]) -> None:
        self._builds = builds
        self._clock = clock
        self._unresponsive: dict[tuple[str, str], tuple[datetime, str]] = {}

    def forget(self) -> None:
        """Call every region again."""
        self._unresponsive.clear()

    def unresponsive(self, target: Target) -> str | None:
        """Why the region of `target` is not called now; None if it may be called."""
        since, reason = self._unresponsive.get(_region(target), (None, ""))
        if since is None or self._clock() - since > PAUSE:
            return None
        return reason

    def start(self, rollout: Rollout, run: Run) -> BuildReport:
        """See Builds.start."""
        return self._call(run.target, lambda: self._builds.start(rollout, run))

    def stop(self, target: Target, arn: str) -> None:
        """See Builds.stop."""
        self._call(target, lambda: self._builds.stop(target, arn))

    def find(self, run: Run) -> BuildReport | None:
        """See Builds.find."""
        return self._call(run.target, lambda: self._builds.find(run))

    def report(self, target: Target, arns: Sequence[str]) -> list[BuildReport]:
        """See Builds.report."""
        return self._call(target, lambda: self._builds.report(target, arns))

    def _call[Answer](self, target: Target, call: Callable[[], Answer]) -> Answer:
        if reason := self.unresponsive(target):
            raise Unavailable(reason)
        try:
            return call()
        except Unavailable as failure:
            self._unresponsive[_region(target)] = (self._clock(), str(failure))
            raise


def _region(target: Target) -> tuple[str, str]:
    return target.account_id, target.region
