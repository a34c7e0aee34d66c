"""Tells Pointsman what Ansible did on each host.

It never fails a play. It fails a run that reached no host at all: nothing was done, which must not look like success.
"""

import functools
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ansible.context  # type: ignore[import-untyped]
from ansible.plugins.callback import CallbackBase  # type: ignore[import-untyped]
from ansible.template import Templar  # type: ignore[import-untyped]

DOCUMENTATION = """
name: pointsman
type: notification
short_description: Sends what was done on each host to Pointsman
description:
  - Sends one C(HostResultRecorded) event for each host when the run ends, with its counts and changed or failed tasks.
  - Keeps the same in a file as the run goes on, from which C(bin/send-results) sends what this could not.
  - Takes its settings from the environment (C(POINTSMAN_*)), as the build sets it.
  - Sends nothing without C(POINTSMAN_BUS) and C(POINTSMAN_ROLLOUT).
  - Ends a run that reached no host with exit status 1, unless C(POINTSMAN_ALLOW_NO_HOSTS=true).
requirements:
  - enabled in C(callbacks_enabled)
"""

# Views of all variables at once, of all hosts even: what a host's own are is told beside them.
_WHOLE_VIEWS = frozenset({"hostvars", "vars"})


def _load_host_results() -> None:
    """Make the package beside this directory importable: Ansible loads a plugin by its file, outside of any package."""
    if "host_results" in sys.modules:
        return
    file = Path(__file__).resolve().parent.parent / "host_results" / "__init__.py"
    spec = importlib.util.spec_from_file_location("host_results", file, submodule_search_locations=[str(file.parent)])
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {file}")
    module = importlib.util.module_from_spec(spec)
    sys.modules["host_results"] = module
    spec.loader.exec_module(module)


_load_host_results()

from host_results import environment  # noqa: E402
from host_results.deliver import deliver  # noqa: E402
from host_results.recorder import Outcome, Recorder  # noqa: E402
from host_results.redact import Redactor  # noqa: E402
from host_results.result import Counts  # noqa: E402
from host_results.spool import Spool  # noqa: E402

_NO_HOSTS = (
    "this run reached no host, so nothing was done. Check that running instances carry the tag pointsman:managed=true, "
    "that AWS_REGION is their region and the account is theirs, and that POINTSMAN_LIMIT and POINTSMAN_TAGS leave "
    "something to do. Set POINTSMAN_ALLOW_NO_HOSTS=true where no host is no fault."
)


def _never_fails[**P](method: Callable[P, None]) -> Callable[P, None]:
    """Turn whatever goes wrong in recording into one warning: the hosts matter more than their record."""

    @functools.wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(*args, **kwargs)
        except Exception as error:
            plugin = args[0]
            if isinstance(plugin, CallbackModule):
                plugin.warn_once(f"could not record ({method.__name__}): {type(error).__name__}")

    return guarded


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Translates Ansible's events for a Recorder, and delivers what it gathered."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "pointsman"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._recorder: Recorder | None = None
        self._spool = Spool(environment.spool_file())
        self._redactor = Redactor()
        self._play: Any = None
        self._reached_no_host = False
        self._warned: set[str] = set()

    def warn_once(self, message: str) -> None:
        """Show a warning, the first time."""
        if message not in self._warned:
            self._warned.add(message)
            self._display.warning(f"pointsman: {message}")

    @_never_fails
    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._redactor.learn_named(os.environ)
        run = environment.context(check=bool(ansible.context.CLIARGS.get("check")))
        self._recorder = Recorder(self._spool, run, environment.ANSIBLE_DIRECTORY, self._redactor)

    @_never_fails
    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._play = play

    @_never_fails
    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        if self._recorder is None:
            return
        name = str(host.get_name())
        if not self._recorder.knows(name):
            variables = self._variables(host)
            self._recorder.meet(name, variables.get("instance_id"))
            self._learn_secrets(name, variables)
        self._recorder.start(name, task._uuid)

    def _learn_secrets(self, host: str, variables: Mapping[str, Any]) -> None:
        """Learn the host's secrets. Their templates alone are rendered: those of other variables may do anything."""
        own = {name: value for name, value in variables.items() if name not in _WHOLE_VIEWS}
        templar = Templar(loader=self._play.get_loader() if self._play else None, variables=variables)
        for name in self._redactor.learn_named(own, templar.template):
            self.warn_once(f"could not read {name} of {host}: its value is not known as a secret")

    def _variables(self, host: Any) -> Mapping[str, Any]:
        if self._play is None:
            return {}
        try:
            found: Mapping[str, Any] = self._play.get_variable_manager().get_vars(play=self._play, host=host)
        except Exception as error:  # A play's variables can hold anything; the host is recorded without them.
            self.warn_once(f"could not read the variables of {host.get_name()}: {type(error).__name__}")
            return {}
        return found

    @_never_fails
    def v2_runner_on_ok(self, result: Any) -> None:
        self._record(result, "ok")

    @_never_fails
    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._record(result, "failed", ignored=bool(ignore_errors))

    @_never_fails
    def v2_runner_on_skipped(self, result: Any) -> None:
        self._record(result, "skipped")

    @_never_fails
    def v2_runner_on_unreachable(self, result: Any) -> None:
        if self._recorder is not None:
            self._record(result, "unreachable", ignored=bool(result.task.ignore_unreachable))

    def _record(self, result: Any, kind: Any, *, ignored: bool = False) -> None:
        if self._recorder is None:
            return
        task = result.task
        secret = bool(task.no_log) or "censored" in result.result or bool(result.result.get("_ansible_no_log"))
        outcome = Outcome(
            kind=kind,
            name=_name(task, secret=secret),
            role=str(task._role.get_name()) if task._role else None,
            path=str(task.get_path() or ""),
            action=str(task.resolved_action or task.action),
            result=result.result,
            ignored=ignored,
            secret=secret,
        )
        self._recorder.end(str(result.host.get_name()), task._uuid, outcome)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._tell(stats)
        if self._reached_no_host and not environment.allows_no_hosts():
            self._display.error(f"pointsman: {_NO_HOSTS}")
            sys.exit(1)  # The one way for a callback to fail a run: Ansible turns an exception into a warning.

    @_never_fails
    def _tell(self, stats: Any) -> None:
        self._reached_no_host = not stats.processed
        if self._recorder is None:
            return
        results = self._recorder.finish({str(host): _counts(stats.summarize(host)) for host in sorted(stats.processed)})
        if self._recorder.spool_fault:
            self.warn_once(f"no spool: {self._recorder.spool_fault}")
        bus = environment.bus()
        if bus is None:
            return
        for unsent, reason in deliver(results, self._spool, bus).refused:
            self.warn_once(f"the result of {unsent.host} is not sent yet: {reason}")


def _name(task: Any, *, secret: bool) -> str:
    """A task's name; of a secret task as it is written, for what its templates held may be the secret."""
    written = task._ds if secret else None
    if isinstance(written, Mapping) and written.get("name"):
        return str(written["name"])
    return str(task.name or task.get_name())


def _counts(summary: Mapping[str, int]) -> Counts:
    """Ansible's recap of one host."""
    named = {"failed" if name == "failures" else name: int(count) for name, count in summary.items()}
    return Counts(**named)
