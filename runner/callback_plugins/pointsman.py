"""Records what Ansible did on each host.

An error in recording never fails a play. But the callback fails a run that reached no host, and a run with a role that
has no file, such as a submodule that was not fetched: nothing was done there, though something should have been.
"""

import functools
import gc
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ansible.context  # type: ignore[import-untyped]
from ansible.plugins.callback import CallbackBase  # type: ignore[import-untyped]

DOCUMENTATION = """
name: pointsman
type: notification
short_description: Records what was done on each host for Pointsman
description:
  - Records each host's counts and changed or failed tasks in a file during the run.
  - C(bin/run-playbook) sends the results from that file.
  - Without C(bin/run-playbook), the callback sends one C(HostResultRecorded) event for each host when the run ends.
  - Reads its settings from the environment (C(POINTSMAN_*)), as the build sets them.
  - Sends nothing without C(POINTSMAN_BUS), and nothing outside a build without C(POINTSMAN_ROLLOUT).
  - Ends a run that reached no host with exit status 1, unless C(POINTSMAN_ALLOW_NO_HOSTS=true).
requirements:
  - enabled in C(callbacks_enabled)
"""


def _load_package(name: str) -> None:
    """Make a package next to this directory importable. Ansible loads a plugin from its file, without a package."""
    if name in sys.modules:
        return
    file = Path(__file__).resolve().parent.parent / name / "__init__.py"
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=[str(file.parent)])
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {file}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


_load_error: Exception | None = None
try:
    _load_package("redaction")
    _load_package("host_results")

    from host_results import ansible_results, build_log, environment, stored_secrets
    from host_results.ansible_results import action_of, key_of
    from host_results.deliver import deliver_all
    from host_results.loop_items import LoopItems
    from host_results.outcome import count_of_unchanged
    from host_results.recorder import Recorder
    from host_results.secret_watcher import SecretWatcher
    from host_results.spool import Spool
    from redaction import Redactor
except Exception as error:  # Ansible does not start if a plugin raises here. It starts without recording instead.
    _load_error = error

_NO_HOSTS = (
    "this run reached no host, so nothing was done. Check that running instances have the tag pointsman:managed=true, "
    "that AWS_REGION and the account are theirs, and that the play's hosts, POINTSMAN_LIMIT and POINTSMAN_TAGS select "
    "at least one host and task. If a run without hosts is correct, set POINTSMAN_ALLOW_NO_HOSTS=true."
)
_EMPTY_ROLE = (
    "role {} has no file ({}), so nothing of it runs. If it is a Git submodule, let the build fetch submodules. "
    "Otherwise commit its files or remove it from the play."
)


