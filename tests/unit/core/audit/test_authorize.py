"""Who started an event's build: the engine, a person outside Pointsman, or no one."""

from datetime import timedelta
from typing import Any

import pytest
from host_results.pending import MOST_PARTS_DURING_RUN

from pointsman.core.audit.authorize import StoredRun
from pointsman.core.audit.recorder import MOST_REJECTED, MOST_RESULTS, RecordOutcome
from pointsman.core.model import Mode, RunState
from pointsman.core.trail.events import BuildReported, HostResultRecorded, PlaybookEnded
from pointsman.core.trail.refused_events import EventRejected, RecordingCapped
from pointsman.errors import Unavailable
from tests.support.audit_world import AuditWorld
from tests.support.events import DEV, ROLLOUT, after, arn, build_event, host_event, sample, stored_run, task
from tests.support.rollouts import COMMIT

RETRY = arn(DEV, 99)
LATER = after(600)


@pytest.fixture
def running() -> AuditWorld:
    return AuditWorld(stored_run(DEV, build_arn=arn(DEV)))


@pytest.fixture
def starting() -> AuditWorld:
    return AuditWorld(stored_run(DEV))


def started_by_hand(build: str = RETRY) -> dict[str, Any]:
    event = build_event()
    event["detail"]["build-id"] = build
    event["detail"]["additional-information"]["initiator"] = "omar"
    return event


def in_state(state: RunState) -> AuditWorld:
    stored = stored_run(DEV)
    assert stored.run
    return AuditWorld(StoredRun(rollout=stored.rollout, run=stored.run.replace(state=state)))


def test_a_retried_build_is_recorded_with_who_started_it(running: AuditWorld) -> None:
    assert running.take(started_by_hand()) is RecordOutcome.RECORDED
    result = running.recorder.record(host_event(build_arn=RETRY))
    assert (result.outcome, result.outside) == (RecordOutcome.RECORDED, True)
    (recorded,) = running.of_type(HostResultRecorded)
    assert (recorded.started_by, recorded.actor, recorded.host) == ("omar", "omar", "web-1")
    assert recorded.rollout == stored_run(DEV).rollout.id


def test_a_build_by_hand_may_run_another_commit_and_mode_and_is_recorded_with_them(running: AuditWorld) -> None:
    running.take(started_by_hand())
    assert running.take(host_event(build_arn=RETRY, commit="f" * 40, mode="check")) is RecordOutcome.RECORDED
    (recorded,) = running.of_type(HostResultRecorded)
    assert (recorded.commit, recorded.mode.value) == ("f" * 40, "check")


def test_an_unreported_build_writes_nothing(running: AuditWorld) -> None:
    running.clock.now = LATER
    assert running.take(host_event(build_arn=RETRY)) is RecordOutcome.REJECTED
    (rejected,) = running.of_type(EventRejected)
    assert "neither Pointsman nor CodeBuild reported" in rejected.reason
    assert running.of_type(HostResultRecorded) == []


def test_a_result_that_arrives_before_the_report_of_its_build_waits_for_it(running: AuditWorld) -> None:
    with pytest.raises(Unavailable, match="CodeBuild has not reported"):
        running.take(host_event(build_arn=RETRY))
    running.take(started_by_hand())
    assert running.take(host_event(build_arn=RETRY)) is RecordOutcome.RECORDED


def test_a_starting_run_accepts_no_result_until_its_build_is_reported(starting: AuditWorld) -> None:
    starting.clock.now = LATER
    with pytest.raises(Unavailable):
        starting.take(host_event())
    assert starting.take(build_event()) is RecordOutcome.RECORDED
    assert starting.take(host_event()) is RecordOutcome.RECORDED
    (result,) = starting.of_type(HostResultRecorded)
    assert result.started_by is None


def test_a_build_by_hand_is_not_taken_for_the_one_that_is_starting(starting: AuditWorld) -> None:
    starting.take(started_by_hand())
    (report,) = starting.of_type(BuildReported)
    assert report.image == "aws/codebuild/amazonlinux-x86_64-standard:5.0"
    assert report.started_by == "omar"


def test_a_session_of_the_engines_name_in_another_role_is_not_the_engine(starting: AuditWorld) -> None:
    event = build_event()
    event["detail"]["additional-information"]["initiator"] = "somebody/pointsman-start-build"
    starting.take(event)
    (report,) = starting.of_type(BuildReported)
    assert report.started_by == "somebody/pointsman-start-build"


