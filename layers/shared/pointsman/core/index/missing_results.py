"""Runs whose build ended though Ansible did not report that it finished: results of hosts may be missing.

That Ansible ended is an event of its own, which comes before the run's end as a rule, and after it at times. So the
entries of a run's end are written anew when it comes.
"""

from collections.abc import Collection
from typing import Final

from pointsman.core.codebuild import ended_before_ansible
from pointsman.core.index.entry import EventKey
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import PlaybookEnded, RunEnded

RESULTS_MISSING: Final = "results_missing"  # the outcome
NOT_REPORTED: Final = "Ansible did not report that it finished: results may be missing"

LATER_RESULTS_MISSING: Final = "results of what it did last are missing"  # Ansible was stopped or killed


def place_of_end(run: Event | None) -> EventKey | None:
    """Where the end of Ansible in the build of a run that ended is, if it came. None: Ansible cannot have started."""
    if not isinstance(run, RunEnded) or run.build_arn is None or ended_before_ansible(run.reason):
        return None
    return EventKey(partition=run.partition, key=PlaybookEnded.key_of_build(run.target, run.attempt, run.build_arn))


def place_of_run(end: Event | None) -> EventKey | None:
    """Where the end of the run is in whose build Ansible ended. None: of others."""
    if not isinstance(end, PlaybookEnded) or not end.rollout:
        return None
    return EventKey(partition=end.partition, key=RunEnded.key_of_run(end.target, end.attempt))


def misses_results(event: Event, known: Collection[EventKey]) -> bool:
    """Whether `event` is the end of a run whose end of Ansible is not among the `known` events."""
    place = place_of_end(event)
    return place is not None and place not in known
