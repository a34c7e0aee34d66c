"""How Ansible ended, as it is reported: the detail of a PlaybookEnded event."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .parts import MOST_NAMES, hosts_cut_off
from .result import RunContext
from .spool import RunState
from .text import shorten

MAX_REASON = 2_000


@dataclass(frozen=True)
class End:
    """What the runner knows of Ansible's end. `exit_status` is None when it was killed or out of time."""

    exit_status: int | None
    reason: str
    started_at: str
    ended_at: str


def reason_of(run: RunState | None, exit_status: int | None, said: str) -> str:
    """Why Ansible did not succeed: the hosts that failed, and what it `said` where none did. Empty after a success."""
    if exit_status == 0:
        return ""
    hosts = run.hosts if run else {}
    failed = [host for host, state in hosts.items() if state.counts.failed]
    unreachable = [host for host, state in hosts.items() if state.counts.unreachable]
    parts = [_hosts(failed, "failed"), _hosts(unreachable, "unreachable")]
    told = ", ".join(part for part in parts if part)
    if exit_status is None:
        return f"{said}; {told}" if told else said
    return told or said or f"Ansible ended with exit status {exit_status} and did not say why"


def detail(context: RunContext, run: RunState | None, end: End) -> dict[str, Any]:
    """The event's detail, but for the hosts whose results are missing: who sends it knows them."""
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
        "started_at": end.started_at,
        "ended_at": end.ended_at,
    }


def _hosts(names: Sequence[str], what: str) -> str:
    if not names:
        return ""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{len(names)} {'host' if len(names) == 1 else 'hosts'} {what}: {', '.join(names[:5])}{more}"
