"""Sends the recorded results during the run and after it, and how Ansible ended."""

import sys
from pathlib import Path

from host_results import environment, playbook_end
from host_results.deliver import SendResult, deliver_all
from host_results.environment import Bus
from host_results.pending import PLAYBOOK_ENDED, PendingEvent
from host_results.spool import Spool, SpooledRun, read
from host_results.text import clean, now
from redaction import Redactor, Strictness

from .failure_reason import with_hint
from .supervise import Exit

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
        """Send the remaining results and how Ansible ended. Returns the exit status of the run: Ansible's own.

        What could not be recorded or sent changes nothing about that; the event says that results are missing.
        """
        name, run = self._run()
        status = ansible.status
        reason = playbook_end.reason_of(run, status, ansible.stop_reason or _reason(ansible, self._project))
        error = playbook_end.recording_error_of(run, status)
        end = playbook_end.PlaybookEnd(status, reason, self._started_at, now(), error)
        self._send_end(name, run, end)
        for text in (error and f"host results are missing in the trail: {error}", end.reason):
            if text:
                print(f"run-playbook: {text}", file=sys.stderr, flush=True)
        return STOPPED if status is None else status

    def nothing_to_do(self, reason: str) -> int:
        """Send that no host was to be configured. Returns the exit status of a success."""
        print(f"run-playbook: {reason}", flush=True)
        self._send_end("", None, playbook_end.PlaybookEnd(0, reason, self._started_at, now()))
        return 0

    def _send_end(self, name: str, run: SpooledRun | None, end: playbook_end.PlaybookEnd) -> None:
        detail = playbook_end.detail(environment.context(), run, end)
        unwritten: PendingEvent | None = None
        try:
            if run is None:
                name = "none"
                self._spool.append(name, "run", context=vars(environment.context()))
            self._spool.append(name, "ended", detail=detail)
        except OSError:
            unwritten = PendingEvent(name, "", detail, type=PLAYBOOK_ENDED)
        try:
            refused = self._send(ended=True, unwritten_end=unwritten).refused
        except Exception as error:  # The play has ended: nothing that happens here may change its result.
            print(f"run-playbook: cannot send results ({type(error).__name__})", file=sys.stderr, flush=True)
            return
        for event, why in refused:
            print(f"run-playbook: {event.title} is not sent yet: {why}", file=sys.stderr, flush=True)

    def _run(self) -> tuple[str, SpooledRun | None]:
        """The run of this process, or None when Ansible ended before its callback started."""
        runs = {name: run for name, run in read(self._spool.path).items() if name not in self._before}
        return next(reversed(runs.items()), ("", None))

    def _send(self, *, ended: bool, unwritten_end: PendingEvent | None = None) -> SendResult:
        if self._bus is None:
            return SendResult([], [])
        # bin/send-results follows.
        return deliver_all(self._spool, self._bus, ended=ended, again=True, unwritten_end=unwritten_end)


def _reason(ansible: Exit, project: Path) -> str:
    """Ansible's reason, redacted, and what to do about it."""
    root = str(project)
    reason = ansible.errors.reason(root) or ansible.output.reason(root)
    return with_hint(Redactor().redact(clean(reason), Strictness.MESSAGE))
