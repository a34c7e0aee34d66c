"""The events of a spool that the bus has not accepted yet: parts of host results, and how Ansible ended."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .chunks import chunks_of
from .parts import ResultPart, detail, ends_of_parts
from .spool import Spool, SpooledHost, SpooledRun, read

HOST_RESULT = "HostResultRecorded"
PLAYBOOK_ENDED = "PlaybookEnded"
MOST_NAMES = 100  # in one list of an event
# Parts of one build's results before Ansible has ended. The trail takes 10,000 of them, and the last part of each host,
# which has all that is left and Ansible's recap, must be among these.
MOST_PARTS_DURING_RUN = 5_000


@dataclass(frozen=True)
class PendingEvent:
    """An event that the bus has not accepted yet. `host` is empty for the end of Ansible."""

    run: str
    host: str
    detail: dict[str, Any]
    part: int = 1
    type: str = HOST_RESULT

    def with_missing(self, hosts: Sequence[str]) -> "PendingEvent":
        """The end of Ansible with the hosts whose results could not be sent."""
        total = {"results_missing_total": len(hosts)} if len(hosts) > MOST_NAMES else {}
        return replace(self, detail=self.detail | {"results_missing": list(hosts)[:MOST_NAMES], **total})

    @property
    def title(self) -> str:
        """A name for the build's log."""
        return f"the result of {self.host}" if self.host else "the end of Ansible"


def pending_results(spool: Spool, *, ended: bool) -> list[PendingEvent]:
    """The hosts' results that the bus has not accepted.

    While Ansible runs (not ``ended``), a host gets a new part when it has tasks that are in no part yet, as long as
    there is room for parts. A run that ended without a recap is marked as cut short. A part is written before it is
    sent, so that it is the same when it is sent again. Raises OSError when the spool cannot be written, unless the run
    has `ended`: then it stays the same.
    """
    pending: list[PendingEvent] = []
    for name, run in read(spool.path).items():
        written = sum(len(state.parts) for state in run.hosts.values())
        for host, state in run.hosts.items():
            if ended or written < MOST_PARTS_DURING_RUN:
                written -= len(state.parts)
                _write_parts(spool, name, run, state, ended=ended)
                written += len(state.parts)
            pending += [
                PendingEvent(name, host, content, part)
                for part, content in sorted(state.parts.items())
                if part not in state.sent
            ]
    return pending


def pending_ends(spool: Spool, missing: Mapping[str, Sequence[str]]) -> list[PendingEvent]:
    """The ends of runs that the bus has not accepted. `missing`: by run, the hosts whose results could not be sent."""
    return [
        PendingEvent(name, "", run.ended, type=PLAYBOOK_ENDED).with_missing(missing.get(name, ()))
        for name, run in read(spool.path).items()
        if run.ended is not None and not run.ended_sent
    ]


def mark_sent(spool: Spool, event: PendingEvent) -> None:
    """Record that the bus accepted an event. Raises OSError."""
    if event.type == PLAYBOOK_ENDED:
        spool.append(event.run, "ended_sent")
    else:
        spool.append(event.run, "sent", host=event.host, part=event.part)


def _write_parts(spool: Spool, name: str, run: SpooledRun, state: SpooledHost, *, ended: bool) -> None:
    """Write what is new of a host, in as many parts as it needs."""
    final = ended or run.complete
    if state.final:
        return
    chunks = chunks_of(state.record.tasks)
    if not (final or len(chunks) > state.chunks_in_parts):
        return
    cut_short = final and state.recap is None and not run.complete
    for last in ends_of_parts(chunks, state.chunks_in_parts):
        is_last = final and last == len(chunks)
        number, own = max(state.parts, default=0) + 1, chunks[state.chunks_in_parts : last]
        part = ResultPart(number, is_last, own, cut_short=cut_short and is_last)
        content = detail(run.context, state.record, state.counts, part)
        try:
            spool.append(name, "part", host=state.record.host, part=number, final=is_last, chunks=last, detail=content)
        except OSError:
            if not ended:
                raise
        state.parts[number], state.chunks_in_parts, state.final = content, last, is_last


def hosts_cut_off(run: SpooledRun) -> list[str]:
    """Hosts that their play did not finish: by serial, max_fail_percentage or any_errors_fatal."""
    failed = {host for host, state in run.hosts.items() if state.counts.failed or state.counts.unreachable}
    return list(dict.fromkeys(_unfinished(run, failed)))


def _unfinished(run: SpooledRun, failed: set[str]) -> Iterator[str]:
    yield from (host for host in run.cut_off if host not in failed)
    for hosts, batches in run.plays.values():
        yield from (host for host in hosts if host not in batches and host not in failed)
