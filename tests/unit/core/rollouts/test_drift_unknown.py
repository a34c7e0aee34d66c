"""Checks for drift that do not say whether hosts drift: unknown is not "no drift"."""

import pytest

from pointsman.core.model import RunState
from pointsman.core.trail.drift_events import DriftResolved
from tests.support.drift import IDLE, DriftSide
from tests.support.world import DEV, MemoryWorld

LIMIT = "Set the file limit"


@pytest.fixture
def side() -> DriftSide[MemoryWorld]:
    side = DriftSide(MemoryWorld())
    side.apply()
    return side


@pytest.mark.parametrize(
    ("reported", "reason"),
    [(False, "Ansible did not report that it finished"), (True, "host results are missing in the trail")],
)
def test_after_30_minutes_missing_results_make_the_state_unknown(
    side: DriftSide[MemoryWorld], reported: bool, reason: str
) -> None:
    found = side.check()
    side.end(found, {"web-1": [LIMIT], "web-2": []})
    rollout = side.check()
    side.report(rollout, {"web-1": []}, ends=reported, count=2)
    side.world.finish(rollout.id, DEV)
    side.world.clock.pass_by(minutes=29)
    side.sweep()
    assert side.record().check
    side.world.clock.pass_by(minutes=1)
    side.sweep()
    record = side.record()
    assert record.check is None
    assert record.unknown
    assert (record.unknown.reason, record.unknown.since) == (reason, side.world.clock())
    assert set(record.hosts) == {"web-1"}  # what was known before is still listed
    assert side.events(rollout) == []

    again = side.check()
    side.world.finish(again.id, DEV, RunState.FAILED, "it broke")
    side.world.clock.pass_by(minutes=30)
    side.sweep()
    after = side.record().unknown
    assert after
    assert after.since == record.unknown.since
    assert "it broke" in after.reason

    side.end(side.check(), {"web-1": [], "web-2": []})
    assert side.record().is_clean


@pytest.mark.parametrize("state", [RunState.STOPPED, RunState.TIMED_OUT, RunState.FAULTED])
def test_a_check_that_was_ended_is_unknown_at_once(side: DriftSide[MemoryWorld], state: RunState) -> None:
    rollout = side.check()
    side.report(rollout, {"web-1": []})
    side.world.finish(rollout.id, DEV, state, "somebody stopped it")
    side.sweep()
    unknown = side.record().unknown
    assert unknown
    assert unknown.reason == f"the check was not completed ({state.value.replace('_', ' ')}): somebody stopped it"


def test_a_check_that_is_refused_is_unknown(side: DriftSide[MemoryWorld]) -> None:
    side.world.builds.refuses[DEV] = "access denied"
    side.world.clock.pass_by(days=1)
    side.sweep()
    side.sweep()
    unknown = side.record().unknown
    assert unknown
    assert unknown.reason == "the check was not completed (refused): access denied"


def test_a_check_that_fails_on_no_host_says_nothing_of_any(side: DriftSide[MemoryWorld]) -> None:
    side.end(side.check(), {"web-1": [LIMIT]})
    rollout = side.check()
    side.end(rollout, {}, state=RunState.FAILED)
    assert set(side.record().hosts) == {"web-1"}
    assert side.events(rollout) == []
    assert side.record().unknown


def test_a_last_good_commit_that_is_gone_is_said(side: DriftSide[MemoryWorld]) -> None:
    [good] = side.world.store.queues([DEV])[DEV].last_good.values()
    side.world.store.forget(good.rollout)
    side.world.clock.pass_by(days=1)
    side.sweep()
    unknown = side.record().unknown
    assert unknown
    assert unknown.reason == "the last good commit is no longer stored: push one"
    version = side.record().version
    side.sweep()
    assert side.record().version == version  # the next check is due a period later


@pytest.mark.parametrize("gone", [True, False])
def test_a_check_that_cannot_be_read_is_unknown(side: DriftSide[MemoryWorld], gone: bool) -> None:
    rollout = side.check()
    if gone:
        side.world.store.forget(rollout.id)
    else:
        side.world.store.unreadable.add(rollout.id)
    side.sweep()
    assert side.record().check is None
    assert side.record().unknown


def test_a_host_for_which_the_play_ended_at_its_start_stays_as_it_was(side: DriftSide[MemoryWorld]) -> None:
    side.end(side.check(), {"web-1": [LIMIT], "web-2": [LIMIT], "web-3": []})
    rollout = side.check()
    side.end(rollout, {"web-1": IDLE, "web-2": [], "web-3": IDLE})
    assert set(side.record().hosts) == {"web-1"}
    assert side.record().unknown is None
    [event] = side.events(rollout)
    assert (event.host, type(event)) == ("web-2", DriftResolved)


def test_a_check_in_which_no_task_ran_says_nothing(side: DriftSide[MemoryWorld]) -> None:
    """Such as a play that ends outside a maintenance window."""
    side.end(side.check(), {"web-1": [LIMIT], "web-2": []})
    before = side.record()
    rollout = side.check()
    side.end(rollout, {"web-1": IDLE, "web-2": IDLE})
    record = side.record()
    assert (record.hosts, record.checked_at) == (before.hosts, before.checked_at)
    assert record.unknown
    assert record.unknown.reason == "no task ran on 2 hosts: web-1, web-2"
    assert side.events(rollout) == []
