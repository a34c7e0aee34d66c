"""Runs one build, from the queue to its end."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from localcloud.aws import emulator
from localcloud.codebuild import buildspec, environment, source
from localcloud.codebuild.buildspec import Buildspec, BuildspecError, OnPhaseFailure, PhaseCommands
from localcloud.codebuild.container import kill_processes
from localcloud.codebuild.model import Build, BuildStatus, PhaseContext, PhaseType
from localcloud.codebuild.role import BuildRole, RoleError
from localcloud.codebuild.shell import Shell, ShellInterrupted

logger = logging.getLogger("localcloud.codebuild")

# Programs such as Ansible create sockets below TMPDIR, and their paths must be shorter than 108 bytes.
_LONGEST_TMP: Final = 74
_COMMAND_PHASES: Final = (PhaseType.INSTALL, PhaseType.PRE_BUILD, PhaseType.BUILD, PhaseType.POST_BUILD)


class BuildSlots:
    """Limits how many builds run at the same time; the others wait in order."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    def acquire(self, cancelled: threading.Event, seconds: float) -> bool:
        """Wait for a slot; False when cancelled or after a time-out."""
        ticket, deadline = object(), time.monotonic() + seconds
        with self._changed:
            self._waiting.append(ticket)
            while not cancelled.is_set() and time.monotonic() < deadline:
                if self._free and self._waiting[0] is ticket:
                    self._waiting.popleft()
                    self._free -= 1
                    return True
                self._changed.wait(deadline - time.monotonic())
            self._waiting.remove(ticket)
            self._changed.notify_all()
            return False

    def release(self) -> None:
        """Release a slot."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def wake(self) -> None:
        """Let waiting builds check whether they were cancelled."""
        with self._changed:
            self._changed.notify_all()


@dataclass(frozen=True)
class BuildSettings:
    """Settings that all builds of the local cloud share."""

    endpoint: str
    builds: Path
    repositories: Path
    image: dict[str, str]
    minute: float = 60.0
    """Seconds in a minute of a build's time-outs; tests shorten it."""


class _Ended(Exception):
    """The build ends in the current phase."""

    def __init__(self, build: BuildStatus, phase: BuildStatus, context: PhaseContext | None = None) -> None:
        self.build, self.phase, self.context = build, phase, context
        super().__init__(context.message if context else build)


