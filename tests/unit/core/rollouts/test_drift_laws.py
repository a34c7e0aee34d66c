"""Whatever fails on the way, what is known of drift is what the last check found, and each event is recorded once."""

from contextlib import suppress
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.drift import TargetDrift
from pointsman.core.model import TargetName
from pointsman.core.ports import Transition
from pointsman.core.rollouts import drift_record
from pointsman.core.trail.drift_events import DriftDetected, DriftResolved
from pointsman.core.trail.events import PlaybookEnded
from pointsman.errors import Conflict, Unavailable
from tests.support.drift import DriftSide, drift_routes
from tests.support.world import DEV, PROD, MemoryWorld

HOSTS = ["web-1", "web-2", "web-3", "web-4", "web-5"]
TASKS = ["Set the file limit", "Write the message of the day"]
# The tasks that would change each host of an inventory, as one check finds them.
FOUND = st.dictionaries(st.sampled_from(HOSTS), st.lists(st.sampled_from(TASKS), unique=True), min_size=1)
# Which writes of the sweeps fail, and whether they had been stored.
FAULTS = st.lists(st.sampled_from(["", "", "before", "after", "conflict"]), max_size=12)


class Faults:
    """A store whose writes fail as planned."""

    def __init__(self, side: DriftSide[MemoryWorld], plan: list[str]) -> None:
        self._commit = side.world.store.commit
        self._plan = list(plan)

    def commit(self, transition: Transition) -> None:
        fault = self._plan.pop(0) if self._plan else ""
        if fault == "conflict":
            raise Conflict("another writer changed the record")
        if fault == "before":
            raise Unavailable("throttled")
        self._commit(transition)
        if fault == "after":
            raise Unavailable("the answer was lost")


def sweep(side: DriftSide[MemoryWorld], plan: list[str]) -> None:
    """A sweep in which writes fail, and the next ones in which none does."""
    faults = Faults(side, plan)
    with patch.object(side.world.store, "commit", faults.commit), suppress(Unavailable):
        side.sweep()
    for _ in range(2):
        side.world.engine.sweep()
        side.sweep()


def report(side: DriftSide[MemoryWorld], target: TargetName, found: dict[str, list[str]]) -> None:
    """The open check of a target ends."""
    open_check = side.record(target).check
    assert open_check
    rollout = side.world.rollout(open_check.rollout)
    side.report(rollout, found, target)
    side.world.finish(rollout.id, target)


@settings(max_examples=60)
@given(st.lists(st.tuples(FOUND, FAULTS, FAULTS), min_size=1, max_size=5))
def test_the_state_is_what_the_last_check_found_and_events_tell_how_it_came_to_it(
    days: list[tuple[dict[str, list[str]], list[str], list[str]]],
) -> None:
    with patch.object(drift_record, "EVENTS_PER_TRANSITION", 2):
        side = DriftSide(MemoryWorld(), drift_routes(targets="all"))
        side.apply(DEV, PROD)
        for found, starting, judging in days:
            side.world.clock.pass_by(days=1)
            sweep(side, starting)
            for name in (DEV, PROD):
                report(side, name, found)
            sweep(side, judging)
            for name in (DEV, PROD):
                _agrees(side.record(name), found)
        checks = [event for event in side.world.trail.all() if isinstance(event, PlaybookEnded)]
        assert len(checks) == 2 * len(days)  # nothing was checked twice
        for name in (DEV, PROD):
            for host in HOSTS:
                _is_told(side, name, host, [found.get(host) for found, _, _ in days])


def _agrees(record: TargetDrift, found: dict[str, list[str]]) -> None:
    assert (record.check, record.unknown) == (None, None)
    assert {host: drift.tasks for host, drift in record.hosts.items()} == {
        host: len(tasks) for host, tasks in found.items() if tasks
    }


def _is_told(side: DriftSide[MemoryWorld], target: TargetName, host: str, days: list[list[str] | None]) -> None:
    """Whether the events of a host are the changes of what was found, one each."""
    expected: list[tuple[str, ...] | str] = []
    before: list[str] = []
    for found in days:
        if found and found != before:
            expected.append(tuple(found))
        elif before and not found:
            expected.append("the check found no difference" if found == [] else "no longer in the inventory")
        before = found or []
    events = [
        event
        for event in side.world.trail.all()
        if isinstance(event, DriftDetected | DriftResolved) and (event.target, event.host) == (target, host)
    ]
    assert expected == [
        tuple(task.name for task in event.tasks) if isinstance(event, DriftDetected) else event.reason
        for event in events
    ]
