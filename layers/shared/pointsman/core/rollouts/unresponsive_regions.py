"""Regions that did not answer are left alone for some minutes, so that each costs its time-outs once."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from pointsman.core.model import Rollout, Run, Target
from pointsman.core.ports import BuildReport, Builds
from pointsman.errors import Unavailable

LEFT_ALONE_FOR = timedelta(minutes=4)  # less than from one sweep to the next


class ResponsiveBuilds:
    """The Builds port, which calls no account and region that was silent just before."""

    def __init__(self, builds: Builds, clock: Callable[[], datetime]) -> None:
        self._builds = builds
        self._clock = clock
        self._silent: dict[tuple[str, str], tuple[datetime, str]] = {}

    def forget(self) -> None:
        """Call every region again."""
        self._silent.clear()

    def silence(self, target: Target) -> str | None:
        """Why the region of `target` is not called now; None when it may be."""
        since, reason = self._silent.get(_region(target), (None, ""))
        if since is None or self._clock() - since > LEFT_ALONE_FOR:
            return None
        return reason

    def start(self, rollout: Rollout, run: Run) -> BuildReport:
        """See Builds.start."""
        return self._call(run.target, lambda: self._builds.start(rollout, run))

    def find(self, run: Run) -> BuildReport | None:
        """See Builds.find."""
        return self._call(run.target, lambda: self._builds.find(run))

    def report(self, target: Target, arns: Sequence[str]) -> list[BuildReport]:
        """See Builds.report."""
        return self._call(target, lambda: self._builds.report(target, arns))

    def _call[Answer](self, target: Target, call: Callable[[], Answer]) -> Answer:
        if reason := self.silence(target):
            raise Unavailable(reason)
        try:
            return call()
        except Unavailable as silence:
            self._silent[_region(target)] = (self._clock(), str(silence))
            raise


def _region(target: Target) -> tuple[str, str]:
    return target.account_id, target.region
