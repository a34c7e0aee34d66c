"""Start a run's build: at most one, even if answers are lost, and never give up a run that may have a build.

A run's `start_requested_at` says since when a build may exist that is not recorded. It is written before StartBuild is
called. A process that finds it empty knows that no call is in progress; otherwise it has to search CodeBuild first.

This is the retry by a later pass of the engine. The retries of one call are in `adapters/builds_codebuild.py`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from pointsman.core.model import Rollout, Run, RunState, TargetQueue
from pointsman.core.ports import BuildReport, Builds, RolloutStore, Transition
from pointsman.core.rollout_facts import Backoff
from pointsman.core.rollouts.ending import Ending, ending_of
from pointsman.core.rollouts.transitions import (
    delayed,
    end,
    no_build,
    requesting_start,
    started,
    stop_requested,
)
from pointsman.core.rollouts.unresponsive_regions import ResponsiveBuilds
from pointsman.errors import BuildDelayed, BuildRefused, Conflict, Unavailable

# CodeBuild honours an idempotency token for 5 minutes. A call with its retries may take one minute of them, and clocks
# may differ by another. After this time the engine first searches for the build of an unanswered start.
# https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
TOKEN_TRUSTED_FOR = timedelta(minutes=3)
# A call that began within that time may still be in progress, and no later call will have the same token.
CALL_MAY_LAST = timedelta(minutes=2)

# A region that does not answer is asked again by the next sweep, then after 5, 10, 20 and 40 minutes, then every hour.
# Sweeps come every 5 minutes, so each pause ends a little before one.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (0, 4, 9, 19, 39, 59))


class Starter:
    """Starts builds of stored runs. It returns transitions; the caller writes them."""

    def __init__(self, store: RolloutStore, builds: Builds, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self.builds = ResponsiveBuilds(builds, clock)

    def start(self, rollout: Rollout, run: Run, queue: TargetQueue, is_first: bool) -> Transition | None:
        """Start the build of `run`. Return None if it has to wait; the reason is then stored.

        `is_first`: the caller has just acquired the target, so there was no call before. Raises Unavailable if the
        region does not answer, and Conflict if another process changed the run.
        """
        certain = is_first or run.start_requested_at is None  # no earlier call can have made a build
        if reason := self.builds.unresponsive(run.target):
            self._delay(rollout, run, reason, may_exist=not certain, is_down=True)
            raise Unavailable(reason)
        if ending := ending_of(rollout):
            return self._end(rollout, run, queue, ending, certain=certain)
        fresh = self._requested_within(run, TOKEN_TRUSTED_FOR)
        if not (certain or fresh):
            return self._search(rollout, run)
        if not (is_first and fresh):
            run = self._mark(run, certain)
        return self._call_start(rollout, run, queue, certain)

    def _end(
        self, rollout: Rollout, run: Run, queue: TargetQueue, ending: Ending, *, certain: bool
    ) -> Transition | None:
        """End the run if it certainly has no build. It is unknown while an earlier call may still be in progress."""
        if certain:
            return end(rollout, run, queue, ending.state, ending.reason, self._clock())
        if self._requested_within(run, TOKEN_TRUSTED_FOR + CALL_MAY_LAST):
            self._delay(rollout, run, f"{ending.reason}; it is not known yet whether its build began", may_exist=True)
            return None
        return self._search(rollout, run)

    def _requested_within(self, run: Run, time: timedelta) -> bool:
        return run.start_requested_at is not None and self._clock() - run.start_requested_at <= time

    def stop(self, run: Run) -> Transition | None:
        """Ask CodeBuild to stop the build of `run`. That is stored first, so that its end can be told from a failure.

        The engine asks again until the build has ended. Raises Unavailable if the region does not answer, and Conflict.
        """
        self._store.commit(asked := stop_requested(run, self._clock()))
        try:
            self.builds.stop(run.target, str(run.build_arn))
        except (BuildRefused, BuildDelayed) as failure:
            reason = f"it has to stop, but CodeBuild does not stop it: {failure}"
            return Transition(runs=(asked.runs[0].replace(version=run.version + 1, reason=reason),))
        return None

    def _mark(self, run: Run, certain: bool) -> Run:
        transition = requesting_start(run.replace(start_requested_at=None) if certain else run, self._clock())
        self._store.commit(transition)
        return transition.runs[0].replace(version=run.version + 1)

    def _call_start(self, rollout: Rollout, run: Run, queue: TargetQueue, certain: bool) -> Transition | None:
        try:
            report = self.builds.start(rollout, run)
        except BuildRefused as refusal:
            return self._refused(rollout, run, queue, str(refusal), certain)
        except BuildDelayed as failure:
            self._delay(rollout, run, str(failure), may_exist=not certain)
            return None
        except Unavailable as failure:
            self._delay(rollout, run, str(failure), may_exist=True, is_down=True)
            raise
        return started(rollout, run, report, self._clock())

    def _refused(self, rollout: Rollout, run: Run, queue: TargetQueue, reason: str, certain: bool) -> Transition | None:
        """End a refused run, unless an earlier call without an answer has made its build, or may have."""
        try:
            report = self.builds.find(run)
        except (BuildRefused, BuildDelayed, Unavailable) as failure:
            if not certain:
                self._delay(
                    rollout,
                    run,
                    f"{reason}; an earlier call got no answer, and its build can't be searched for: {failure}",
                    may_exist=True,
                )
                return None
            report = None
        if report:
            return started(rollout, run, report, self._clock())
        return end(rollout, run, queue, RunState.REFUSED, reason, self._clock())

    def _search(self, rollout: Rollout, run: Run) -> Transition | None:
        """Find the build of a call that got no answer. Only if there certainly is none, another call is allowed."""
        try:
            report: BuildReport | None = self.builds.find(run)
        except (BuildRefused, BuildDelayed) as failure:
            self._delay(rollout, run, str(failure), may_exist=True)
            return None
        except Unavailable as failure:
            self._delay(rollout, run, str(failure), may_exist=True, is_down=True)
            raise
        return started(rollout, run, report, self._clock()) if report else no_build(run)

    def _delay(self, rollout: Rollout, run: Run, reason: str, *, may_exist: bool, is_down: bool = False) -> None:
        """Store why the run has no build yet. If another process has changed the run, its reason stands.

        `is_down`: the region did not answer, and is asked again after a pause that grows.
        """
        now = self._clock()
        backoff = longer(run.backoff, now) if is_down else None
        is_known = run.reason == reason and may_exist == (run.start_requested_at is not None)
        if is_known and backoff == run.backoff:
            return
        try:
            self._store.commit(delayed(rollout, run.replace(backoff=backoff), reason, now, may_exist=may_exist))
        except Conflict:
            return


def longer(backoff: Backoff | None, now: datetime) -> Backoff:
    """The pause after one more failure."""
    failures = backoff.failures + 1 if backoff else 1
    return Backoff(failures=failures, until=now + PAUSES[min(failures, len(PAUSES)) - 1])