class BuildRunner:
    """Runs one build in a thread. `finished` is called once, after the build has ended."""

    def __init__(
        self,
        build: Build,
        role: BuildRole,
        settings: BuildSettings,
        slots: BuildSlots,
        finished: Callable[[Build], None],
    ) -> None:
        self.build, self.role = build, role
        self._settings, self._slots, self._finished = settings, slots, finished
        self._directory = settings.builds / build.uuid.replace("-", "")[:12]
        self._tmp = self._directory / "tmp"
        self._cancelled = threading.Event()
        self._cause = BuildStatus.STOPPED
        self._shell: Shell | None = None
        self._log: emulator.LogStream | None = None
        self.thread = threading.Thread(target=self._run, name=f"build {build.id}", daemon=True)

    def cancel(self, cause: BuildStatus) -> None:
        """End the build now as STOPPED or TIMED_OUT; later calls have no effect."""
        if self._cancelled.is_set() or self.build.complete:
            return
        self._cause = cause
        self._cancelled.set()
        self._slots.wake()
        if self._shell is not None:
            self._shell.interrupt()

    def _run(self) -> None:
        try:
            self._run_phases()
            self._end(BuildStatus.SUCCEEDED)
        except _Ended as ended:
            self._end_phase(ended.phase, ended.context)
            self._end(ended.build)
        except Exception as error:
            logger.exception("build %s", self.build.id)
            self._end_phase(BuildStatus.FAULT, PhaseContext("INTERNAL_ERROR", str(error)))
            self._end(BuildStatus.FAULT)

    def _run_phases(self) -> None:
        self._queue()
        timer = threading.Timer(
            self.build.timeout_minutes * self._settings.minute, self.cancel, args=(BuildStatus.TIMED_OUT,)
        )
        timer.daemon = True
        timer.start()
        try:
            self._provision()
            spec = self._download()
            self._run_commands(spec)
        finally:
            timer.cancel()
            if self._shell is not None:
                self._shell.close()
                kill_processes(self.build.id)
            self._slots.release()
            for path in (self._directory, self._tmp):
                shutil.rmtree(path, ignore_errors=True)

    def _queue(self) -> None:
        self.build.enter(PhaseType.QUEUED)
        seconds = self.build.queued_timeout_minutes * self._settings.minute
        if not self._slots.acquire(self._cancelled, seconds):
            cause = self._cause if self._cancelled.is_set() else BuildStatus.TIMED_OUT
            raise _Ended(cause, cause)
        self.build.leave(BuildStatus.SUCCEEDED)

    def _provision(self) -> None:
        self.build.enter(PhaseType.PROVISIONING)
        build = self.build
        stream = (
            f"arn:aws:logs:{build.region}:{build.account}:log-group:{build.log_group}:log-stream:{build.log_stream}"
        )
        try:
            self.role.credentials()
            for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
                self.role.require(action, stream, f"create Amazon CloudWatch Logs log streams for build {build.arn}")
            for action, resource in environment.pull_permissions(build.environment):
                self.role.require(action, resource, f"pull image {build.environment['image']}")
        except RoleError as refused:
            raise _refused(str(refused)) from refused
        self._log = emulator.log_stream(build.account, build.region, build.log_group, build.log_stream)
        for name in ("home", "tmp", "shell"):
            (self._directory / name).mkdir(parents=True)
        if len(str(self._tmp)) > _LONGEST_TMP:
            self._tmp = Path(mkdtemp(prefix="pointsman-", dir="/tmp"))
        build.leave(BuildStatus.SUCCEEDED)
        self._log_line("Waiting for agent ping")

    def _download(self) -> Buildspec:
        self._check()
        build = self.build
        build.enter(PhaseType.DOWNLOAD_SOURCE)
        self._log_line("Waiting for DOWNLOAD_SOURCE")
        root = self._directory / "src"
        try:
            self._fetch(root)
            spec = buildspec.parse(_buildspec_text(build.source.get("buildspec") or "buildspec.yml", root))
            self._shell = self._new_shell(spec, root)
        except source.SourceError as error:
            raise _refused(str(error)) from error
        except BuildspecError as error:
            raise _refused(str(error), "YAML_FILE_ERROR") from error
        except RoleError as error:
            raise _refused(str(error)) from error
        self._log_line(f"CODEBUILD_SRC_DIR={root}")
        self._leave(BuildStatus.SUCCEEDED)
        return spec

    def _fetch(self, root: Path) -> None:
        """Bring the source into `root`. Raises SourceError."""
        build, location = self.build, self.build.source.get("location", "")
        if build.source.get("type") == "S3":
            source.fetch_archive(self.role.client("s3", self._settings.endpoint), location, root)
            return
        submodules = build.source.get("gitSubmodulesConfig") or {}
        source.require_kind(build.source.get("type", ""), location)
        build.resolved_source_version = source.fetch(
            self._settings.repositories,
            location,
            build.source_version,
            root,
            submodules=bool(submodules.get("fetchSubmodules")),
        )

    def _new_shell(self, spec: Buildspec, root: Path) -> Shell:
        def look_up(kind: str, reference: str) -> str:
            return self.role.look_up(self._settings.endpoint, kind, reference)

        uri = f"{self._settings.endpoint}/_codebuild/credentials/{self.build.uuid}"
        variables = environment.merge(
            self._settings.image,
            environment.privileged_variables(self.build, self._settings.image),
            environment.build_variables(self.build, self._directory, self._settings.endpoint, uri),
            {"TMPDIR": str(self._tmp)},
            spec.variables,
            {name: look_up("PARAMETER_STORE", reference) for name, reference in spec.parameter_store.items()},
            {name: look_up("SECRETS_MANAGER", reference) for name, reference in spec.secrets_manager.items()},
            environment.declared_values(self.build.environment.get("environmentVariables") or [], look_up),
        )
        return Shell(spec.shell, variables, root, self._directory / "shell", self._write)

    def _run_commands(self, spec: Buildspec) -> None:
        succeeding = True
        for phase in _COMMAND_PHASES:
            commands = spec.phases.get(phase, PhaseCommands())
            succeeded = self._run_phase(phase, commands, succeeding)
            succeeding = succeeding and succeeded
            if not succeeded and not _continues_after_failure(phase, commands.on_failure):
                break
        else:
            self._pass(PhaseType.UPLOAD_ARTIFACTS)
        self._export(spec)
        self._pass(PhaseType.FINALIZING)
        if not succeeding:
            self.build.status = BuildStatus.FAILED

    def _run_phase(self, phase: PhaseType, commands: PhaseCommands, succeeding: bool) -> bool:
        self._check()
        self.build.enter(phase)
        self._log_line(f"Entering phase {phase}")
        failure = self._run_list(commands.commands, succeeding)
        failure_of_finally = self._run_list(commands.finally_, succeeding and failure is None)
        context = failure or failure_of_finally
        self._leave(BuildStatus.FAILED if context else BuildStatus.SUCCEEDED, context)
        return context is None

    def _run_list(self, commands: tuple[str, ...], succeeding: bool) -> PhaseContext | None:
        """Run commands until one fails; the reason for the failure."""
        for command in commands:
            self._log_line(f"Running command {command}")
            try:
                status = self._running_shell.run(command, {"CODEBUILD_BUILD_SUCCEEDING": "1" if succeeding else "0"})
            except ShellInterrupted:
                self._check()
                raise
            if status:
                self._log_line(f"Command did not exit successfully {command} exit status {status}")
                message = f"Error while executing command: {command}. Reason: exit status {status}"
                return PhaseContext("COMMAND_EXECUTION_ERROR", message)
        return None

    def _export(self, spec: Buildspec) -> None:
        values = {name: self._running_shell.variable(name) for name in spec.exported_variables}
        self.build.exported_variables = [
            {"name": name, "value": value} for name, value in values.items() if value is not None
        ]

    @property
    def _running_shell(self) -> Shell:
        if self._shell is None:
            raise RuntimeError("commands need a shell, which exists after the download")
        return self._shell

    def _pass(self, phase: PhaseType) -> None:
        self._check()
        self.build.enter(phase)
        self.build.leave(BuildStatus.SUCCEEDED)

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise _Ended(self._cause, self._cause)

    def _end_phase(self, status: BuildStatus, context: PhaseContext | None) -> None:
        """End the interrupted phase; does nothing between two phases."""
        if self.build.phases[-1].end is None:
            self._leave(status, context)

    def _leave(self, status: BuildStatus, context: PhaseContext | None = None) -> None:
        self.build.leave(status, context)
        self._log_line(f"Phase complete: {self.build.current_phase} State: {status}")
        code, message = (context.code, context.message) if context else ("", "")
        self._log_line(f"Phase context status code: {code} Message: {message}")

    def _end(self, status: BuildStatus) -> None:
        build = self.build
        if build.status is BuildStatus.IN_PROGRESS:
            build.status = status
        build.enter(PhaseType.COMPLETED)
        build.end = time.time()
        self._finished(build)

    def _log_line(self, message: str) -> None:
        """Log a line of CodeBuild itself."""
        self._write(f"[Container] {datetime.now(UTC).strftime('%Y/%m/%d %H:%M:%S.%f')} {message}")

    def _write(self, line: str) -> None:
        if self._log is not None:
            self._log.append(int(time.time() * 1000), line)


def _continues_after_failure(phase: PhaseType, on_failure: OnPhaseFailure | None) -> bool:
    """Whether the next phase runs after a failure: by default only post_build, after build."""
    return on_failure is OnPhaseFailure.CONTINUE or (phase is PhaseType.BUILD and on_failure is None)


def _refused(message: str, code: str = "CLIENT_ERROR") -> _Ended:
    return _Ended(BuildStatus.FAILED, BuildStatus.FAILED, PhaseContext(code, message))


def _buildspec_text(where: str, root: Path) -> str:
    """The buildspec itself, from the project or from a file of the source."""
    if "\n" in where or where.lstrip().startswith("version"):
        return where
    path = (root / where).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        raise BuildspecError(f"stat {root / where}: no such file or directory")
    return path.read_text()
