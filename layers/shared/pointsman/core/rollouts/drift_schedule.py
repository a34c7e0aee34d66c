"""Which targets are checked for drift now. Pure functions of the routes, the records, the queues and the time.

A route's period has a fixed moment for each target, spread over the period, so that not all targets start at once.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from pointsman.core.drift import ACTOR, DriftCheck, TargetDrift
from pointsman.core.identity import request_id_of
from pointsman.core.model import (
    LastGood,
    Mode,
    QueueEntry,
    Rollout,
    RolloutId,
    RolloutSpec,
    Target,
    TargetName,
    TargetQueue,
)
from pointsman.core.ports import Transition
from pointsman.core.rollouts.requests import requested
from pointsman.core.run_request import RunRequest, Trigger
from pointsman.core.text import join_first

STARTED_PER_SWEEP = 25  # targets; each record is an action of a transaction, which has at most 100


@dataclass(frozen=True)
class DriftRoute:
    """A route that checks a target for drift. The spec has this target alone, and no rollout's id yet."""

    spec: RolloutSpec
    period_seconds: int
    serves: Callable[[str], bool]  # whether it is a route of this repository

    @property
    def target(self) -> Target:
        """The target."""
        return self.spec.targets[0]


@dataclass(frozen=True)
class DueCheck:
    """A check that is due."""

    route: DriftRoute
    record: TargetDrift  # before the check
    good: LastGood  # the commit to compare with
    since: datetime  # the last check, or the last good commit if there was none

    @property
    def group(self) -> tuple[str, RolloutId]:
        """What is checked together: one route with one commit."""
        return self.record.route_key, self.good.rollout


def keys_of(route: DriftRoute, queue: TargetQueue) -> list[str]:
    """The keys of the route's commits that succeeded on the target: one for each of its repositories."""
    return [
        key
        for key, good in queue.last_good.items()
        if key.partition("#")[2] == route.spec.route and route.serves(good.repository)
    ]


def due_checks(
    routes: Iterable[DriftRoute],
    records: Mapping[tuple[TargetName, str], TargetDrift],
    queues: Mapping[str, TargetQueue],
    now: datetime,
) -> list[list[DueCheck]]:
    """The checks to start, those that have waited longest first; each list is one rollout."""
    due = [
        check
        for route in routes
        for key in keys_of(route, queues[route.target.name])
        if (check := _due(route, key, records.get((route.target.name, key)), queues[route.target.name], now))
    ]
    due.sort(key=lambda each: (each.since, each.record.id))
    started = sorted(due[:STARTED_PER_SWEEP], key=lambda each: (each.group, each.record.id))
    return [list(group) for _, group in groupby(started, key=lambda each: each.group)]


def _due(route: DriftRoute, key: str, record: TargetDrift | None, queue: TargetQueue, now: datetime) -> DueCheck | None:
    good = queue.last_good[key]
    name = route.target.name
    record = record or TargetDrift(target=name, route_key=key, route=route.spec.route, repository=good.repository)
    if record.check or _is_applying(route, queue):
        return None
    since = record.requested_at or good.acquired_at
    period = route.period_seconds
    is_due = record.repeats or _turn(name, key, period, now) > _turn(name, key, period, since)
    return DueCheck(route=route, record=record, good=good, since=since) if is_due else None


def _is_applying(route: DriftRoute, queue: TargetQueue) -> bool:
    """Whether a commit of the route runs on the target or waits for it: the check would compare with an old one."""
    entries = (*queue.waiting, *((queue.holder,) if queue.holder else ()))
    return any(_is_of_route(entry, route.spec.route) for entry in entries)


def _is_of_route(entry: QueueEntry, route: str) -> bool:
    """Whether an entry is of a route. A run by hand on some hosts has a group of its own."""
    return entry.concurrency_group.partition("#")[0] == route


def is_disturbed(record: TargetDrift, check: DriftCheck, queue: TargetQueue) -> bool:
    """Whether the route runs on the target, or ran there since the check was requested."""
    until = queue.applied_until.get(record.route_key)
    ran = until is not None and until >= check.requested_at
    return ran or (queue.holder is not None and _is_of_route(queue.holder, record.route))


def _turn(target_name: TargetName, key: str, period: int, at: datetime) -> int:
    """How many of the target's moments have come before `at`."""
    digest = hashlib.sha256(f"{target_name}\0{key}".encode()).digest()
    offset = int.from_bytes(digest[:8]) % period
    return int(at.timestamp() - offset) // period


def start(checks: list[DueCheck], good: Rollout, now: datetime) -> Transition:
    """Check the targets of `checks` against the commit of `good`: one rollout, and what it is about."""
    first = checks[0]
    names = [check.record.target for check in checks]
    request = RunRequest(
        id=request_id_of(
            "drift",
            first.record.route_key,
            good.id,
            *(f"{each.record.target}@{each.record.version}" for each in checks),
        ),
        trigger=Trigger.DRIFT,
        actor=ACTOR,
        reason=f"scheduled check: does {join_first(names)} differ from {good.change.after[:7]}, "
        "the last commit that succeeded there?",
    )
    # A check changes nothing, so neither waves nor freezes are for it.
    spec = first.route.spec.replace(
        mode=Mode.CHECK,
        concurrency_group=f"{first.route.spec.route}#drift",
        plan=None,
        targets=tuple(check.route.target.replace(wave=0) for check in checks),
    )
    rollout, event = requested(good.change, spec, request, now)
    check = DriftCheck(rollout=rollout.id, requested_at=now, commit=good.change.after)
    records = (each.record.replace(check=check, requested_at=now, repeats=False, is_checked=True) for each in checks)
    return Transition(rollout=rollout, drifts=tuple(records), events=(event,))
