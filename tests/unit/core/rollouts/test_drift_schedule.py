"""When a target is checked for drift: once in each period, spread over it, the longest waiting first."""

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.drift import DriftCheck, TargetDrift
from pointsman.core.identity import route_key
from pointsman.core.model import LastGood, QueueEntry, RolloutId, TargetName, TargetQueue
from pointsman.core.rollouts.drift_checks import drift_routes
from pointsman.core.rollouts.drift_schedule import STARTED_PER_SWEEP, DriftRoute, DueCheck, due_checks
from tests.support import drift
from tests.support.drift import DAY, KEY
from tests.support.rollouts import MORNING
from tests.support.world import DEV

REGIONS = [f"{part}-{direction}-{number}" for part in ("eu", "us", "ap", "sa") for direction in
           ("north", "south", "east", "west", "central") for number in range(1, 9)]  # fmt: skip


def routes(seconds: int = DAY, count: int = 1) -> list[DriftRoute]:
    """The targets of a route: `count` regions of one account."""
    [first] = drift_routes(drift.drift_routes(seconds=seconds))
    names = [DEV, *(TargetName(f"dev/{region}") for region in REGIONS[: count - 1])]
    return [
        DriftRoute(
            spec=first.spec.replace(targets=(first.target.replace(name=name),)),
            period_seconds=seconds,
            serves=first.serves,
        )
        for name in names
    ]


def queue(name: str = DEV, good: str = "r-1", at: datetime = MORNING, **about: object) -> TargetQueue:
    last = LastGood(rollout=RolloutId(good), repository="acme/infra", ordering_time=at, acquired_at=at)
    return TargetQueue(name=name, last_good={KEY: last}, **about)  # type: ignore[arg-type]


def record(requested_at: datetime | None, **about: object) -> TargetDrift:
    known = TargetDrift(target=DEV, route_key=KEY, route="site", repository="acme/infra", requested_at=requested_at)
    return known.replace(**about)


def due(now: datetime, known: TargetDrift | None = None, seconds: int = DAY, **about: object) -> list[DueCheck]:
    """The due checks of one target."""
    records = {known.id: known} if known else {}
    groups = due_checks(routes(seconds), records, {DEV: queue(**about)}, now)  # type: ignore[arg-type]
    return [check for group in groups for check in group]


@given(st.integers(300, 40 * DAY), st.integers(0, 10 * DAY))
def test_within_a_period_a_target_is_due_exactly_once(seconds: int, after: int) -> None:
    last = MORNING + timedelta(seconds=after)
    known = record(last)
    assert not due(last, known, seconds)
    assert due(last + timedelta(seconds=seconds), known, seconds)
    # It is due from one moment on, and stays due until it is checked.
    steps = [bool(due(last + timedelta(seconds=seconds) * part / 7, known, seconds)) for part in range(8)]
    assert steps == sorted(steps)


def test_the_targets_of_a_route_start_at_different_times() -> None:
    every = routes(count=121)
    queues = {str(route.target.name): queue(route.target.name) for route in every}
    records: dict[tuple[TargetName, str], TargetDrift] = {}
    started: Counter[int] = Counter()
    for step in range(288):  # the sweeps of a day
        now = MORNING + timedelta(minutes=5 * step)
        for group in due_checks(every, records, queues, now):
            for check in group:
                records[check.record.id] = check.record.replace(requested_at=now)
                started[step] += 1
    assert started.total() == 121
    assert max(started.values()) <= 5


def test_a_sweep_starts_a_limited_number_and_the_longest_waiting_first() -> None:
    every = routes(count=2 * STARTED_PER_SWEEP)
    queues = {str(route.target.name): queue(route.target.name) for route in every}
    late = every[-1].target.name
    queues[late] = queue(late, at=MORNING - timedelta(hours=1))
    groups = due_checks(every, {}, queues, MORNING + timedelta(days=2))
    assert [len(group) for group in groups] == [STARTED_PER_SWEEP]
    assert late in [check.record.target for check in groups[0]]
    # Those that were started are open checks now: the next sweep starts the others.
    checks = DriftCheck(rollout=RolloutId("r-2"), requested_at=MORNING, commit="1" * 40)
    records = {check.record.id: check.record.replace(check=checks) for check in groups[0]}
    [others] = due_checks(every, records, queues, MORNING + timedelta(days=2))
    assert len(others) == STARTED_PER_SWEEP
    assert not {check.record.id for check in others} & records.keys()


def test_a_waiting_or_running_commit_of_the_route_delays_the_check() -> None:
    now = MORNING + timedelta(days=2)
    entry = QueueEntry(rollout=RolloutId("r-3"), concurrency_group="site", attempt=1, ordering_time=MORNING)
    assert due(now)
    assert not due(now, holder=entry)
    assert not due(now, waiting=(entry,))
    assert due(now, holder=entry.replace(concurrency_group="other"))


def test_only_commits_of_the_route_and_its_repositories_count() -> None:
    now = MORNING + timedelta(days=2)
    other_route = {route_key(186853002, "other"): queue().last_good[KEY]}
    foreign = {KEY: queue().last_good[KEY].replace(repository="acme/elsewhere")}
    for last_good in ({}, other_route, foreign):
        assert due_checks(routes(), {}, {DEV: queue().replace(last_good=last_good)}, now) == []
