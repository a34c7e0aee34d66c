"""Which earlier rollouts a report needs, so that a failure that is restored in its time counts there."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from pointsman.core.index.entry import IndexEntry
from pointsman.core.model import Mode, RolloutState
from pointsman.core.trail.events import RolloutStarted

BEFORE: Final = timedelta(days=31)  # how long a report looks back
_SUCCEEDED: Final = RolloutState.SUCCEEDED.value
_FAILED: Final = (RolloutState.FAILED.value, RolloutState.ROLLED_BACK.value)
EARLIER_ENDS: Final = (_SUCCEEDED, *_FAILED)  # the outcomes of what is read of the time before

type Line = tuple[str | None, str | None]
"""A repository and a route: what restores each other."""


def open_failures(
    entries: Iterable[IndexEntry], starts: Callable[[Iterable[str]], Mapping[str, RolloutStarted]]
) -> set[str]:
    """The rollouts that had failed with no later success on their route, and the rollbacks of these.

    `entries` are of the time before; `starts` reads the starts of rollouts.
    """
    failures: dict[str, datetime] = {}  # the newest of each rollout
    lines: dict[str, Line] = {}
    ends: dict[str, list[datetime]] = {}  # successes
    for entry in entries:
        if not entry.rollout or entry.type not in ("RolloutEnded", "RolloutRolledBack"):
            continue
        lines[entry.rollout] = (entry.repository, entry.route)
        if _SUCCEEDED in entry.outcomes:
            ends.setdefault(entry.rollout, []).append(entry.at)
        else:
            failures[entry.rollout] = max(entry.at, failures.get(entry.rollout, entry.at))
    first: dict[Line, datetime] = {}
    for rollout, at in failures.items():
        first[lines[rollout]] = min(at, first.get(lines[rollout], at))
    later = {
        rollout for rollout, times in ends.items() if lines[rollout] in first and max(times) > first[lines[rollout]]
    }
    found = starts(sorted(later | failures.keys()))
    restored: dict[Line, datetime] = {}  # the newest success on all targets
    for rollout in later & found.keys():
        if _is_whole(found[rollout]):
            restored[lines[rollout]] = max(*ends[rollout], restored.get(lines[rollout], ends[rollout][0]))
    remain = {
        rollout
        for rollout, at in failures.items()
        if rollout in found and found[rollout].mode is Mode.APPLY and not restored.get(lines[rollout], at) > at
    }
    return remain | {
        rollout for rollout, start in found.items() if start.request and start.request.rolls_back in remain
    }


def _is_whole(start: RolloutStarted) -> bool:
    """Whether it brings a route to a commit, not some of its hosts alone."""
    return start.mode is Mode.APPLY and not (start.request and (start.request.is_part or start.request.rolls_back))
