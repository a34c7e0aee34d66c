"""The RunLookup port in memory, for tests."""

from collections import Counter
from datetime import date

from pointsman.core.audit.authorize import StoredRun
from pointsman.core.audit.build_event import RunReference
from pointsman.core.model import Rollout, Run


class MemoryRunLookup:
    """Keeps rollouts and runs in dictionaries."""

    def __init__(self) -> None:
        self._rollouts: dict[str, Rollout] = {}
        self._runs: dict[tuple[str, str, int], Run] = {}
        self._counted: Counter[str | tuple[str, date]] = Counter()

    def add(self, rollout: Rollout, *runs: Run) -> None:
        """Store a rollout and its runs, as the engine does before it starts a build."""
        self._rollouts[rollout.id] = rollout
        self._runs |= {(run.rollout, run.target.name, run.attempt): run for run in runs}

    def find(self, run: RunReference) -> StoredRun | None:
        """See RunLookup.find."""
        rollout = self._rollouts.get(run.rollout)
        if rollout is None:
            return None
        return StoredRun(rollout=rollout, run=self._runs.get((run.rollout, run.target, run.attempt)))

    def count_result(self, build_arn: str) -> int:
        """See RunLookup.count_result."""
        self._counted[build_arn] += 1
        return self._counted[build_arn]

    def count_rejected(self, account: str, day: date) -> int:
        """See RunLookup.count_rejected."""
        self._counted[account, day] += 1
        return self._counted[account, day]
