"""CodeBuild's state change is read as documented; a build without a run's name is not ours."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.audit.build_event import BuildEvent, UnrelatedEvent, read_build_event
from pointsman.core.model import RunState
from pointsman.core.ports import BuildUsage
from pointsman.errors import Misconfigured
from tests.support.events import DEV, ROLLOUT, arn, build_event, sample, variable


def ours(event: dict[str, Any]) -> BuildEvent:
    read = read_build_event(event)
    assert isinstance(read, BuildEvent)
    return read


def not_ours(event: dict[str, Any]) -> UnrelatedEvent:
    read = read_build_event(event)
    assert isinstance(read, UnrelatedEvent)
    return read


def test_a_failed_build_has_its_run_its_phase_and_its_log() -> None:
    event = sample("aws/codebuild-build-failed.json")
    build = ours(event)
    assert (build.rollout, build.target, build.attempt) == (ROLLOUT, DEV, 1)
    assert (build.account, build.region) == ("222222222222", "eu-west-1")
    assert build.build_arn == event["detail"]["build-id"]
    assert build.status == "FAILED"
    assert build.phase == "BUILD FAILED"
    assert build.message == (
        "COMMAND_EXECUTION_ERROR: Error while executing command: ansible-playbook site.yml. Reason: exit status 2"
    )
    assert build.log_url == event["detail"]["additional-information"]["logs"]["deep-link"]


RUN_IMAGE = f"111111111111.dkr.ecr.eu-west-1.amazonaws.com/pointsman-run-image@sha256:{'9f86d081' * 8}"


@pytest.mark.parametrize(
    ("image", "known"),
    [
        (RUN_IMAGE, RUN_IMAGE),
        ("aws/codebuild/amazonlinux-x86_64-standard:5.0", "aws/codebuild/amazonlinux-x86_64-standard:5.0"),
        (None, None),
        ("", None),
        ("<!channel> an image", None),
        ("a" * 300, None),
        (f"{RUN_IMAGE}0", None),
    ],
)
def test_a_build_tells_in_which_image_it_runs(image: str | None, known: str | None) -> None:
    event = sample("aws/codebuild-build-failed.json")
    event["detail"]["additional-information"]["environment"]["image"] = image
    assert ours(event).image == known


def test_a_build_that_has_no_log_yet_has_no_link_to_one() -> None:
    event = sample("aws/codebuild-build-failed.json")
    link = "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logEvent:group=null;stream=null"
    event["detail"]["additional-information"]["logs"]["deep-link"] = link
    assert ours(event).log_url is None
    assert ours(event).report.log_url is None


def test_the_time_is_the_envelopes() -> None:
    assert ours(sample("aws/codebuild-build-failed.json")).at == datetime(2026, 11, 23, 5, 2, 38, tzinfo=UTC)


def test_its_report_is_what_the_engine_takes() -> None:
    build = ours(sample("aws/codebuild-build-failed.json"))
    assert build.report.state is RunState.FAILED
    assert build.report.arn == build.build_arn
    assert build.report.ended_at == build.at
    assert build.report.reason == f"BUILD FAILED: {build.message}"


def test_a_build_that_runs_has_no_end_and_no_reason() -> None:
    report = ours(sample("aws/codebuild-build-in-progress.json")).report
    assert (report.state, report.ended_at, report.reason) == (RunState.RUNNING, None, "")


def test_a_build_that_succeeded_has_no_failed_phase() -> None:
    build = ours(sample("aws/codebuild-build-succeeded.json"))
    assert (build.phase, build.message) == (None, None)
    assert build.report.reason == "CodeBuild reported SUCCEEDED"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("IN_PROGRESS", RunState.RUNNING),
        ("SUCCEEDED", RunState.SUCCEEDED),
        ("FAILED", RunState.FAILED),
        ("STOPPED", RunState.STOPPED),
        ("TIMED_OUT", RunState.TIMED_OUT),
        ("FAULT", RunState.FAULTED),
    ],
)
def test_every_status_of_codebuild_is_a_state(status: str, state: RunState) -> None:
    assert ours(build_event(status)).state is state


@pytest.mark.parametrize(
    ("how", "state"),
    [("TIMED_OUT", RunState.TIMED_OUT), ("FAULT", RunState.FAULTED), ("CLIENT_ERROR", RunState.FAILED)],
)
def test_the_phase_of_a_failed_build_shows_how_it_failed(how: str, state: RunState) -> None:
    event = build_event("FAILED")
    event["detail"]["additional-information"]["phases"] = [
        {"phase-type": "QUEUED", "phase-status": "SUCCEEDED", "phase-context": [": "]},
        {"phase-type": "BUILD", "phase-status": how, "phase-context": [": "]},
    ]
    build = ours(event)
    assert (build.state, build.status, build.phase, build.message) == (state, "FAILED", f"BUILD {how}", None)


def test_a_build_that_was_stopped_stays_stopped() -> None:
    assert ours(sample("aws/codebuild-build-stopped.json")).state is RunState.STOPPED


def test_a_phase_change_is_not_a_builds_state() -> None:
    assert not_ours(sample("aws/codebuild-build-phase-change.json")).malformed is False


def test_a_build_started_by_hand_is_not_ours() -> None:
    event = build_event()
    variable(event, "POINTSMAN_ROLLOUT", None)
    assert not_ours(event) == UnrelatedEvent(reason="the build names no rollout: it was not started by Pointsman")


def test_an_event_of_another_source_is_not_ours() -> None:
    assert not_ours(build_event(source="pointsman.ansible")).malformed is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POINTSMAN_ROLLOUT", ""),
        ("POINTSMAN_ROLLOUT", "r-1#ROLLOUT"),
        ("POINTSMAN_TARGET", None),
        ("POINTSMAN_TARGET", "x" * 200),
        ("POINTSMAN_TARGET", "dev/eu west"),
        ("POINTSMAN_ATTEMPT", "first"),
        ("POINTSMAN_ATTEMPT", "0"),
        ("POINTSMAN_ATTEMPT", None),
    ],
)
def test_an_invalid_run_name_is_malformed(name: str, value: str | None) -> None:
    event = build_event()
    variable(event, name, value)
    assert not_ours(event).malformed


def test_a_status_that_codebuild_adds_is_kept_and_does_not_end_the_run() -> None:
    build = ours(build_event("QUEUED"))
    assert (build.status, build.state) == ("QUEUED", RunState.RUNNING)
    assert not build.report.state.ended


@pytest.mark.parametrize("status", ["", "exploded", "A" * 40, "IN PROGRESS", "<!channel>"])
def test_a_status_in_another_form_is_malformed_and_named(status: str) -> None:
    fault = not_ours(build_event(status))
    assert fault.malformed
    assert "build-status" in fault.reason


def test_errors_are_reported_without_values() -> None:
    event = build_event()
    variable(event, "POINTSMAN_TARGET", "<!channel> secret")
    assert "secret" not in not_ours(event).reason


def test_a_long_message_of_a_phase_is_cut() -> None:
    event = build_event("FAILED")
    event["detail"]["additional-information"]["phases"] = [
        {"phase-type": "BUILD", "phase-status": "FAILED", "phase-context": ["long " * 100_000]}
    ]
    assert len(ours(event).message or "") == 2_000


def test_an_event_without_an_envelope_is_a_wrong_wiring() -> None:
    with pytest.raises(Misconfigured, match="not an EventBridge event"):
        read_build_event({"detail": sample("aws/codebuild-build-failed.json")["detail"]})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)  # the machine may be busy
@given(st.dictionaries(st.text(), json_values, max_size=6))
def test_any_detail_is_answered(detail: dict[str, Any]) -> None:
    assert not_ours(build_event() | {"detail": detail}).malformed


@settings(deadline=None)  # the machine may be busy
@given(
    st.sampled_from(["build-status", "project-name", "build-id", "additional-information"]),
    json_values,
)
def test_any_value_in_a_field_is_answered(name: str, value: Any) -> None:
    event = build_event()
    event["detail"][name] = value
    assert isinstance(read_build_event(event), BuildEvent | UnrelatedEvent)


def test_the_builds_arn_is_checked() -> None:
    event = build_event()
    event["detail"]["build-id"] = arn(DEV).replace(":codebuild:", ":lambda:")
    assert not_ours(event).malformed


def test_a_build_that_ended_says_what_codebuild_charges_it_by() -> None:
    event = sample("aws/codebuild-build-failed.json")
    phases = event["detail"]["additional-information"]["phases"]
    usage = ours(event).usage
    assert usage.build_seconds == sum(each.get("duration-in-seconds", 0) for each in phases) > 60
    assert (usage.compute_type, usage.environment_type) == ("BUILD_GENERAL1_SMALL", "LINUX_CONTAINER")
    assert ours(event).report.usage == usage
    assert ours(sample("aws/codebuild-build-in-progress.json")).usage.build_seconds is None


def test_what_codebuild_does_not_say_about_its_charges_is_unknown() -> None:
    event = sample("aws/codebuild-build-failed.json")
    information = event["detail"]["additional-information"]
    information["environment"] |= {"compute-type": ["x"], "type": "<!channel>"}
    information["phases"] = [each | {"duration-in-seconds": "long"} for each in information["phases"]]
    assert ours(event).usage == BuildUsage()
