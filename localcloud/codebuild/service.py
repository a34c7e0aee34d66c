"""CodeBuild's API for builds: StartBuild, BatchGetBuilds, ListBuildsForProject, ListBuilds and StopBuild.

The emulator handles the calls about projects. Answers and errors are as in CodeBuild's API.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from localcloud.aws import emulator
from localcloud.aws.emulator import Reply, codebuild
from localcloud.codebuild import events
from localcloud.codebuild.environment import override
from localcloud.codebuild.model import Build, BuildStatus, PhaseType
from localcloud.codebuild.role import BuildRole
from localcloud.codebuild.runner import BuildRunner, BuildSettings, BuildSlots

IDEMPOTENCY_SECONDS: Final = 300.0
_PAGE: Final = 100
_MOST_IDS: Final = 100

# Parameters of StartBuild that the local cloud supports, or that have no effect here.
_SUPPORTED: Final = {
    "projectName", "sourceVersion", "sourceTypeOverride", "sourceLocationOverride", "gitCloneDepthOverride",
    "buildspecOverride", "environmentVariablesOverride", "timeoutInMinutesOverride", "queuedTimeoutInMinutesOverride",
    "serviceRoleOverride", "imageOverride", "computeTypeOverride", "environmentTypeOverride", "idempotencyToken",
    "reportBuildStatusOverride", "buildStatusConfigOverride", "privilegedModeOverride", "insecureSslOverride",
}  # fmt: skip


class CodeBuildError(Exception):
    """An error response: `code` as in CodeBuild's service model."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class _Token:
    request: dict[str, Any]
    build: str
    until: float


@dataclass
class _RegionalBuilds:
    """The builds of one account in one region."""

    builds: dict[str, Build] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    tokens: dict[tuple[str, str], _Token] = field(default_factory=dict)


