"""Runs that give their targets back before their build starts, since somebody held or froze them meanwhile.

Each asks for the next attempt, and that is stored in the rollout: one by one, they would lose races with each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import batched, chain

from pointsman.core.model import Rollout, Run, RunState, TargetQueue
from pointsman.core.ports import Transition
from pointsman.core.rollouts.transitions import end

# A release is four items: the run, its mark, its queue and the event. The rollout comes once.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html: up to 100 items
AT_ONCE = 20


class ReleaseTarget(Transition, kw_only=True, frozen=True):
    """A run that certainly has no build ends, and its target is free. `together` has the next attempt wait."""


@dataclass(frozen=True)
class ReleaseTargets:
    """Write these in their order: each has the version of the rollout that the one before it leaves."""

    transitions: tuple[Transition, ...]


def release(rollout: Rollout, run: Run, queue: TargetQueue, reason: str, now: datetime) -> ReleaseTarget:
    """Release the target of a run without a build."""
    ended = end(rollout, run, queue, RunState.SKIPPED, f"it runs later: {reason}", now)
    return ReleaseTarget(runs=ended.runs, queues=ended.queues, events=ended.events)


def together(rollout: Rollout, releases: Iterable[ReleaseTarget]) -> ReleaseTargets:
    """All releases of a rollout, in as few transactions as possible."""
    transitions: list[Transition] = []
    attempts = dict(rollout.attempts)
    for some in batched(releases, AT_ONCE):
        runs = tuple(run for each in some for run in each.runs)
        attempts |= {run.target.name: run.attempt + 1 for run in runs}
        wanted = rollout.replace(attempts=dict(attempts), turns_listed=None, version=rollout.version + len(transitions))
        queues = tuple(chain.from_iterable(each.queues for each in some))
        events = tuple(chain.from_iterable(each.events for each in some))
        transitions.append(Transition(rollout=wanted, runs=runs, queues=queues, events=events))
    return ReleaseTargets(tuple(transitions))
