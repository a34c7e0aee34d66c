"""What a check run has found: which hosts differ, of which hosts it says nothing. Pure functions of the trail."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pointsman.core.model import Run, RunState
from pointsman.core.text import cut, join_first, pluralize
from pointsman.core.trail.drift_events import DriftingTask
from pointsman.core.trail.events import HostResultRecorded, PlaybookEnded, TrailEvent
from pointsman.core.trail.loops import joined_loops

RESULTS_ARRIVE_WITHIN = timedelta(minutes=30)  # after the end of the build
MOST_TASKS = 50  # in an event
TEXT_LENGTH = 300
REASON_LENGTH = 500


@dataclass(frozen=True)
class FoundDrift:
    """What would change on a host."""

    tasks: tuple[DriftingTask, ...]
    tasks_total: int
    digest: str
    at: datetime
    instance_id: str | None = None


@dataclass(frozen=True)
class DriftResult:
    """What a check says. A host that is in none of the four is not in the inventory."""

    drifting: Mapping[str, FoundDrift] = field(default_factory=dict)
    unchanged: frozenset[str] = frozenset()
    untouched: frozenset[str] = frozenset()  # the playbook ended for them before a task: they stay as they were
    unknown: tuple[str, ...] = ()  # failed, unreachable, or not reached
    unknown_reason: str = ""
    is_about_hosts: bool = True  # False: it says nothing of any host
    repeats: bool = False  # the check is repeated as soon as possible


def nothing_known(reason: str) -> DriftResult:
    """The result of a check that says nothing of any host."""
    return DriftResult(unknown_reason=cut(reason, REASON_LENGTH), is_about_hosts=False)


def disturbed(route: str) -> DriftResult:
    """The result of a check beside which the route ran: what it saw may be of either commit, or in between."""
    return DriftResult(
        unknown_reason=f"{route} ran during the check: it is repeated", is_about_hosts=False, repeats=True
    )


def result_of(run: Run | None, events: Iterable[TrailEvent], now: datetime) -> DriftResult | None:
    """The result of a check's run, from the trail's events of its build; None if it is too early to say."""
    if run is None or not run.state.ended:
        return None
    if run.state not in (RunState.SUCCEEDED, RunState.FAILED) or run.build_arn is None:
        state = run.state.value.replace("_", " ")
        return nothing_known(f"the check was not completed ({state}): {run.reason or 'no reason is known'}")
    end, parts = _of_build(run.build_arn, events)
    if end is None or not _is_complete(end, parts):
        if now - (run.ended_at or now) < RESULTS_ARRIVE_WITHIN:
            return None
        return nothing_known(_what_is_missing(run, end))
    return _judged(run, end, parts)


type Parts = dict[str, dict[int, HostResultRecorded]]


def _of_build(build_arn: str, events: Iterable[TrailEvent]) -> tuple[PlaybookEnded | None, Parts]:
    end: PlaybookEnded | None = None
    parts: Parts = {}
    for event in events:
        match event:
            case HostResultRecorded(build_arn=arn) if arn == build_arn:
                parts.setdefault(event.host or "", {})[event.part] = event
            case PlaybookEnded(build_arn=arn) if arn == build_arn:
                end = event
            case _:
                pass
    return end, parts


def _is_complete(end: PlaybookEnded, parts: Parts) -> bool:
    """Whether the trail has every part of every host's result, and all names of the hosts that were not reached."""
    is_named = end.hosts_cut_off_total <= len(end.hosts_cut_off) and not end.misses_results
    return is_named and len(parts) == end.hosts and all(map(_has_all_parts, parts.values()))


def _has_all_parts(parts: Mapping[int, HostResultRecorded]) -> bool:
    return set(parts) == set(range(1, max(parts) + 1)) and parts[max(parts)].final


def _what_is_missing(run: Run, end: PlaybookEnded | None) -> str:
    if end is None:
        failed = f"; the run failed: {run.reason}" if run.state is RunState.FAILED and run.reason else ""
        return f"Ansible did not report that it finished{failed}"
    if end.results_missing:
        return f"results are missing of {join_first(end.results_missing, total=end.missing_total)}"
    return "host results are missing in the trail" + (f": {end.recording_error}" if end.recording_error else "")


def _judged(run: Run, end: PlaybookEnded, parts: Parts) -> DriftResult:
    last = {host: each[max(each)] for host, each in parts.items()}
    failed = [host for host, result in last.items() if result.status not in ("ok", "changed")]
    unknown = sorted({*failed, *end.hosts_cut_off})
    if run.state is RunState.FAILED and not unknown:
        return nothing_known(f"the check failed: {end.reason or run.reason or 'no reason is known'}")
    untouched = {host for host, result in last.items() if result.counts.is_idle} - set(unknown)
    if parts and len(untouched) == len(parts):
        return nothing_known(f"no task ran on {pluralize(len(untouched), 'host')}: {join_first(sorted(untouched))}")
    known = {host: each for host, each in parts.items() if host not in unknown and host not in untouched}
    drifting = {
        host: found for host, each in known.items() if (found := _drift(list(dict(sorted(each.items())).values())))
    }
    return DriftResult(
        drifting=drifting,
        unchanged=frozenset(known) - drifting.keys(),
        untouched=frozenset(untouched),
        unknown=tuple(unknown),
        unknown_reason=f"the check did not succeed on {pluralize(len(unknown), 'host')}: {join_first(unknown)}"
        if unknown
        else "",
    )


def _drift(parts: list[HostResultRecorded]) -> FoundDrift | None:
    changed = [task for part in parts for task in joined_loops(part.tasks) if task.status == "changed"]
    last = parts[-1]
    if not changed and not last.counts.changed:
        return None
    tasks = [
        DriftingTask(
            name=cut(task.name, TEXT_LENGTH),
            role=task.role and cut(task.role, TEXT_LENGTH),
            path=cut(task.path, TEXT_LENGTH),
            action=cut(task.action, TEXT_LENGTH),
        )
        for task in changed
    ]
    return FoundDrift(
        tasks=tuple(tasks[:MOST_TASKS]),
        tasks_total=max(len(tasks), last.counts.changed),
        digest=_digest(tasks, last.counts.changed),
        at=last.ended_at,
        instance_id=last.instance_id,
    )


def _digest(tasks: Iterable[DriftingTask], total: int) -> str:
    text = "\0".join([str(total), *(task.to_json() for task in tasks)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
