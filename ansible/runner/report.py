"""Sends what the callback recorded, while Ansible runs and after it, and how Ansible ended."""

import sys

from host_results import environment, playbook_end
from host_results.deliver import Delivery, deliver_all
from host_results.environment import Bus
from host_results.spool import RunState, Spool, read
from host_results.text import clean, now
from redaction import Redactor, Strictness

from .settings import ROOT
from .supervise import Ended
from .words import with_hint

NOT_RECORDED = 3  # exit status of a run that Ansible ended well and nobody recorded
OUT_OF_TIME = 4  # exit status of a run that was ended


class Report:
    """One run's words to the control bus."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._before = set(read(spool.path))
        self._bus: Bus | None = environment.bus()
        self._started_at = now()
        self._fault: str | None = None

    def tick(self) -> None:
        """Send what is new of each host. What cannot be sent now is sent later."""
        try:
            self._send(ended=False)
        except Exception as error:  # Ansible goes on, whatever is wrong with its record.
            if self._fault is None:
                self._fault = type(error).__name__
                print(f"run-playbook: results cannot be sent now: {self._fault}", file=sys.stderr, flush=True)

    def end(self, ended: Ended) -> int:
        """Send the rest and how Ansible ended; the exit status of the run."""
        name, run = self._run()
        status = ended.exit_status
        said = ended.why or _said(ended)
        if status == 0 and (run is None or not run.complete):
            said = "Ansible ended well, but its callback recorded nothing: no ansible.cfg or playbook may switch it off"
            print(f"run-playbook: {said}", file=sys.stderr, flush=True)
            status = NOT_RECORDED
        end = playbook_end.End(status, playbook_end.reason_of(run, status, said), self._started_at, now())
        detail = playbook_end.detail(environment.context(), run, end)
        if run is None:
            name = "none"
            self._spool.append(name, "run", context=vars(environment.context()))
        self._spool.append(name, "ended", detail=detail)
        for event, reason in self._send(ended=True).refused:
            print(f"run-playbook: {event.title} is not sent yet: {reason}", file=sys.stderr, flush=True)
        if end.reason:
            print(f"run-playbook: {end.reason}", file=sys.stderr, flush=True)
        return OUT_OF_TIME if status is None else status

    def _run(self) -> tuple[str, RunState | None]:
        """The run that this process started, or None when Ansible ended before it began."""
        runs = {name: run for name, run in read(self._spool.path).items() if name not in self._before}
        return next(reversed(runs.items()), ("", None))

    def _send(self, *, ended: bool) -> Delivery:
        if self._bus is None:
            return Delivery([], [])
        return deliver_all(self._spool, self._bus, ended=ended)


def _said(ended: Ended) -> str:
    """Ansible's reason, redacted, and what to do about it."""
    root = str(ROOT)
    reason = ended.errors.reason(root) or ended.output.reason(root)
    return with_hint(Redactor().redact(clean(reason), Strictness.MESSAGE))