class CodeBuild:
    """CodeBuild in all accounts and regions; `log_page` returns the address of a build's log."""

    def __init__(
        self, settings: BuildSettings, concurrency: int, log_page: Callable[[str, str, str, str], str]
    ) -> None:
        self._settings, self._log_page = settings, log_page
        self._slots = BuildSlots(concurrency)
        self._by_region: dict[tuple[str, str], _RegionalBuilds] = {}
        self._runners: dict[str, BuildRunner] = {}
        self._lock = threading.RLock()
        self._projects = codebuild.handle_request
        self._actions: dict[str, Callable[[dict[str, str], dict[str, Any]], dict[str, Any]]] = {
            "StartBuild": self._start_build,
            "BatchGetBuilds": self._batch_get_builds,
            "ListBuildsForProject": self._list_builds_for_project,
            "ListBuilds": self._list_builds,
            "StopBuild": self._stop_build,
        }

    def install(self) -> None:
        """Handle CodeBuild's calls, and let the emulator authorise calls about builds on their project, as AWS does."""
        emulator.serve("codebuild", self.handle)
        original = emulator.iam_actions.extract_resource_arn

        def resource(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> Any:
            if service == "codebuild" and (projects := _projects_of(body)):
                return _project_arn(projects[0])
            return original(service, method, path, headers, body, *rest)

        emulator.iam_actions.extract_resource_arn = resource

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Reply:
        """Handle one call, with the emulator's interface for services."""
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        action = self._actions.get(operation)
        if action is None:
            reply: Reply = await self._projects(method, path, headers, body, query)
            return reply
        # The emulator authorised the first project; the builds may belong to more.
        for project in _projects_of(body)[1:]:
            if denied := emulator.denied(headers, "codebuild", f"codebuild:{operation}", _project_arn(project)):
                return denied
        try:
            return _json(200, action(headers, json.loads(body or b"{}")))
        except CodeBuildError as error:
            return _json(400, {"__type": error.code, "message": str(error)})

    def credentials(self, build_uuid: str) -> dict[str, str] | None:
        """The credentials of a running build; None for any other build."""
        runner = self._runners.get(build_uuid)
        return runner.role.container_document() if runner else None

    def running(self) -> list[Build]:
        """Builds that have not ended, in every account and region."""
        with self._lock:
            return [
                build
                for regional in self._by_region.values()
                for build in regional.builds.values()
                if not build.complete
            ]

    def close(self) -> None:
        """Stop every build and wait for its processes to end."""
        runners = list(self._runners.values())
        for runner in runners:
            runner.cancel(BuildStatus.STOPPED)
        for runner in runners:
            runner.thread.join(5)

    # --- operations ------------------------------------------------------------------------------------------------

    def _start_build(self, headers: dict[str, str], request: dict[str, Any]) -> dict[str, Any]:
        if unsupported := sorted(set(request) - _SUPPORTED):
            raise CodeBuildError("InvalidInputException", f"the local cloud does not support {', '.join(unsupported)}")
        account, region = emulator.current_scope()
        project = self._project(request.get("projectName", ""))
        with self._lock:
            regional = self._regional()
            if repeated := _repeated(regional, project["name"], request):
                return {"build": repeated.describe()}
            self._refuse_above_limit(regional, project)
            build = self._new_build(regional, account, region, project, request)
            regional.builds[build.id] = build
            if token := request.get("idempotencyToken"):
                until = time.monotonic() + IDEMPOTENCY_SECONDS
                regional.tokens[project["name"], token] = _Token(request, build.id, until)
        build.enter(PhaseType.SUBMITTED)
        self._publish(build)
        build.leave(BuildStatus.SUCCEEDED)
        role = BuildRole(build.service_role, _project_arn(project["name"]), region, build.uuid)
        runner = BuildRunner(build, role, self._settings, self._slots, self._finished)
        self._runners[build.uuid] = runner
        described = {**build.describe(), "currentPhase": str(PhaseType.QUEUED)}
        runner.thread.start()
        return {"build": described}

    def _batch_get_builds(self, headers: dict[str, str], request: dict[str, Any]) -> dict[str, Any]:
        ids = request.get("ids") or []
        if not 1 <= len(ids) <= _MOST_IDS:
            raise CodeBuildError("InvalidInputException", f"ids: between 1 and {_MOST_IDS} are allowed, not {len(ids)}")
        builds = {each: self._regional().builds.get(_build_id(each)) for each in ids}
        return {
            "builds": [build.describe() for build in builds.values() if build],
            "buildsNotFound": [each for each, build in builds.items() if not build],
        }

    def _list_builds_for_project(self, headers: dict[str, str], request: dict[str, Any]) -> dict[str, Any]:
        name = self._project(request.get("projectName", ""))["name"]
        return _paged([build for build in self._regional().builds.values() if build.project_name == name], request)

    def _list_builds(self, headers: dict[str, str], request: dict[str, Any]) -> dict[str, Any]:
        return _paged(list(self._regional().builds.values()), request)

    def _stop_build(self, headers: dict[str, str], request: dict[str, Any]) -> dict[str, Any]:
        build = self._regional().builds.get(_build_id(request.get("id", "")))
        if build is None:
            raise CodeBuildError("ResourceNotFoundException", f"Build not found: {request.get('id', '')}")
        runner = self._runners.get(build.uuid)
        if runner is None:
            return {"build": build.describe()}
        # Stopping waits for the build's processes; as on AWS, the caller does not wait.
        threading.Thread(target=runner.cancel, args=(BuildStatus.STOPPED,), daemon=True).start()
        return {"build": {**build.describe(), "buildStatus": str(BuildStatus.STOPPED)}}

    # --- parts -----------------------------------------------------------------------------------------------------

    def _regional(self) -> _RegionalBuilds:
        with self._lock:
            return self._by_region.setdefault(emulator.current_scope(), _RegionalBuilds())

    def _project(self, name: str) -> dict[str, Any]:
        record = codebuild._projects.get(name.rpartition("project/")[2])
        if record is None:
            raise CodeBuildError("ResourceNotFoundException", f"Project cannot be found: {_project_arn(name)}")
        project: dict[str, Any] = record
        return project

    def _refuse_above_limit(self, regional: _RegionalBuilds, project: dict[str, Any]) -> None:
        limit = int(project.get("concurrentBuildLimit") or 0)
        live = [each for each in regional.builds.values() if each.project_name == project["name"] and not each.complete]
        if limit and len(live) >= limit:
            message = f"Cannot have more than {limit} builds in queue for the project {project['name']}"
            raise CodeBuildError("AccountLimitExceededException", message)

    def _new_build(
        self, regional: _RegionalBuilds, account: str, region: str, project: dict[str, Any], request: dict[str, Any]
    ) -> Build:
        name = project["name"]
        regional.numbers[name] = regional.numbers.get(name, 0) + 1
        identity = str(uuid.uuid4())
        group, stream = _log_names(project, identity)
        return Build(
            id=f"{name}:{identity}",
            number=regional.numbers[name],
            account=account,
            region=region,
            project=project,
            request=request,
            source=_source(project, request),
            source_version=request.get("sourceVersion") or project.get("sourceVersion") or "",
            environment=_environment(project, request),
            service_role=request.get("serviceRoleOverride") or project["serviceRole"],
            initiator=_initiator(emulator.caller_arn()),
            log_group=group,
            log_stream=stream,
            log_page=self._log_page(account, region, group, stream),
            timeout_minutes=_minutes(request, "timeoutInMinutesOverride", project.get("timeoutInMinutes") or 60),
            queued_timeout_minutes=_minutes(
                request, "queuedTimeoutInMinutesOverride", project.get("queuedTimeoutInMinutes") or 480, most=480
            ),
        )

    def _finished(self, build: Build) -> None:
        self._runners.pop(build.uuid, None)
        self._publish(build)

    def _publish(self, build: Build) -> None:
        detail = events.state_change(build)
        emulator.publish(build.account, build.region, events.SOURCE, events.DETAIL_TYPE, detail, [build.arn])


def _repeated(regional: _RegionalBuilds, project: str, request: dict[str, Any]) -> Build | None:
    """The build that the same request started less than five minutes ago."""
    token = regional.tokens.get((project, request.get("idempotencyToken", "")))
    if token is None or token.until < time.monotonic():
        return None
    if token.request != request:
        raise CodeBuildError("InvalidInputException", "Idempotency token was already used with different parameters")
    return regional.builds[token.build]


def _source(project: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    overrides = {
        "type": request.get("sourceTypeOverride"),
        "location": request.get("sourceLocationOverride"),
        "buildspec": request.get("buildspecOverride"),
        "gitCloneDepth": request.get("gitCloneDepthOverride"),
    }
    return {**project.get("source", {}), **{name: value for name, value in overrides.items() if value is not None}}


def _environment(project: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    environment = project.get("environment") or {}
    overrides = {
        "image": request.get("imageOverride"),
        "computeType": request.get("computeTypeOverride"),
        "type": request.get("environmentTypeOverride"),
    }
    variables = override(
        environment.get("environmentVariables") or [], request.get("environmentVariablesOverride") or []
    )
    typed = [{**each, "type": each.get("type") or "PLAINTEXT"} for each in variables]
    overridden = {name: value for name, value in overrides.items() if value is not None}
    return {**environment, **overridden, "environmentVariables": typed}


def _log_names(project: dict[str, Any], identity: str) -> tuple[str, str]:
    configured = (project.get("logsConfig") or {}).get("cloudWatchLogs") or {}
    prefix = configured.get("streamName")
    group = configured.get("groupName") or f"/aws/codebuild/{project['name']}"
    return group, f"{prefix}/{identity}" if prefix else identity


def _minutes(request: dict[str, Any], name: str, default: object, most: int = 2160) -> int:
    value = request.get(name)
    if value is None:
        return int(str(default))
    if not isinstance(value, int) or not 5 <= value <= most:
        raise CodeBuildError(
            "InvalidInputException", f"{name}: between 5 and {most} minutes are allowed, not {value!r}"
        )
    return value


def _initiator(caller: str) -> str:
    """Who started it, as CodeBuild shows it: `role/session`, a user's name or `root`."""
    return caller.rpartition(":")[2].removeprefix("assumed-role/").removeprefix("user/")


def _projects_of(body: bytes) -> list[str]:
    """The projects of the builds in a request, each once; builds are ids or ARNs."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return []
    if not isinstance(request, dict):
        return []
    ids = request.get("ids") if isinstance(request.get("ids"), list) else [request.get("id")]
    return list(dict.fromkeys(_build_id(each).partition(":")[0] for each in ids or [] if isinstance(each, str)))


def _build_id(id_or_arn: str) -> str:
    return id_or_arn.rpartition(":build/")[2]


def _project_arn(name: str) -> str:
    account, region = emulator.current_scope()
    return name if name.startswith("arn:") else f"arn:aws:codebuild:{region}:{account}:project/{name}"


def _paged(builds: list[Build], request: dict[str, Any]) -> dict[str, Any]:
    newest_first = request.get("sortOrder", "DESCENDING") == "DESCENDING"
    ids = [build.id for build in sorted(builds, key=lambda build: build.start, reverse=newest_first)]
    start = int(request.get("nextToken") or 0)
    more = {"nextToken": str(start + _PAGE)} if len(ids) > start + _PAGE else {}
    return {"ids": ids[start : start + _PAGE], **more}


def _json(status: int, body: dict[str, Any]) -> Reply:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode()
