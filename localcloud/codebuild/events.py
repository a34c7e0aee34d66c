"""The event "CodeBuild Build State Change", in the shape AWS documents.

Source: https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from localcloud.codebuild.model import Build, BuildPhase, BuildStatus, PhaseType

SOURCE: Final = "aws.codebuild"
DETAIL_TYPE: Final = "CodeBuild Build State Change"

# Events have four statuses, the API has six.
_EVENT_STATUS: Final = {BuildStatus.TIMED_OUT: BuildStatus.FAILED, BuildStatus.FAULT: BuildStatus.FAILED}


def state_change(build: Build) -> dict[str, Any]:
    """The event's `detail`. It contains the value of every variable, as on AWS."""
    phase = build.phases[-1]
    return {
        "build-status": str(_EVENT_STATUS.get(build.status, build.status)),
        "project-name": build.project_name,
        "build-id": build.arn,
        "additional-information": {
            "cache": {"type": (build.project.get("cache") or {}).get("type", "NO_CACHE")},
            "build-number": build.number,
            "timeout-in-minutes": build.timeout_minutes,
            "queued-timeout-in-minutes": build.queued_timeout_minutes,
            "build-complete": build.complete,
            "initiator": build.initiator,
            "build-start-time": _clock(build.start),
            "source": _source(build),
            "source-version": build.source_version,
            "artifact": {"location": ""},
            "environment": _environment(build.environment),
            "project-file-system-locations": [],
            "logs": {
                "group-name": build.log_group,
                "stream-name": build.log_stream,
                "deep-link": build.log_page,
            },
            "phases": [_phase(each) for each in build.phases],
        },
        "current-phase": str(phase.type),
        "current-phase-context": "[]",
        "version": "1",
    }


def _source(build: Build) -> dict[str, Any]:
    names = {"type": "type", "location": "location", "buildspec": "buildspec", "gitCloneDepth": "git-clone-depth"}
    return {event: build.source[api] for api, event in names.items() if build.source.get(api) not in (None, "")}


def _environment(environment: dict[str, Any]) -> dict[str, Any]:
    return {
        "image": environment.get("image", ""),
        "privileged-mode": bool(environment.get("privilegedMode", False)),
        "image-pull-credentials-type": environment.get("imagePullCredentialsType", "CODEBUILD"),
        "compute-type": environment.get("computeType", ""),
        "type": environment.get("type", ""),
        "environment-variables": [
            {"name": each["name"], "type": each.get("type", "PLAINTEXT"), "value": each["value"]}
            for each in environment.get("environmentVariables") or []
        ],
    }


def _phase(phase: BuildPhase) -> dict[str, Any]:
    started = {"start-time": _clock(phase.start), "phase-type": str(phase.type)}
    if phase.type is PhaseType.COMPLETED or phase.end is None:
        return started
    context = [f"{phase.context.code}: {phase.context.message}"] if phase.context else []
    return {
        "phase-context": context,
        **started,
        "end-time": _clock(phase.end),
        "duration-in-seconds": phase.seconds,
        "phase-status": str(phase.status),
    }


def _clock(seconds: float) -> str:
    """A time such as `Sep 1, 2017 4:12:29 PM`, in UTC without a time zone."""
    moment = datetime.fromtimestamp(seconds, UTC)
    hour = moment.strftime("%I").lstrip("0")
    return f"{moment.strftime('%b')} {moment.day}, {moment.year} {hour}{moment.strftime(':%M:%S %p')}"