def _never_fails[**P](method: Callable[P, None]) -> Callable[P, None]:
    """Turn every exception in recording into a warning, since the play is more important than its record."""

    @functools.wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(*args, **kwargs)
        except Exception as error:
            plugin = args[0]
            if isinstance(plugin, CallbackModule):
                plugin.note_loss(f"could not record ({method.__name__}): {type(error).__name__}")

    return guarded


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Translates Ansible's events for the Recorder."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "pointsman"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._warned: set[str] = set()
        self._recorder: Recorder | None = None
        if _load_error is not None:
            self.disabled = True
            self.warn_once(f"host results are not recorded: {type(_load_error).__name__}: {_load_error}")
            return
        self._spool = Spool(environment.spool_file())
        self._redactor = Redactor()
        self._secret_watcher = SecretWatcher(self._redactor.learn_secret)
        self._records_no_text = False
        self._playbook: Any = None
        self._play: Any = None
        self._failures = ansible_results.Failures()
        self._items = LoopItems()
        self._met: set[str] = set()
        self._reached_hosts = False
        self._reached_no_host = False
        self._empty_roles: dict[str, str] = {}

    def warn_once(self, message: str) -> None:
        """Show a warning once."""
        if message not in self._warned:
            self._warned.add(message)
            self._display.warning(f"pointsman: {message}")

    def note_loss(self, message: str) -> None:
        """Show a warning once, and have the trail say that results are missing."""
        self.warn_once(message)
        if self._recorder is not None:
            self._recorder.note_loss()

    @_never_fails
    def v2_playbook_on_start(self, playbook: Any) -> None:
        stored_secrets.learn(self._redactor, os.environ)
        self._redactor.learn_named(os.environ)
        self._playbook = playbook
        self._watch_secrets(playbook)
        self._watch_hosts()
        run = environment.context(check=bool(ansible.context.CLIARGS.get("check")))
        self._recorder = Recorder(self._spool, run, Path.cwd(), self._redactor)
        # Each task runs in a fork of this process. What exists by now is left alone there by the garbage collector, so
        # that its memory is not copied.
        gc.freeze()

    def _watch_secrets(self, playbook: Any) -> None:
        """Watch for secrets. If that is not possible, no text of any task is recorded."""
        try:
            self._secret_watcher.watch()
            build_log.mask(self._redactor, self._secret_watcher)
            self._secret_watcher.take_file_cache(getattr(playbook, "_loader", None))
        except Exception as error:
            self._records_no_text = True
            self.warn_once(
                f"messages and diffs are not recorded, since secrets cannot be detected ({type(error).__name__})"
            )

    def _watch_hosts(self) -> None:
        try:
            self._failures.watch()
        except Exception as error:  # then such a host counts as cut off in a run that failed
            self.warn_once(f"could not watch for hosts that leave their play: {type(error).__name__}")

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._begin(play)
        self._refuse_empty_roles(play)

    @_never_fails
    def _begin(self, play: Any) -> None:
        self._record_cut_off()
        self._play = play
        self._failures.begin(play)
        every, batch = ansible_results.hosts_of(play)
        self._reached_hosts = self._reached_hosts or bool(batch)
        if self._recorder is not None:
            self._recorder.play(str(play._uuid), every, batch)

    def _record_cut_off(self) -> None:
        if self._recorder is not None:
            self._recorder.cut_off(self._failures.removed_hosts())

    @_never_fails
    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        if self._recorder is None:
            return
        self._meet(self._recorder, host)
        self._recorder.start(str(host.get_name()), task._uuid)

    def _meet(self, recorder: Any, host: Any) -> None:
        """Record a host with its instance, whatever is reported of it first."""
        name = str(host.get_name())
        if name not in self._met:
            self._met.add(name)
            recorder.add_host(name, ansible_results.instance_of(self._variables(host)))

    def _meet_named(self, recorder: Any, name: str) -> None:
        if host := ansible_results.host_named(self._play, name):
            self._meet(recorder, host)

    def _variables(self, host: Any) -> Mapping[str, Any]:
        if self._play is None:
            return {}
        try:
            variables: Mapping[str, Any] = self._play.get_variable_manager().get_vars(play=self._play, host=host)
        except Exception as error:  # The variables of a play may be invalid. The host is recorded without them.
            self.warn_once(f"could not read the variables of {host.get_name()}: {type(error).__name__}")
            return {}
        return variables

    @_never_fails
    def v2_runner_retry(self, result: Any) -> None:
        self._items.retried(result)

    @_never_fails
    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._items.add(result, "ok")

    @_never_fails
    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._items.add(result, "failed")

    @_never_fails
    def v2_runner_item_on_skipped(self, result: Any) -> None:
        self._items.add(result, "skipped")

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

    def _record(self, result: Any, kind: Any, *, ignored: bool = False, rescued: bool = False) -> None:
        if self._recorder is None:
            return
        self._meet(self._recorder, result.host)
        host, task = key_of(result)
        items, attempts = self._items.take(host, task)
        if kind == "skipped" or (kind == "ok" and not result.is_changed()):
            self._recorder.end_unchanged(host, task, count_of_unchanged(kind, action_of(result.task)))
            return
        self._secret_watcher.catch_up()
        is_check = self._recorder.context.mode == "check"
        outcome = ansible_results.outcome_of(result, kind, items, attempts, is_check=is_check)
        outcome = replace(outcome, ignored=ignored, rescued=rescued)
        hides = self._records_no_text or not self._secret_watcher.is_reliable
        for name in outcome.changed_elsewhere:
            self._meet_named(self._recorder, name)
        self._recorder.end(host, task, outcome.hidden() if hides else outcome)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._finish(stats)
        if self._play is not None:
            self._refuse_empty_roles(self._play)
        if self._reached_no_host and not environment.allows_no_hosts():
            self._fail(_NO_HOSTS)

    @_never_fails
    def _refuse_empty_roles(self, play: Any) -> None:
        """Fail the run if a role has no file. Ansible loads an included role only when its play runs."""
        for name, path in ansible_results.empty_roles(play):
            self._fail(_EMPTY_ROLE.format(name, path))

    def _fail(self, reason: str) -> None:
        self._display.error(f"pointsman: {reason}")
        sys.exit(1)  # The only way for a callback to fail a run. Ansible turns an exception into a warning.

    @_never_fails
    def _finish(self, stats: Any) -> None:
        self._reached_no_host = not (self._reached_hosts or stats.processed)
        if self._recorder is None:
            return
        self._record_cut_off()
        for play, hosts in ansible_results.all_plays(self._playbook):
            self._recorder.play(play, hosts, [])
        recap = {str(host): ansible_results.counts(stats.summarize(host)) for host in sorted(stats.processed)}
        for name in sorted(self._failures.ended_hosts - recap.keys()):  # before a first task: nothing was done there
            self._meet_named(self._recorder, name)
            recap[name] = ansible_results.counts({})
        self._recorder.finish(recap)
        if self._recorder.spool_error:
            self.warn_once(f"results are not recorded: {self._recorder.spool_error}")
        bus = environment.bus()
        if bus is None or environment.has_runner():
            return
        for event, reason in deliver_all(self._spool, bus, ended=True).refused:
            self.warn_once(f"{event.title} is not sent yet: {reason}")
