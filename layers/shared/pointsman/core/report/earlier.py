"""Which earlier rollouts a report needs, so that a failure that is restored in its time counts there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from pointsman.core.index.entry import IndexEntry
from pointsman.core.model import Mode, RolloutState
from pointsman.core.trail.events import RolloutStarted

BEFORE: Final = timedelta(days=31)  # how long a report looks back
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_SUCCEEDED: Final = RolloutState.SUCCEEDED.value
_FAILED: Final = (RolloutState.FAILED.value, RolloutState.ROLLED_BACK.value)
EARLIER_ENDS: Final = (_SUCCEEDED, *_FAILED)  # the outcomes of what is read of the time before

type Line = tuple[str | None, str | None]
"""A repository and a route: what restores each other."""


@dataclass
class _Ends:
    """How rollouts ended."""

    lines: dict[str, Line] = field(default_factory=dict)
    failures: dict[str, datetime] = field(default_factory=dict)  # the newest of each rollout
    successes: dict[str, datetime] = field(default_factory=dict)  # the newest of each rollout

    def add(self, entry: IndexEntry) -> None:
        if not entry.rollout or entry.type not in ("RolloutEnded", "RolloutRolledBack"):
            return
        self.lines[entry.rollout] = (entry.repository, entry.route)
        times = self.successes if _SUCCEEDED in entry.outcomes else self.failures
        times[entry.rollout] = max(entry.at, times.get(entry.rollout, entry.at))

    def restoring(self) -> dict[str, datetime]:
        """The successes after a failure on their route. What failed or was rolled back since restores nothing."""
        first: dict[Line, datetime] = {}
        for rollout, at in self.failures.items():
            first[self.lines[rollout]] = min(at, first.get(self.lines[rollout], at))
        return {
            rollout: at
            for rollout, at in self.successes.items()
            if self.lines[rollout] in first and at > max(first[self.lines[rollout]], self.failures.get(rollout, _NEVER))
        }


def open_failures(
    entries: Iterable[IndexEntry], starts: Callable[[Iterable[str]], Mapping[str, RolloutStarted]]
) -> set[str]:
    """The rollouts that had failed with no later success on their route, and the rollbacks of these.

    `entries` are of the time before; `starts` reads the starts of rollouts.
    """
    ends = _Ends()
    for entry in entries:
        ends.add(entry)
    later = ends.restoring()
    found = starts(sorted(later.keys() | ends.failures.keys()))
    restored: dict[Line, datetime] = {}  # the newest success on all targets
    for rollout in later.keys() & found.keys():
        if _is_whole(found[rollout]):
            restored[ends.lines[rollout]] = max(later[rollout], restored.get(ends.lines[rollout], _NEVER))
    remain = {
        rollout
        for rollout, at in ends.failures.items()
        if rollout in found and found[rollout].mode is Mode.APPLY and restored.get(ends.lines[rollout], _NEVER) <= at
    }
    return remain | {
        rollout for rollout, start in found.items() if start.request and start.request.rolls_back in remain
    }


def _is_whole(start: RolloutStarted) -> bool:
    """Whether it brings a route to a commit, not some of its hosts alone."""
    return start.mode is Mode.APPLY and not (start.request and (start.request.is_part or start.request.rolls_back))
