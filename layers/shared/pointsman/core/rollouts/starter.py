"""Starting a run's build: at most one, whatever answer is lost, and no end without certainty that there is none.

A run's `asked_at` tells since when a build may exist of which nobody told. It is written before StartBuild is called,
so that a process which finds it empty knows that no call is under way, and every other has to ask CodeBuild first.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from pointsman.core.model import Rollout, Run, RunState, TargetQueue
from pointsman.core.ports import BuildReport, Builds, RolloutStore, Transition
from pointsman.core.rollouts.transitions import asking, delayed, end, no_build, started
from pointsman.core.rollouts.unresponsive_regions import ResponsiveBuilds
from pointsman.errors import BuildDelayed, BuildRefused, Conflict, Unavailable

# CodeBuild honours an idempotency token for 5 minutes. Of these a call with all its retries may take one, and clocks
# may differ by another: past this age an unanswered start is looked for first.
# https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
TOKEN_TRUSTED_FOR = timedelta(minutes=3)


class Starter:
    """Starts builds; the run that it is given is as stored, and the transition that it gives is still to be written."""

    def __init__(self, store: RolloutStore, builds: Builds, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self.builds = ResponsiveBuilds(builds, clock)

    def start(self, rollout: Rollout, run: Run, queue: TargetQueue, is_first: bool) -> Transition | None:
        """Ask for the build of `run`; None when it has to wait, and why is stored.

        `is_first`: the caller has taken the lane itself, so that nobody has asked before. Raises Unavailable when the
        region does not answer, and Conflict when another process moved the run.
        """
        certain = is_first or run.start_requested_at is None  # that no earlier call made a build
        if silence := self.builds.silence(run.target):
            self._put_off(rollout, run, silence, may_exist=not certain)
            raise Unavailable(silence)
        fresh = run.start_requested_at is not None and self._clock() - run.start_requested_at <= TOKEN_TRUSTED_FOR
        if not (certain or fresh):
            return self._look_for(rollout, run)
        if not (is_first and fresh):
            run = self._mark(run, certain)
        return self._ask_for(rollout, run, queue, certain)

    def _mark(self, run: Run, certain: bool) -> Run:
        transition = asking(run.model_copy(update={"start_requested_at": None}) if certain else run, self._clock())
        self._store.commit(transition)
        return transition.runs[0].model_copy(update={"version": run.version + 1})

    def _ask_for(self, rollout: Rollout, run: Run, queue: TargetQueue, certain: bool) -> Transition | None:
        try:
            report = self.builds.start(rollout, run)
        except BuildRefused as refusal:
            return self._refused(rollout, run, queue, str(refusal), certain)
        except BuildDelayed as delay:
            self._put_off(rollout, run, str(delay), may_exist=not certain)
            return None
        except Unavailable as silence:
            self._put_off(rollout, run, str(silence), may_exist=True)
            raise
        return started(rollout, run, report, self._clock())

    def _refused(self, rollout: Rollout, run: Run, queue: TargetQueue, reason: str, certain: bool) -> Transition | None:
        """The end of a refused run; unless an earlier call, whose answer was lost, has made its build, or may have."""
        try:
            found = self.builds.find(run)
        except (BuildRefused, BuildDelayed, Unavailable) as failure:
            if not certain:
                self._put_off(rollout, run, f"{reason}; an earlier call went unanswered, and {failure}", may_exist=True)
                return None
            found = None
        if found:
            return started(rollout, run, found, self._clock())
        return end(rollout, run, queue, RunState.REFUSED, reason, self._clock())

    def _look_for(self, rollout: Rollout, run: Run) -> Transition | None:
        """The build that an unanswered call made; or that it made none, which alone allows another call."""
        try:
            found: BuildReport | None = self.builds.find(run)
        except (BuildRefused, BuildDelayed) as failure:
            self._put_off(rollout, run, str(failure), may_exist=True)
            return None
        except Unavailable as silence:
            self._put_off(rollout, run, str(silence), may_exist=True)
            raise
        return started(rollout, run, found, self._clock()) if found else no_build(run)

    def _put_off(self, rollout: Rollout, run: Run, reason: str, *, may_exist: bool) -> None:
        """Store why the run has no build yet, unless that is known. Who moved the run meanwhile knows better."""
        if run.reason == reason and may_exist == (run.start_requested_at is not None):
            return
        try:
            self._store.commit(delayed(rollout, run, reason, self._clock(), may_exist=may_exist))
        except Conflict:
            return
