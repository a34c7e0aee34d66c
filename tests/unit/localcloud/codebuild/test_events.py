"""The build-state event, against the fields of CodeBuild's documented sample."""

from typing import Any

from localcloud.codebuild.events import state_change
from localcloud.codebuild.model import Build, BuildStatus, PhaseContext, PhaseType

MORNING = 1504282349.0  # 2017-09-01 16:12:29 UTC, the documented sample's start


def a_build() -> Build:
    return Build(
        id="my-sample-project:8745a7a9-c340-456a-9166-edf953571bEX",
        number=1,
        account="123456789012",
        region="us-west-2",
        project={"name": "my-sample-project"},
        request={},
        source={
            "type": "GITHUB",
            "location": "https://github.com/acme/infra.git",
            "buildspec": "ansible/buildspec.yml",
        },
        source_version="0f5d46a785a89daf044fc788296dfc7957e4349c",
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:5.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "privilegedMode": False,
            "environmentVariables": [{"name": "POINTSMAN_ROLLOUT", "value": "r-1", "type": "PLAINTEXT"}],
        },
        service_role="arn:aws:iam::123456789012:role/build",
        initiator="MyCodeBuildDemoUser",
        log_group="/aws/codebuild/my-sample-project",
        log_stream="8745a7a9-c340-456a-9166-edf953571bEX",
        log_page="https://console.example/log",
        timeout_minutes=60,
        queued_timeout_minutes=480,
        start=MORNING,
    )


def ended(status: BuildStatus, context: PhaseContext | None = None) -> dict[str, Any]:
    build = a_build()
    for kind in (PhaseType.SUBMITTED, PhaseType.BUILD):
        phase = build.enter(kind)
        build.leave(BuildStatus.SUCCEEDED)
        phase.start, phase.end = MORNING, MORNING + 90
    build.phases[-1].status, build.phases[-1].context = (
        BuildStatus.FAILED if context else BuildStatus.SUCCEEDED,
        context,
    )
    build.status = status
    build.enter(PhaseType.COMPLETED).start = MORNING + 90
    build.end = MORNING + 90
    return state_change(build)


def test_the_documented_fields_are_there() -> None:
    detail = ended(BuildStatus.SUCCEEDED)

    assert detail["build-status"] == "SUCCEEDED"
    assert detail["project-name"] == "my-sample-project"
    arn = "arn:aws:codebuild:us-west-2:123456789012:build/my-sample-project:8745a7a9-c340-456a-9166-edf953571bEX"
    assert detail["build-id"] == arn
    assert detail["current-phase"] == "COMPLETED"
    assert detail["current-phase-context"] == "[]"
    assert detail["version"] == "1"
    more = detail["additional-information"]
    assert more["build-start-time"] == "Sep 1, 2017 4:12:29 PM"
    assert more["build-complete"] is True
    assert more["timeout-in-minutes"] == 60
    assert more["initiator"] == "MyCodeBuildDemoUser"
    assert more["source"]["type"] == "GITHUB"
    assert more["source-version"] == "0f5d46a785a89daf044fc788296dfc7957e4349c"
    assert more["logs"] == {
        "group-name": "/aws/codebuild/my-sample-project",
        "stream-name": "8745a7a9-c340-456a-9166-edf953571bEX",
        "deep-link": "https://console.example/log",
    }
    assert more["environment"] == {
        "image": "aws/codebuild/standard:5.0",
        "privileged-mode": False,
        "image-pull-credentials-type": "CODEBUILD",
        "compute-type": "BUILD_GENERAL1_SMALL",
        "type": "LINUX_CONTAINER",
        "environment-variables": [{"name": "POINTSMAN_ROLLOUT", "type": "PLAINTEXT", "value": "r-1"}],
    }


def test_a_phase_says_when_how_long_and_why() -> None:
    context = PhaseContext("COMMAND_EXECUTION_ERROR", "Error while executing command: x. Reason: exit status 2")
    phases = ended(BuildStatus.FAILED, context)["additional-information"]["phases"]

    assert phases[0] == {
        "phase-context": [],
        "start-time": "Sep 1, 2017 4:12:29 PM",
        "end-time": "Sep 1, 2017 4:13:59 PM",
        "duration-in-seconds": 90,
        "phase-type": "SUBMITTED",
        "phase-status": "SUCCEEDED",
    }
    assert phases[1]["phase-context"] == [
        "COMMAND_EXECUTION_ERROR: Error while executing command: x. Reason: exit status 2"
    ]
    assert phases[-1] == {"start-time": "Sep 1, 2017 4:13:59 PM", "phase-type": "COMPLETED"}


def test_the_event_has_four_statuses_and_the_api_six() -> None:
    assert ended(BuildStatus.TIMED_OUT)["build-status"] == "FAILED"
    assert ended(BuildStatus.FAULT)["build-status"] == "FAILED"
    assert ended(BuildStatus.STOPPED)["build-status"] == "STOPPED"


def test_midnight_is_twelve() -> None:
    build = a_build()
    build.start = 1504224029.0
    build.enter(PhaseType.SUBMITTED)
    assert state_change(build)["additional-information"]["build-start-time"] == "Sep 1, 2017 12:00:29 AM"
