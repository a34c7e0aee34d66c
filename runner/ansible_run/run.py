"""One run: checks the build's variables, reads secrets, installs what the repository requires, and runs Ansible."""

import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from host_results.spool import Spool
from host_results.stored_secrets import learn_values
from redaction import Redactor

from . import instances, kept_secrets
from .command import arguments, is_check_build
from .directories import BUILD_DIRECTORY, prepare, remove_callbacks
from .failure_reason import Tail, with_hint
from .report import Report
from .requirements import Installed, environment_for, install
from .secrets import ClientOf, read_secrets
from .settings import SettingsError, ansible_environment
from .supervise import Exit, Limits, Supervisor
from .variables import Variables, WrongVariablesError

SECONDS_TO_REPORT = 180.0  # of the build's time, reserved for sending the results
BROKEN = 1  # exit status when the runner itself fails
REFUSED = 2  # exit status when a variable, a secret or ansible.cfg is wrong


class CannotStartError(Exception):
    """Ansible cannot start. Has how the run ends."""

    def __init__(self, end: Exit) -> None:
        super().__init__(end.stop_reason)
        self.end = end


class NothingToDoError(Exception):
    """No host is to be configured. The message says why; the run succeeds."""


class PlaybookRun:
    """Runs the playbook of one build."""

    def __init__(self, environ: Mapping[str, str], spool: Spool, client: ClientOf) -> None:
        self._environ = environ
        self._client = client
        self._variables = Variables(environ)
        self._project = self._variables.project
        self._redactor = Redactor()
        self._report = Report(spool, self._project)
        self._supervisor = Supervisor(self._report.tick, mask=self._redactor.hide_known)

    def run(self) -> int:
        """Run Ansible and report how it ended. Returns the exit status of the run."""
        os.chdir(self._project)
        try:
            return self._report.end(self._run_ansible())
        except NothingToDoError as error:
            return self._report.nothing_to_do(str(error))
        except CannotStartError as error:
            return self._report.end(error.end)
        except Exception as error:  # such as a full disk: the trail must have the reason
            print(self._redactor.hide_known(traceback.format_exc()), file=sys.stderr, flush=True)
            return self._report.end(Exit(BROKEN, f"The runner failed: {type(error).__name__}", Tail(), Tail()))
        finally:
            kept_secrets.forget()
            remove_callbacks()

    def _run_ansible(self) -> Exit:
        try:
            prepare(self._environ, self._project)
            *command, playbook = arguments(self._environ, write_extra_vars)
            places = self._keep_secrets()
            installed = self._install()
            options = self._variables.options
            environ = ansible_environment(
                {**self._environ, **options.environment, **places, "POINTSMAN_SERIAL": options.serial},
                self._project,
                installed,
            )
        except WrongVariablesError as error:
            raise _refused(error.errors) from error
        except SettingsError as error:
            raise _refused([str(error)]) from error
        if secret := places.get("POINTSMAN_SECRETS"):
            command.append(f"--extra-vars=@{secret}")
        if ids := self._variables.get("POINTSMAN_INSTANCES"):
            self._wait_for_instances(ids, command, environ)
        return self._start(["ansible-playbook", *command, playbook], environ)

    def _wait_for_instances(self, ids: str, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Wait until new instances answer. One that does not is unreachable to the playbook, which reports it."""
        instances.write_inventory(ids)
        end = self._start(instances.waiting_command(command), instances.waiting_environment(environ))
        if end.stop_reason:
            raise CannotStartError(end)
        if end.errors.has(instances.NO_HOSTS) or end.output.has(instances.NO_HOSTS):
            raise NothingToDoError(f"No host of the route's inventory and limit is one of the instances {ids}")

    def _keep_secrets(self) -> dict[str, str]:
        """Read the secrets that the options name, and keep them for Ansible. A check may read none."""
        secrets = read_secrets(self._variables.options, self._client)
        if secrets.errors and not is_check_build(self._environ):
            raise WrongVariablesError(list(secrets.errors))
        for error in secrets.errors:
            print(f"run-playbook: continuing without a secret: {error}", file=sys.stderr, flush=True)
        learn_values(self._redactor, secrets.values())
        return kept_secrets.keep(secrets)

    def _install(self) -> Installed:
        ended: list[Exit] = []

        def run(command: Sequence[str], more: Mapping[str, str]) -> bool:
            ended.append(self._start(command, {**environment_for(self._environ), **more}))
            return ended[-1].status == 0

        installed = install(self._project, self._variables.options.requirements, self._environ, run)
        if installed is None:
            raise CannotStartError(self._with_reason(ended[-1]))
        return installed

    def _with_reason(self, end: Exit) -> Exit:
        found = end.stop_reason or end.errors.reason(str(self._project)) or end.output.reason(str(self._project))
        reason = f"The repository's requirements cannot be installed: {found or 'see the log'}"
        return Exit(end.status, with_hint(reason), end.errors, end.output)

    def _start(self, command: Sequence[str], environ: Mapping[str, str]) -> Exit:
        program = shutil.which(command[0], path=environ["PATH"])
        if program is None:
            raise _refused([f"{command[0]} is missing: run bin/install-ansible"])
        print("+", Path(command[0]).name, *command[1:], flush=True)
        return self._supervisor.run([program, *command[1:]], environ, str(self._project), deadline(self._environ))


def _refused(errors: Sequence[str]) -> CannotStartError:
    return CannotStartError(Exit(REFUSED, "; ".join(errors), Tail(), Tail()))


def write_extra_vars(values: dict[str, Any]) -> Path:
    """Store the extra variables in a file of the build directory that only its owner can read."""
    path = BUILD_DIRECTORY / "extra-vars.json"
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(values, file)
    return path


def deadline(environ: Mapping[str, str]) -> Limits:
    """When Ansible must end, so that its results are sent before CodeBuild stops the build.

    CodeBuild sets when the build started, in milliseconds. POINTSMAN_TIMEOUT_MINUTES has the build's time-out.
    """
    minutes = environ.get("POINTSMAN_TIMEOUT_MINUTES", "")
    if not minutes.isdecimal() or not int(minutes):
        return Limits()
    started = environ.get("CODEBUILD_START_TIME", "")
    start = int(started) / 1000 if started.isdecimal() else time.time()
    allowed = int(minutes) * 60.0
    return Limits(start + allowed - min(SECONDS_TO_REPORT, allowed / 4), int(minutes))