@pytest.mark.parametrize("state", [RunState.WAITING, RunState.SUPERSEDED, RunState.REFUSED])
def test_a_run_without_a_build_has_no_results(state: RunState) -> None:
    world = in_state(state)
    world.clock.now = LATER
    assert world.take(host_event()) is RecordOutcome.REJECTED
    assert world.of_type(HostResultRecorded) == []


@pytest.mark.parametrize(
    ("project", "source", "outcome"),
    [
        ("pointsman-check", "pointsman.check", RecordOutcome.RECORDED),
        ("pointsman", "pointsman.check", RecordOutcome.REJECTED),
        ("pointsman", "pointsman.ansible", RecordOutcome.RECORDED),
    ],
)
def test_a_check_reports_on_its_own_project_only(project: str, source: str, outcome: RecordOutcome) -> None:
    build = arn(DEV).replace("build/pointsman:", f"build/{project}:")
    stored = stored_run(DEV, build_arn=build)
    spec = stored.rollout.spec.replace(mode=Mode.CHECK)
    world = AuditWorld(StoredRun(rollout=stored.rollout.replace(spec=spec), run=stored.run))
    assert world.take(host_event(build_arn=build, mode="check", envelope={"source": source})) is outcome


def test_a_forged_result_does_not_displace_the_true_one(running: AuditWorld) -> None:
    running.take(started_by_hand())
    assert running.take(host_event(build_arn=RETRY, status="ok", tasks=[])) is RecordOutcome.RECORDED
    assert running.take(host_event()) is RecordOutcome.RECORDED
    by_build = {event.build_arn: event.started_by for event in running.of_type(HostResultRecorded)}
    assert by_build == {RETRY: "omar", arn(DEV): None}


def test_different_content_under_the_same_key_is_rejected(running: AuditWorld) -> None:
    assert running.take(host_event()) is RecordOutcome.RECORDED
    other = host_event(tasks=[task(name="Something else")], envelope={"id": "11111111-0000-4000-8000-000000000000"})
    assert running.take(other) is RecordOutcome.REJECTED
    (rejected,) = running.of_type(EventRejected)
    assert "the trail has different content under HostResultRecorded#" in rejected.reason


def test_different_content_is_recognised_though_the_first_was_shortened(running: AuditWorld) -> None:
    def long(diff: str) -> dict[str, Any]:
        return host_event(tasks=[task(diff=diff * 400_000)])

    assert [running.take(long(diff)) for diff in ("+a", "+a", "+b")] == [
        RecordOutcome.RECORDED,
        RecordOutcome.REPEATED,
        RecordOutcome.REJECTED,
    ]


def test_a_report_that_is_repeated_after_the_run_got_another_build_is_a_repetition(starting: AuditWorld) -> None:
    assert starting.take(build_event()) is RecordOutcome.RECORDED
    stored = stored_run(DEV, build_arn=RETRY)
    assert stored.run
    starting.run_lookup.add(stored.rollout, stored.run)
    assert starting.take(build_event()) is RecordOutcome.REPEATED


def test_the_same_content_sent_again_later_is_a_repetition(running: AuditWorld) -> None:
    assert running.take(host_event()) is RecordOutcome.RECORDED
    assert running.take(host_event(envelope={"time": "2026-11-23T08:01:39Z"})) is RecordOutcome.REPEATED


def test_each_part_of_a_hosts_result_is_recorded(running: AuditWorld) -> None:
    for part in (1, 2):
        assert running.take(host_event(part=part, final=part == 2)) is RecordOutcome.RECORDED
    assert [(event.part, event.final) for event in running.of_type(HostResultRecorded)] == [(1, False), (2, True)]


def test_text_that_no_encoding_holds_is_repaired_and_recorded(running: AuditWorld) -> None:
    event = build_event()
    event["detail"]["additional-information"]["logs"]["deep-link"] = "https://\ud800"
    assert running.take(event) is RecordOutcome.RECORDED
    assert running.take(host_event(tasks=[task(message="\ud800")])) is RecordOutcome.RECORDED
    (recorded,) = running.of_type(HostResultRecorded)
    assert recorded.tasks[0].message == "�"


