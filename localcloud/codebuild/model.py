"""A build, as it is in CodeBuild's API and events."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class PhaseType(StrEnum):
    """The phases of a build, in their order."""

    SUBMITTED = "SUBMITTED"
    QUEUED = "QUEUED"
    PROVISIONING = "PROVISIONING"
    DOWNLOAD_SOURCE = "DOWNLOAD_SOURCE"
    INSTALL = "INSTALL"
    PRE_BUILD = "PRE_BUILD"
    BUILD = "BUILD"
    POST_BUILD = "POST_BUILD"
    UPLOAD_ARTIFACTS = "UPLOAD_ARTIFACTS"
    FINALIZING = "FINALIZING"
    COMPLETED = "COMPLETED"


class BuildStatus(StrEnum):
    """The status of a build, and of each of its phases."""

    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    STOPPED = "STOPPED"
    TIMED_OUT = "TIMED_OUT"
    FAULT = "FAULT"
    CLIENT_ERROR = "CLIENT_ERROR"


@dataclass(frozen=True)
class PhaseContext:
    """Why a phase ended, e.g. COMMAND_EXECUTION_ERROR with the command and its exit status."""

    code: str
    message: str


@dataclass
class BuildPhase:
    """One phase of a build; `end` and `status` are set when it has ended."""

    type: PhaseType
    start: float
    """Seconds since the epoch, as every time here."""
    end: float | None = None
    status: BuildStatus | None = None
    context: PhaseContext | None = None

    @property
    def seconds(self) -> int:
        """How long it took, in whole seconds."""
        return int((self.end or self.start) - self.start)


@dataclass
class Build:
    """One build. `request` is StartBuild's input; the other fields have its overrides applied."""

    id: str
    """<project>:<uuid>"""
    number: int
    account: str
    region: str
    project: dict[str, Any]
    request: dict[str, Any]
    source: dict[str, Any]
    source_version: str
    environment: dict[str, Any]
    service_role: str
    initiator: str
    log_group: str
    log_stream: str
    log_page: str
    timeout_minutes: int
    queued_timeout_minutes: int
    start: float = field(default_factory=time.time)
    end: float | None = None
    status: BuildStatus = BuildStatus.IN_PROGRESS
    resolved_source_version: str | None = None
    phases: list[BuildPhase] = field(default_factory=list)
    exported_variables: list[dict[str, str]] = field(default_factory=list)

    @property
    def arn(self) -> str:
        """The build's ARN; events name it `build-id`."""
        return f"arn:aws:codebuild:{self.region}:{self.account}:build/{self.id}"

    @property
    def project_name(self) -> str:
        """The first half of the id."""
        return self.id.partition(":")[0]

    @property
    def uuid(self) -> str:
        """The second half of the id."""
        return self.id.partition(":")[2]

    @property
    def complete(self) -> bool:
        """Whether it has ended."""
        return self.end is not None

    @property
    def current_phase(self) -> PhaseType:
        """The phase it is in."""
        return self.phases[-1].type if self.phases else PhaseType.SUBMITTED

    def enter(self, phase: PhaseType) -> BuildPhase:
        """Start a phase now."""
        entered = BuildPhase(phase, time.time())
        self.phases.append(entered)
        return entered

    def leave(self, status: BuildStatus, context: PhaseContext | None = None) -> None:
        """End the current phase now."""
        phase = self.phases[-1]
        phase.end, phase.status, phase.context = time.time(), status, context

    def describe(self) -> dict[str, Any]:
        """The `Build` structure of CodeBuild's API."""
        described = {
            "id": self.id,
            "arn": self.arn,
            "buildNumber": self.number,
            "startTime": self.start,
            "endTime": self.end,
            "currentPhase": self.current_phase,
            "buildStatus": self.status,
            "sourceVersion": self.source_version,
            "resolvedSourceVersion": self.resolved_source_version,
            "projectName": self.project_name,
            "phases": [_describe_phase(phase) for phase in self.phases],
            "source": self.source,
            "secondarySources": [],
            "secondarySourceVersions": [],
            "artifacts": {"location": ""},
            "cache": self.project.get("cache") or {"type": "NO_CACHE"},
            "environment": self.environment,
            "serviceRole": self.service_role,
            "logs": self._describe_logs(),
            "timeoutInMinutes": self.timeout_minutes,
            "queuedTimeoutInMinutes": self.queued_timeout_minutes,
            "buildComplete": self.complete,
            "initiator": self.initiator,
            "encryptionKey": self.project.get("encryptionKey"),
            "exportedEnvironmentVariables": self.exported_variables,
        }
        return {name: value for name, value in described.items() if value is not None}

    def _describe_logs(self) -> dict[str, Any]:
        logs = {
            "deepLink": self.log_page,
            "cloudWatchLogs": {"status": "ENABLED", "groupName": self.log_group},
            "cloudWatchLogsArn": (
                f"arn:aws:logs:{self.region}:{self.account}:log-group:{self.log_group}:log-stream:{self.log_stream}"
            ),
        }
        # As on AWS, group and stream appear once the build writes its log.
        started = any(phase.type is PhaseType.PROVISIONING for phase in self.phases)
        return {**logs, "groupName": self.log_group, "streamName": self.log_stream} if started else logs


def _describe_phase(phase: BuildPhase) -> dict[str, Any]:
    described: dict[str, Any] = {"phaseType": phase.type, "startTime": phase.start}
    if phase.end is None or phase.status is None:
        return described
    contexts = [{"statusCode": phase.context.code, "message": phase.context.message}] if phase.context else []
    ended = {"phaseStatus": phase.status, "endTime": phase.end, "durationInSeconds": phase.seconds}
    return {**described, **ended, "contexts": contexts}
