"""Tells Pointsman what Ansible did on each host.

It never fails a play. It fails a run that did nothing where something was meant: one that reached no host at all, and
one with a role that has no file, as a submodule that was not fetched.
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

DOCUMENTATION = """
name: pointsman
type: notification
short_description: Records what was done on each host for Pointsman
description:
  - Keeps each host's counts and changed or failed tasks in a file as the run goes on.
  - C(bin/run-playbook) sends from that file.
  - Without C(bin/run-playbook) it sends one C(HostResultRecorded) event for each host itself when the run ends.
  - Takes its settings from the environment (C(POINTSMAN_*)), as the build sets it.
  - Sends nothing without C(POINTSMAN_BUS), nor outside a build without C(POINTSMAN_ROLLOUT).
  - Ends a run that reached no host with exit status 1, unless C(POINTSMAN_ALLOW_NO_HOSTS=true).
requirements:
  - enabled in C(callbacks_enabled)
"""


def _load_package(name: str) -> None:
    """Make a package beside this directory importable: Ansible loads a plugin by its file, outside of any package."""
    if name in sys.modules:
        return
    file = Path(__file__).resolve().parent.parent / name / "__init__.py"
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=[str(file.parent)])
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {file}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


_load_package("redaction")
_load_package("host_results")

from host_results import ansible_words, build_log, environment  # noqa: E402
from host_results.deliver import deliver_all  # noqa: E402
from host_results.observe import Observer  # noqa: E402
from host_results.recorder import Item, Recorder  # noqa: E402
from host_results.spool import Spool  # noqa: E402
from redaction import Redactor  # noqa: E402

_NO_HOSTS = (
    "this run reached no host, so nothing was done. Check that running instances carry the tag pointsman:managed=true, "
    "that AWS_REGION is their region and the account is theirs, and that the play's hosts, POINTSMAN_LIMIT and "
    "POINTSMAN_TAGS leave something to do. Set POINTSMAN_ALLOW_NO_HOSTS=true where no host is no fault."
)
_EMPTY_ROLE = (
    "role {} has no file ({}), so nothing of it would run. If it is a Git submodule, let the build fetch submodules; "
    "else commit its files or take it out of the play."
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
    """Translates Ansible's events for a Recorder."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "pointsman"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._recorder: Recorder | None = None
        self._spool = Spool(environment.spool_file())
        self._redactor = Redactor()
        self._observer = Observer(self._redactor.learn_secret)
        self._blind = False
        self._playbook: Any = None
        self._play: Any = None
        self._failures = ansible_words.Failures()
        self._items: dict[tuple[str, str], list[Item]] = {}
        self._reached_hosts = False
        self._reached_no_host = False
        self._empty_roles: dict[str, str] = {}
        self._warned: set[str] = set()

    def warn_once(self, message: str) -> None:
        """Show a warning, the first time."""
        if message not in self._warned:
            self._warned.add(message)
            self._display.warning(f"pointsman: {message}")

    @_never_fails
    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._redactor.learn_named(os.environ)
        self._playbook = playbook
        self._watch(playbook)
        run = environment.context(check=bool(ansible.context.CLIARGS.get("check")))
        self._recorder = Recorder(self._spool, run, environment.ANSIBLE_DIRECTORY, self._redactor)

    def _watch(self, playbook: Any) -> None:
        """Watch for secrets. Where that is not possible, no text of a task is told at all."""
        try:
            self._observer.watch()
            build_log.mask(self._redactor, self._observer.update_route_status)
            self._observer.take_file_cache(getattr(playbook, "_loader", None))
        except Exception as error:
            self._blind = True
            self.warn_once(f"no message or difference is recorded: secrets cannot be watched ({type(error).__name__})")

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._begin(play)
        self._refuse_empty_roles(play)

    @_never_fails
    def _begin(self, play: Any) -> None:
        self._note_cut_off()
        self._play = play
        self._failures.begin(play)
        every, batch = ansible_words.hosts_of(play)
        self._reached_hosts = self._reached_hosts or bool(batch)
        if self._recorder is not None:
            self._recorder.play(str(play._uuid), every, batch)

    def _note_cut_off(self) -> None:
        if self._recorder is not None:
            self._recorder.cut_off(self._failures.taken_out())

    @_never_fails
    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        if self._recorder is None:
            return
        name = str(host.get_name())
        if not self._recorder.knows(name):
            variables = self._variables(host)
            self._recorder.meet(name, variables.get("instance_id"))
        self._recorder.start(name, task._uuid)

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
    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._keep_item(result, "ok")

    @_never_fails
    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._keep_item(result, "failed")

    @_never_fails
    def v2_runner_item_on_skipped(self, result: Any) -> None:
        self._keep_item(result, "skipped")

    @_never_fails
    def v2_runner_on_ok(self, result: Any) -> None:
        self._record(result, "ok")

    @_never_fails
    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        rescued = self._recorder is not None and not ignore_errors and not self._failures.is_failure(result.host)
        self._record(result, "failed", ignored=bool(ignore_errors), rescued=rescued)

    @_never_fails
    def v2_runner_on_skipped(self, result: Any) -> None:
        self._record(result, "skipped")

    @_never_fails
    def v2_runner_on_unreachable(self, result: Any) -> None:
        ignored = self._recorder is not None and not self._failures.is_failure(result.host)
        self._record(result, "unreachable", ignored=ignored)

    def _keep_item(self, result: Any, kind: Any) -> None:
        if self._recorder is None:
            return
        key = (str(result.host.get_name()), str(result.task._uuid))
        self._items.setdefault(key, []).append(ansible_words.item_of(result, kind))

    def _record(self, result: Any, kind: Any, *, ignored: bool = False, rescued: bool = False) -> None:
        if self._recorder is None:
            return
        self._observer.update_route_status()
        host, task = str(result.host.get_name()), str(result.task._uuid)
        items = self._items.pop((host, task), None)
        outcome = ansible_words.outcome_of(result, kind, items, ignored=ignored, rescued=rescued)
        if self._blind:
            outcome = outcome.hidden()
        self._recorder.end(host, task, outcome)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._tell(stats)
        if self._play is not None:
            self._refuse_empty_roles(self._play)
        if self._reached_no_host and not environment.allows_no_hosts():
            self._fail(_NO_HOSTS)

    @_never_fails
    def _refuse_empty_roles(self, play: Any) -> None:
        """End the run for a role without any file. An included role is known once its play has run."""
        for name, path in ansible_words.empty_roles(play):
            self._fail(_EMPTY_ROLE.format(name, path))

    def _fail(self, why: str) -> None:
        self._display.error(f"pointsman: {why}")
        sys.exit(1)  # The one way for a callback to fail a run: Ansible turns an exception into a warning.

    @_never_fails
    def _tell(self, stats: Any) -> None:
        self._reached_no_host = not (self._reached_hosts or stats.processed)
        if self._recorder is None:
            return
        self._note_cut_off()
        for play, hosts in ansible_words.plays_left_out(self._playbook):
            self._recorder.play(play, hosts, [])
        self._recorder.finish(
            {str(host): ansible_words.counts(stats.summarize(host)) for host in sorted(stats.processed)}
        )
        if self._recorder.spool_fault:
            self.warn_once(f"no spool: {self._recorder.spool_fault}")
        bus = environment.bus()
        if bus is None or environment.has_runner():
            return
        for event, reason in deliver_all(self._spool, bus, ended=True).refused:
            self.warn_once(f"{event.title} is not sent yet: {reason}")