def test_a_detail_of_any_depth_is_answered(running: AuditWorld) -> None:
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    assert running.take(host_event(mood=deep)) is RecordOutcome.RECORDED


TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3


def test_a_secret_in_what_codebuild_or_a_build_says_stays_out_of_the_trail(running: AuditWorld) -> None:
    failed = build_event("FAILED")
    about = failed["detail"]["additional-information"]
    about["phases"] = [
        {
            "phase-type": "BUILD",
            "phase-status": "FAILED",
            "phase-context": [
                f"COMMAND_EXECUTION_ERROR: git clone https://{TOKEN}@github.com/acme/infra. exit status 1"
            ],
        }
    ]
    assert running.take(failed) is RecordOutcome.RECORDED
    ended = sample("ansible/PlaybookEnded-cut-off.json") | {"time": "2026-11-23T08:01:32Z"}
    ended["detail"] |= {"rollout": ROLLOUT, "build_arn": arn(DEV), "commit": COMMIT, "reason": f"token {TOKEN}"}
    assert running.take(ended) is RecordOutcome.RECORDED
    assert running.take(host_event(commit=TOKEN)) is RecordOutcome.REJECTED
    recorded = [event.to_json() for event in running.trail.all()]
    assert len(recorded) == 3
    assert not any(TOKEN in each for each in recorded)
    assert any("COMMAND_EXECUTION_ERROR" in each and "exit status 1" in each for each in recorded)


def test_a_newer_runner_may_send_unknown_fields(running: AuditWorld) -> None:
    newer = task() | {"surprise": [1]}
    assert running.take(host_event(mood="sunny", tasks=[newer])) is RecordOutcome.RECORDED


def test_a_push_back_that_moved_the_rollouts_time_loses_no_result() -> None:
    stored = stored_run(DEV, build_arn=arn(DEV))
    moved = stored.rollout.replace(created_at=after(90) + timedelta(minutes=30))
    assert AuditWorld(StoredRun(rollout=moved, run=stored.run)).take(host_event()) is RecordOutcome.RECORDED


def test_a_push_that_moved_the_runs_time_loses_no_result_either() -> None:
    stored = stored_run(DEV, build_arn=arn(DEV))
    assert stored.run
    moved = stored.run.replace(created_at=after(90) + timedelta(minutes=30))
    assert AuditWorld(StoredRun(rollout=stored.rollout, run=moved)).take(host_event()) is RecordOutcome.RECORDED


def test_a_build_cannot_fill_the_trail_and_the_rollout_says_that_there_was_more(running: AuditWorld) -> None:
    for _ in range(MOST_RESULTS):
        running.run_lookup.count_result(arn(DEV))
    for host in ("web-8", "web-9"):
        assert running.take(host_event(host=host)) is RecordOutcome.REJECTED
    (capped,) = running.trail.all()
    assert isinstance(capped, RecordingCapped)
    assert "more than 10,000 host results" in capped.reason
    assert (capped.partition, capped.target) == (f"ROLLOUT#{ROLLOUT}", DEV)


def test_what_the_runner_sends_during_a_run_leaves_room_for_the_last_part_of_each_host() -> None:
    assert MOST_PARTS_DURING_RUN * 2 <= MOST_RESULTS


def test_an_account_cannot_fill_the_trail_with_what_is_rejected(running: AuditWorld) -> None:
    for _ in range(MOST_REJECTED - 1):
        running.run_lookup.count_rejected("222222222222", running.clock.now.date())
    for number in range(3):
        event = host_event(rollout="r-forged", envelope={"id": f"e-{number}"})
        assert running.take(event) is RecordOutcome.REJECTED
    assert [event.type for event in running.trail.all()] == ["EventRejected", "RecordingCapped"]


def test_the_end_of_ansible_is_recorded_with_its_reason(running: AuditWorld) -> None:
    event = sample("ansible/PlaybookEnded-cut-off.json") | {"time": "2026-11-23T08:01:32Z"}
    event["detail"] |= {"rollout": stored_run(DEV).rollout.id, "build_arn": arn(DEV), "commit": COMMIT}
    assert running.take(event) is RecordOutcome.RECORDED
    (ended,) = running.of_type(PlaybookEnded)
    assert (ended.exit_status, ended.hosts_cut_off, ended.hosts_cut_off_total) == (2, ("web-2", "db-1"), 2)
