"""How the result of a check changes what is known of a target's drift, with the events. Pure functions.

A transaction of DynamoDB has at most 100 actions, so many hosts are several transitions, and the record of the first
knows the hosts of the first. The check stays open until the last of them.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from pointsman.core.drift import ACTOR, DriftCheck, DriftUnknown, HostDrift, TargetDrift
from pointsman.core.model import RolloutId
from pointsman.core.ports import Transition
from pointsman.core.rollouts.drift_results import DriftResult, FoundDrift
from pointsman.core.trail.drift_events import DriftDetected, DriftResolved

EVENTS_PER_TRANSITION = 40
MOST_HOSTS = 800  # in a record: an item of the table has at most 400 KB
HOSTS_NAMED = 20
NO_DIFFERENCE = "the check found no difference"
NOT_IN_INVENTORY = "no longer in the inventory"
NOT_CHECKED = "the route no longer checks this target for drift"

type HostChange = tuple[str, HostDrift | None, DriftDetected | DriftResolved]


def after_check(record: TargetDrift, check: DriftCheck, result: DriftResult, now: datetime) -> Transition:
    """The next part of what a check's result changes. The record of the last part has no open check."""
    changes = [*_resolved(record, check, result, now), *_detected(record, check, result, now)]
    room = MOST_HOSTS - len(record.hosts)
    hosts = dict(record.hosts)
    events: list[DriftDetected | DriftResolved] = []
    for host, drift, event in changes:
        if len(events) == EVENTS_PER_TRANSITION:
            return Transition(drifts=(record.replace(hosts=hosts),), events=tuple(events))
        if drift is None:
            del hosts[host]
            room += 1
        elif host in hosts:
            hosts[host] = drift
        elif room > 0:
            hosts[host] = drift
            room -= 1
        else:
            continue  # counted below
        events.append(event)
    done = record.replace(hosts=hosts, check=None, repeats=result.repeats, unknown=_unknown(record, result, now))
    if result.is_about_hosts:
        omitted = len(result.drifting.keys() - hosts.keys())
        done = done.replace(checked_at=now, commit=check.commit, hosts_omitted=omitted)
    return Transition(drifts=(done,), events=tuple(events))


def not_started(record: TargetDrift, reason: str, now: datetime) -> Transition:
    """A check cannot be started. The next one is due a period later."""
    unknown = DriftUnknown(since=record.unknown.since if record.unknown else now, reason=reason)
    return Transition(drifts=(record.replace(requested_at=now, repeats=False, unknown=unknown, is_checked=True),))


def retired(record: TargetDrift, now: datetime) -> Transition | None:
    """The next part of what changes when a route no longer checks a target; None if nothing is left."""
    if not record.is_checked:
        return None
    hosts = sorted(record.hosts)
    now_resolved, left = hosts[:EVENTS_PER_TRANSITION], hosts[EVENTS_PER_TRANSITION:]
    events = tuple(
        DriftResolved(
            **_about(record, record.hosts[host].found_by, record.commit, host, now),
            since=record.hosts[host].since,
            reason=NOT_CHECKED,
        )
        for host in now_resolved
    )
    after = record.replace(
        hosts={host: record.hosts[host] for host in left}, hosts_omitted=0, unknown=None, is_checked=bool(left)
    )
    return Transition(drifts=(after,), events=events)


def _resolved(record: TargetDrift, check: DriftCheck, result: DriftResult, now: datetime) -> Iterator[HostChange]:
    if not result.is_about_hosts:
        return
    said_nothing = {*result.unknown, *result.untouched}
    for host in sorted(record.hosts.keys() - result.drifting.keys() - said_nothing):
        event = DriftResolved(
            **_about(record, check.rollout, check.commit, host, now),
            since=record.hosts[host].since,
            reason=NO_DIFFERENCE if host in result.unchanged else NOT_IN_INVENTORY,
        )
        yield host, None, event


def _detected(record: TargetDrift, check: DriftCheck, result: DriftResult, now: datetime) -> Iterator[HostChange]:
    for host, found in sorted(result.drifting.items()):
        before = record.hosts.get(host)
        if before and before.digest == found.digest:
            continue
        since = before.since if before else found.at
        drift = HostDrift(since=since, found_by=check.rollout, tasks=found.tasks_total, digest=found.digest)
        event = DriftDetected(
            **_about(record, check.rollout, check.commit, host, found.at),
            since=since,
            instance_id=found.instance_id,
            tasks=found.tasks,
            tasks_omitted=_omitted(found),
        )
        yield host, drift, event


def _omitted(found: FoundDrift) -> int:
    return max(found.tasks_total - len(found.tasks), 0)


def _unknown(record: TargetDrift, result: DriftResult, now: datetime) -> DriftUnknown | None:
    if not result.unknown_reason:
        return None
    since = record.unknown.since if record.unknown else now
    return DriftUnknown(since=since, reason=result.unknown_reason, hosts=_first(result.unknown))


def _first(hosts: Sequence[str]) -> tuple[str, ...]:
    return tuple(hosts[:HOSTS_NAMED])


def _about(record: TargetDrift, rollout: RolloutId, commit: str | None, host: str, at: datetime) -> dict[str, Any]:
    """The fields of every event of a host's drift."""
    return {
        "at": at,
        "actor": ACTOR,
        "repository": record.repository,
        "commit": commit,
        "route": record.route,
        "rollout": rollout,
        "target": record.target,
        "host": host,
    }
