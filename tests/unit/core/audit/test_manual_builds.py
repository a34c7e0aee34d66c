"""A build without a run is recorded on its own: what it changed, where, and who started it."""

from typing import Any

import pytest

from pointsman.core.audit.recorder import RecordOutcome
from pointsman.core.trail.events import BuildReported, HostResultRecorded, PlaybookEnded
from pointsman.core.trail.refused_events import EventRejected
from pointsman.errors import Unavailable
from tests.support.audit_world import AuditWorld
from tests.support.events import DEV, PROD, after, arn, build_event, host_event, sample, stored_run, variable

BUILD = arn(DEV, 50)
OWN: dict[str, Any] = {"rollout": "", "target": "", "build_arn": BUILD, "commit": "f" * 40}


@pytest.fixture
def world() -> AuditWorld:
    return AuditWorld(stored_run(DEV, build_arn=arn(DEV)))


def by_hand(*names: str, initiator: str | None = "omar") -> dict[str, Any]:
    event = build_event()
    event["detail"]["build-id"] = BUILD
    event["detail"]["additional-information"]["initiator"] = initiator
    for name in names or ("ROLLOUT", "TARGET", "ATTEMPT"):
        variable(event, f"POINTSMAN_{name}", None)
    return event


def test_a_build_without_a_rollout_is_recorded_with_who_started_it(world: AuditWorld) -> None:
    result = world.recorder.record(by_hand())
    assert (result.outcome, result.outside) == (RecordOutcome.RECORDED, True)
    (report,) = world.of_type(BuildReported)
    assert (report.started_by, report.actor, report.target) == ("omar", "omar", "222222222222/eu-west-1")
    assert report.partition == f"BUILD#{BUILD}"


def test_what_it_did_on_hosts_is_recorded_beside_it(world: AuditWorld) -> None:
    world.take(by_hand())
    assert world.take(host_event(**OWN)) is RecordOutcome.RECORDED
    assert world.take(host_event(**OWN)) is RecordOutcome.REPEATED
    (result,) = world.of_type(HostResultRecorded)
    assert (result.host, result.started_by, result.commit) == ("web-1", "omar", "f" * 40)
    assert (result.rollout, result.repository, result.partition) == ("", None, f"BUILD#{BUILD}")


def test_its_end_is_recorded_too(world: AuditWorld) -> None:
    world.take(by_hand())
    ended = sample("ansible/PlaybookEnded-cut-off.json") | {"time": "2026-11-23T08:01:32Z"}
    ended["detail"] |= OWN
    assert world.take(ended) is RecordOutcome.RECORDED
    assert [event.started_by for event in world.of_type(PlaybookEnded)] == ["omar"]


def test_a_result_that_comes_first_waits_for_the_report_of_its_build(world: AuditWorld) -> None:
    with pytest.raises(Unavailable, match="CodeBuild has not reported"):
        world.take(host_event(**OWN))
    world.take(by_hand())
    assert world.take(host_event(**OWN)) is RecordOutcome.RECORDED


def test_a_result_of_a_build_that_codebuild_never_reported_is_rejected(world: AuditWorld) -> None:
    world.clock.now = after(600)
    assert world.take(host_event(**OWN)) is RecordOutcome.REJECTED
    assert world.of_type(HostResultRecorded) == []


def test_an_account_writes_nothing_about_a_build_of_another(world: AuditWorld) -> None:
    event = host_event(**OWN | {"build_arn": arn(PROD, 50)})
    assert world.take(event) is RecordOutcome.REJECTED
    (rejected,) = world.of_type(EventRejected)
    assert "the build is in another account" in rejected.reason


def test_a_build_that_names_a_rollout_which_is_gone_is_recorded_by_itself(world: AuditWorld) -> None:
    event = by_hand("NOTHING")
    variable(event, "POINTSMAN_ROLLOUT", "r-gone")
    assert world.take(event) is RecordOutcome.RECORDED
    assert world.take(host_event(rollout="r-gone", build_arn=BUILD)) is RecordOutcome.RECORDED
    assert {event.partition for event in world.trail.all()} == {f"BUILD#{BUILD}"}


@pytest.mark.parametrize(("name", "value"), [("ROLLOUT", "what is this?"), ("ATTEMPT", "first"), ("TARGET", None)])
def test_variables_that_name_no_run_do_not_hide_the_build(world: AuditWorld, name: str, value: str | None) -> None:
    event = by_hand("NOTHING")
    variable(event, f"POINTSMAN_{name}", value)
    assert world.take(event) is RecordOutcome.RECORDED
    assert [report.started_by for report in world.of_type(BuildReported)] == ["omar"]


def test_a_build_whose_starter_codebuild_does_not_name_is_recorded(world: AuditWorld) -> None:
    world.take(by_hand(initiator=None))
    assert [report.started_by for report in world.of_type(BuildReported)] == ["unknown"]


@pytest.mark.parametrize(
    ("project", "mode", "outcome"),
    [
        ("pointsman", "check", RecordOutcome.REJECTED),
        ("pointsman-check", "apply", RecordOutcome.REJECTED),
        ("pointsman-check", "check", RecordOutcome.RECORDED),
    ],
)
def test_a_check_reports_on_checks_only(world: AuditWorld, project: str, mode: str, outcome: RecordOutcome) -> None:
    build = BUILD.replace("build/pointsman:", f"build/{project}:")
    event = by_hand()
    event["detail"]["build-id"] = build
    world.take(event)
    result = host_event(**OWN | {"build_arn": build, "mode": mode}, envelope={"source": "pointsman.check"})
    assert world.take(result) is outcome


@pytest.mark.parametrize("time", ["2026-11-20T08:00:00Z", "2026-11-23T09:00:00Z", "2031-01-01T00:00:00Z"])
def test_events_before_or_after_a_build_are_rejected(world: AuditWorld, time: str) -> None:
    world.take(by_hand())
    assert world.take(host_event(**OWN, envelope={"time": time})) is RecordOutcome.REJECTED
    assert world.of_type(HostResultRecorded) == []


def test_what_is_replayed_a_month_later_is_taken(world: AuditWorld) -> None:
    world.take(by_hand())
    world.clock.now = after(30 * 86_400)
    assert world.take(host_event(**OWN)) is RecordOutcome.RECORDED
