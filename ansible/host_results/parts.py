"""Which events a spool still owes the bus: parts of host results, and how Ansible ended."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .result import Part, detail
from .spool import HostState, RunState, Spool, read

HOST_RESULT = "HostResultRecorded"
PLAYBOOK_ENDED = "PlaybookEnded"
MOST_NAMES = 100  # in one list of an event


@dataclass(frozen=True)
class Unsent:
    """An event that the bus has not accepted yet. `host` is empty for the end of Ansible."""

    run: str
    host: str
    detail: dict[str, Any]
    part: int = 1
    type: str = HOST_RESULT

    @property
    def title(self) -> str:
        """What it is, for the build's log."""
        return f"the result of {self.host}" if self.host else "how Ansible ended"


def unsent(spool: Spool, *, ended: bool) -> list[Unsent]:
    """The hosts' results that the spool holds and nobody was told.

    While Ansible runs (not ``ended``), a host has a part when it has tasks that no part tells. A run that ended
    without a recap is told as cut short. Raises OSError when the spool cannot be written: a part is written before it
    is sent, so that whoever sends it again sends the same.
    """
    found: list[Unsent] = []
    for name, run in read(spool.path).items():
        for host, state in run.hosts.items():
            _write_part(spool, name, run, state, ended=ended)
            found += [
                Unsent(name, host, content, part)
                for part, content in sorted(state.parts.items())
                if part not in state.sent
            ]
    return found


def endings(spool: Spool, missing: Mapping[str, Sequence[str]]) -> list[Unsent]:
    """The ends of runs that nobody was told, with the hosts (by run) whose results are missing."""
    return [
        Unsent(name, "", run.ended | {"results_missing": list(missing.get(name, ()))[:MOST_NAMES]}, type=PLAYBOOK_ENDED)
        for name, run in read(spool.path).items()
        if run.ended is not None and not run.ended_sent
    ]


def mark_sent(spool: Spool, event: Unsent) -> None:
    """Note that the bus accepted an event. Raises OSError."""
    if event.type == PLAYBOOK_ENDED:
        spool.append(event.run, "ended_sent")
    else:
        spool.append(event.run, "sent", host=event.host, part=event.part)


def _write_part(spool: Spool, name: str, run: RunState, state: HostState, *, ended: bool) -> None:
    over = ended or run.complete
    if state.final or not (over or len(state.record.tasks) > state.told):
        return
    number = max(state.parts, default=0) + 1
    cut_short = over and state.recap is None and not run.complete
    content = detail(run.context, state.record, state.counts, Part(number, over, state.told, cut_short))
    told = len(state.record.tasks)
    host = state.record.host
    spool.append(name, "part", host=host, part=number, final=over, tasks=told, detail=content)
    state.parts[number], state.told, state.final = content, told, over


def hosts_cut_off(run: RunState) -> list[str]:
    """Hosts of a play that ended before it was through with them: by serial, max_fail_percentage, any_errors_fatal."""
    gone = {host for host, state in run.hosts.items() if state.counts.failed or state.counts.unreachable}
    return list(dict.fromkeys(_left_out(run, gone)))


def _left_out(run: RunState, gone: set[str]) -> Iterator[str]:
    yield from (host for host in run.cut_off if host not in gone)
    for hosts, batches in run.plays.values():
        yield from (host for host in hosts if host not in batches and host not in gone)
