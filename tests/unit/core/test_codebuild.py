"""What CodeBuild says of a build, as Pointsman reads it."""

import pytest

from pointsman.core.codebuild import build_reason, ended_before_ansible


@pytest.mark.parametrize("phase", ["QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD"])
@pytest.mark.parametrize("message", [None, "COMMAND_EXECUTION_ERROR: exit status 1"])
def test_a_build_that_fails_before_its_phase_build_ended_before_ansible(phase: str, message: str | None) -> None:
    for status in ("FAILED", "TIMED_OUT", "STOPPED", "FAULT", "CLIENT_ERROR"):
        assert ended_before_ansible(build_reason(status, f"{phase} {status}", message))


@pytest.mark.parametrize(
    "reason",
    [
        build_reason("FAILED", "BUILD FAILED", "exit status 2"),
        build_reason("FAILED", "POST_BUILD FAILED", None),
        build_reason("STOPPED", None, None),
        "INSTALL was wrong",  # somebody's own words
        "INSTALL FAILEDNESS",
        "kofi stopped it: INSTALL FAILED",
        "",
    ],
)
def test_in_every_other_build_ansible_may_have_run(reason: str) -> None:
    assert not ended_before_ansible(reason)
