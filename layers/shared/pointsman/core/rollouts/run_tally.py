"""Counts what is written of runs, for metrics: how they end, how long their builds take, and how long they wait.

The trail has every run. A count may miss one: if DynamoDB's answer was lost, or if the process ended before it was
published.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from pointsman.core.model import Run, RunState, TargetName
from pointsman.core.ports import Transition
from pointsman.core.trail.events import RunEnded, RunStarted


@dataclass(frozen=True)
class RunCounts:
    """What was counted."""

    ended: Mapping[RunState, int]
    failures: Mapping[str, int]  # by queue: the target's name; for checks with "#check" added
    build_seconds: Sequence[float]  # of each run that ended and had a build: from the build's start to its end
    waiting_seconds: Sequence[float]  # of each build that started: since its run joined the target's queue


@dataclass
class RunTally:
    """The runs that started or ended in transitions. Threads share it."""

    _ended: list[tuple[Run, RunEnded]] = field(default_factory=list)
    _started: list[Run] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def note(self, transition: Transition) -> None:
        """Note a transition that was written."""
        runs = {run.key: run for run in transition.runs}
        with self._lock:
            for event in transition.events:
                match event:
                    case RunEnded():
                        self._ended.append((runs[TargetName(event.target), event.attempt], event))
                    case RunStarted():
                        self._started.append(runs[TargetName(event.target), event.attempt])
                    case _:
                        pass

    def take(self) -> RunCounts:
        """Return what was noted since the last call."""
        with self._lock:
            ended, started = self._ended, self._started
            self._ended, self._started = [], []
        return RunCounts(
            ended=Counter(run.state for run, _ in ended),
            failures=Counter(run.queue for run, _ in ended if run.state.failed),
            build_seconds=[event.duration_seconds for _, event in ended if event.duration_seconds is not None],
            waiting_seconds=[seconds for run in started if (seconds := _waiting_seconds(run)) is not None],
        )


def _waiting_seconds(run: Run) -> float | None:
    """How long it took until the build started. CodeBuild's clock may be behind ours."""
    since = run.waiting_since or run.acquired_at
    return max((run.started_at - since).total_seconds(), 0.0) if since and run.started_at else None
