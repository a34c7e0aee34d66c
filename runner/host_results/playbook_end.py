"""How Ansible ended: the detail of a PlaybookEnded event."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .pending import MOST_NAMES, hosts_cut_off
from .result import RunContext
from .spool import SpooledRun
from .text import shorten
from .version import RUNNER_VERSION, ansible_version

MAX_REASON = 2_000


@dataclass(frozen=True)
class PlaybookEnd:
    """Ansible's end, as the runner saw it. `exit_status` is None when Ansible was killed or timed out."""

    exit_status: int | None
    reason: str
    started_at: str
    ended_at: str
    recording_error: str = ""  # why results of hosts may be missing


CALLBACK_SILENT = "the callback recorded nothing: a setting may disable callbacks, or it could not write"
NOT_FINISHED = "the callback recorded no end: it failed, or could not write"
LINES_LOST = "the callback could not record all that it saw, such as on a full disk"


def recording_error_of(run: SpooledRun | None, exit_status: int | None) -> str:
    """Why results of hosts may be missing, though Ansible ended by itself. Empty: they are complete."""
    if exit_status is None:
        return ""  # it was killed, and each host says that it was cut short
    if run is None:
        return CALLBACK_SILENT if exit_status == 0 else ""  # Ansible may fail before its callback starts
    if not run.complete:
        return NOT_FINISHED if exit_status == 0 or run.hosts else ""
    return "" if run.is_whole else LINES_LOST


def reason_of(run: SpooledRun | None, exit_status: int | None, output: str) -> str:
    """Why Ansible failed: the failed hosts, or the reason in its `output`. Empty after a success."""
    if exit_status == 0:
        return ""
    hosts = run.hosts if run else {}
    failed = [host for host, state in hosts.items() if state.counts.failed]
    unreachable = [host for host, state in hosts.items() if state.counts.unreachable]
    parts = [_hosts(failed, "failed"), _hosts(unreachable, "unreachable")]
    failures = ", ".join(part for part in parts if part)
    if exit_status is None:
        return f"{output}; {failures}" if failures else output
    return failures or output or f"Ansible ended with exit status {exit_status} and printed no reason"


def detail(context: RunContext, run: SpooledRun | None, end: PlaybookEnd) -> dict[str, Any]:
    """The event's detail. The sender adds the hosts whose results are missing."""
    cut_off = hosts_cut_off(run) if run and end.exit_status != 0 else []
    return {
        "version": 1,
        **asdict(context),
        "exit_status": end.exit_status,
        "reason": shorten(end.reason, MAX_REASON)[0],
        "hosts": len(run.hosts) if run else 0,
        "hosts_cut_off": cut_off[:MOST_NAMES],
        "hosts_cut_off_total": len(cut_off),
        "results_missing": [],
        "recording_error": end.recording_error,
        "runner_version": RUNNER_VERSION,
        "ansible_version": ansible_version(),
        "started_at": end.started_at,
        "ended_at": end.ended_at,
    }


def _hosts(names: Sequence[str], what: str) -> str:
    if not names:
        return ""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{len(names)} {'host' if len(names) == 1 else 'hosts'} {what}: {', '.join(names[:5])}{more}"
