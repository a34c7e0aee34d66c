"""Sends the recorded results during the run and after it, and how Ansible ended."""

import sys
from pathlib import Path

from host_results import environment, playbook_end
from host_results.deliver import SendResult, deliver_all
from host_results.environment import Bus
from host_results.spool import Spool, SpooledRun, read
from host_results.text import clean, now
from redaction import Redactor, Strictness

from .failure_reason import with_hint
from .supervise import Exit

NOT_RECORDED = 3  # exit status when Ansible succeeded but its callback recorded nothing
STOPPED = 4  # exit status when Ansible was stopped, by the time limit or by a signal


class Report:
    """Reports one run to the control bus."""

    def __init__(self, spool: Spool, project: Path) -> None:
        self._spool = spool
        self._project = project
        self._before = set(read(spool.path))
        self._bus: Bus | None = environment.bus()
        self._started_at = now()
        self._error: str | None = None

    def tick(self) -> None:
        """Send the new results of each host. What cannot be sent now is sent later."""
        try:
            self._send(ended=False)
        except Exception as error:  # Ansible must continue, even if its results cannot be sent.
            if self._error is None:
                self._error = type(error).__name__
                print(
                    f"run-playbook: cannot send results now ({self._error}); sending them later",
                    file=sys.stderr,
                    flush=True,
                )

    def end(self, ansible: Exit) -> int:
        """Send the remaining results and how Ansible ended. Returns the exit status of the run."""
        name, run = self._run()
        status = ansible.status
        reason = ansible.stop_reason or _reason(ansible, self._project)
        if status == 0 and (run is None or not run.complete):
            reason = "Ansible succeeded, but its callback recorded nothing. Remove the setting that disables callbacks"
            print(f"run-playbook: {reason}", file=sys.stderr, flush=True)
            status = NOT_RECORDED
        end = playbook_end.PlaybookEnd(status, playbook_end.reason_of(run, status, reason), self._started_at, now())
        detail = playbook_end.detail(environment.context(), run, end)
        if run is None:
            name = "none"
            self._spool.append(name, "run", context=vars(environment.context()))
        self._spool.append(name, "ended", detail=detail)
        for event, error in self._send(ended=True).refused:
            print(f"run-playbook: {event.title} is not sent yet: {error}", file=sys.stderr, flush=True)
        if end.reason:
            print(f"run-playbook: {end.reason}", file=sys.stderr, flush=True)
        return STOPPED if status is None else status

    def nothing_to_do(self, reason: str) -> int:
        """Send that no host was to be configured. Returns the exit status of a success."""
        print(f"run-playbook: {reason}", flush=True)
        end = playbook_end.PlaybookEnd(0, reason, self._started_at, now())
        self._spool.append("none", "run", context=vars(environment.context()))
        self._spool.append("none", "ended", detail=playbook_end.detail(environment.context(), None, end))
        self._send(ended=True)
        return 0

    def _run(self) -> tuple[str, SpooledRun | None]:
        """The run of this process, or None when Ansible ended before its callback started."""
        runs = {name: run for name, run in read(self._spool.path).items() if name not in self._before}
        return next(reversed(runs.items()), ("", None))

    def _send(self, *, ended: bool) -> SendResult:
        if self._bus is None:
            return SendResult([], [])
        return deliver_all(self._spool, self._bus, ended=ended)


def _reason(ansible: Exit, project: Path) -> str:
    """Ansible's reason, redacted, and what to do about it."""
    root = str(project)
    reason = ansible.errors.reason(root) or ansible.output.reason(root)
    return with_hint(Redactor().redact(clean(reason), Strictness.MESSAGE))
