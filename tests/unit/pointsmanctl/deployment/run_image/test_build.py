"""The build of the run image: started once, followed to its end, with the reason of a failure."""

from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pointsmanctl.deployment.run_image.build import ImageBuild, last_output
from pointsmanctl.deployment.stack_events import Interrupted, Pace
from pointsmanctl.errors import DeploymentFailed

REGIONS = ("us-east-1", "eu-west-1")
LINK = "https://console.aws.amazon.com/log"
LOG = [
    "[Container] 2026/11/29 Running command python3 image/build_image.py\n",
    "build_image: docker build\n",
    "ERROR: no package \x1b[31mjqq\x1b[0m\n",
    "[Container] 2026/11/29 Command did not exit successfully\n",
]


def build(number: int, *, tag: str = "0123", complete: bool = False, status: str = "IN_PROGRESS") -> dict[str, Any]:
    variables = {"POINTSMAN_IMAGE_TAG": tag, "POINTSMAN_IMAGE_REGIONS": ",".join(REGIONS)}
    return {
        "id": f"pointsman-run-image:{number}",
        "buildComplete": complete,
        "buildStatus": status,
        "currentPhase": "DOWNLOAD_SOURCE",
        "environment": {"environmentVariables": [{"name": key, "value": each} for key, each in variables.items()]},
        "phases": [
            {"phaseType": "INSTALL", "phaseStatus": "SUCCEEDED"},
            {"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{"message": "exit status 1"}]},
        ],
        "logs": {"groupName": "/pointsman/run-image", "streamName": "s", "deepLink": LINK},
    }


class CodeBuild:
    """CodeBuild with the builds of one project. A build that was started ends when it is asked for a second time."""

    def __init__(self, *builds: dict[str, Any], end: str = "SUCCEEDED") -> None:
        self.builds = {each["id"]: each for each in builds}
        self.started: list[str] = []
        self._end = end

    def list_builds_for_project(self, **request: str) -> Any:
        assert request == {"projectName": "pointsman-run-image", "sortOrder": "DESCENDING"}
        return {"ids": list(self.builds)}

    def batch_get_builds(self, ids: Sequence[str]) -> Any:
        answer = [dict(self.builds[each]) for each in ids]
        for each in ids:
            self.builds[each] |= {"buildComplete": True, "buildStatus": self._end}
        return {"builds": answer}

    def start_build(self, projectName: str) -> Any:  # noqa: N803
        self.started.append(projectName)
        new = build(len(self.builds) + 1)
        self.builds[new["id"]] = new
        return {"build": dict(new)}


class Logs:
    def __init__(self, *, denied: bool = False) -> None:
        self._denied = denied

    def get_log_events(self, **_: Any) -> Any:
        if self._denied:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetLogEvents")
        return {"events": [{"message": each} for each in LOG]}


def run(codebuild: CodeBuild, logs: Logs | None = None) -> list[str]:
    """Run a build. Returns the phases that were shown."""
    shown: list[str] = []
    ImageBuild(codebuild, logs or Logs(), "pointsman-run-image", "0123", REGIONS).run(Pace(0.0), shown.append)
    return shown


def test_a_build_is_started_and_followed() -> None:
    codebuild = CodeBuild()
    assert set(run(codebuild)) == {"download source"}
    assert codebuild.started == ["pointsman-run-image"]


def test_a_build_of_an_interrupted_deployment_is_followed_instead_of_a_second_one() -> None:
    codebuild = CodeBuild(build(1))
    run(codebuild)
    assert codebuild.started == []


@pytest.mark.parametrize("other", [build(1, complete=True, status="FAILED"), build(1, tag="4567")])
def test_a_build_that_failed_or_makes_another_image_is_not_waited_for(other: dict[str, Any]) -> None:
    codebuild = CodeBuild(other)
    run(codebuild)
    assert len(codebuild.started) == 1


def test_a_failure_says_which_step_with_the_end_of_its_output_and_the_log() -> None:
    with pytest.raises(DeploymentFailed) as failed:
        run(CodeBuild(end="FAILED"))
    first, *output, last = str(failed.value).splitlines()
    assert first == "the build of the run image has failed: BUILD FAILED exit status 1"
    assert output == ["  build_image: docker build", "  ERROR: no package \\x1b[31mjqq\\x1b[0m"]
    assert last == f"the log: {LINK}"


def test_a_log_that_cannot_be_read_hides_no_reason() -> None:
    with pytest.raises(DeploymentFailed) as failed:
        run(CodeBuild(end="TIMED_OUT"), Logs(denied=True))
    assert str(failed.value).splitlines()[0].startswith("the build of the run image has timed out: BUILD")
    assert str(failed.value).endswith(LINK)


def test_ctrl_c_ends_the_waiting_and_not_the_build() -> None:
    pace, codebuild = Pace(0.0), CodeBuild()
    pace.stopping.set()
    with pytest.raises(Interrupted):
        ImageBuild(codebuild, Logs(), "pointsman-run-image", "0123", REGIONS).run(pace, lambda _: None)
    run(codebuild)
    assert len(codebuild.started) == 1


def test_only_the_last_lines_are_shown() -> None:
    assert last_output([f"{number}\n" for number in range(100)]) == [f"  {number}" for number in range(85, 100)]
