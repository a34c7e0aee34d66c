"""The end of Ansible, as the runner reports it: recorded and bounded, with any content."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pointsman.core.audit.host_event import MOST_NAMES, REASON_LENGTH
from pointsman.core.audit.recorder import RecordOutcome
from pointsman.core.trail.events import PlaybookEnded
from pointsman.core.trail.refused_events import EventRejected
from tests.support.audit_world import AuditWorld
from tests.support.events import DEV, ROLLOUT, arn, sample, stored_run
from tests.support.rollouts import COMMIT
from tests.unit.core.audit.test_recorder import can_be_stored, json_values


def running() -> AuditWorld:
    return AuditWorld(stored_run(DEV, build_arn=arn(DEV)))


def ended(**detail: Any) -> dict[str, Any]:
    event = sample("ansible/PlaybookEnded-cut-off.json") | {"time": "2026-11-23T08:01:32Z"}
    event["detail"] |= {"rollout": ROLLOUT, "target": DEV, "build_arn": arn(DEV), "commit": COMMIT} | detail
    return event


def test_long_reasons_and_lists_are_bounded() -> None:
    world = running()
    names = [f"web-{number}" for number in range(1_000)]
    event = ended(reason="too long " * 2_000, hosts_cut_off=names, hosts_cut_off_total=1_000, results_missing=names)
    assert world.take(event) is RecordOutcome.RECORDED
    (recorded,) = world.of_type(PlaybookEnded)
    assert (len(recorded.reason), len(recorded.hosts_cut_off), len(recorded.results_missing)) == (
        REASON_LENGTH,
        MOST_NAMES,
        MOST_NAMES,
    )
    assert recorded.hosts_cut_off_total == 1_000


def test_a_killed_playbook_has_no_exit_status() -> None:
    world = running()
    assert world.take(ended(exit_status=None, reason="ended after 55 minutes")) is RecordOutcome.RECORDED
    assert [event.exit_status for event in world.of_type(PlaybookEnded)] == [None]


def test_the_first_report_of_an_end_stays_and_a_different_one_is_rejected() -> None:
    world = running()
    outcomes = [world.take(ended(exit_status=status) | {"id": f"e-{status}"}) for status in (2, 2, 0)]
    assert outcomes == [RecordOutcome.RECORDED, RecordOutcome.REPEATED, RecordOutcome.REJECTED]
    assert [event.exit_status for event in world.of_type(PlaybookEnded)] == [2]
    (rejected,) = world.of_type(EventRejected)
    assert "the trail has different content under PlaybookEnded#" in rejected.reason


@pytest.mark.parametrize("of", [{"build_arn": arn(DEV, 7)}, {"attempt": 2}, {"commit": "f" * 40}, {"mode": "check"}])
def test_the_end_of_another_run_is_rejected(of: dict[str, Any]) -> None:
    world = running()
    world.clock.now = world.clock.now.replace(hour=9)
    assert world.take(ended(**of)) is RecordOutcome.REJECTED
    assert world.of_type(PlaybookEnded) == []


@settings(deadline=None)  # the machine may be busy
@given(st.sampled_from(sorted(ended()["detail"])), json_values)
@example("hosts", 10**40)
@example("reason", "\ud800")
@example("hosts_cut_off", ["\ud800"])
def test_any_value_in_an_end_is_answered_and_can_be_stored(name: str, value: Any) -> None:
    world = running()
    world.take(ended(**{name: value}))
    assert all(can_be_stored(recorded) for recorded in world.trail.all())
