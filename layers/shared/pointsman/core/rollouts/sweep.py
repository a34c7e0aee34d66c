"""The sweep moves every open rollout forward, with CodeBuild's reports on its builds, and frees orphaned targets.

It continues where the last sweep stopped. One call to CodeBuild is about up to 100 builds of an account and region.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched
from typing import Protocol

from pointsman.core.identity import route_of
from pointsman.core.model import Rollout, RolloutId, Run, RunKey, RunState, TargetName, WhenBusy
from pointsman.core.ports import BuildMissing, BuildReport, Builds, Loaded, RolloutStore, Surroundings, load_readable
from pointsman.core.rollout_facts import WaitKind
from pointsman.core.rollouts.orphaned_entries import OrphanCleaner
from pointsman.core.rollouts.reconcile import latest, next_steps
from pointsman.core.rollouts.situation import Reports
from pointsman.core.value import Value
from pointsman.errors import BuildDelayed, BuildRefused, Unavailable, Unreadable

BATCH_ROLLOUTS = 500
BATCH_RUNS = 2_000  # a rollout has up to a thousand
IDS_PER_CALL = 100  # https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetBuilds.html
PARALLEL_CALLS = 8
LOADED_AHEAD = 5 * PARALLEL_CALLS  # rollouts that are loaded before the sweep asks whether to stop
LONG_START = timedelta(minutes=15)  # a start takes seconds; the next sweep retries a throttled one


class SweepResult(Value, kw_only=True, frozen=True):
    """The result of a sweep."""

    rollouts: int = 0  # handled
    left: int = 0  # left to the next sweep
    freed: tuple[str, ...] = ()  # queues and routes from which orphaned entries were removed
    starting_long: int = 0  # runs that have held a target for 15 minutes without a build
    oldest_wait: timedelta = timedelta()  # of the runs that wait for their target


class ReconcileCall(Protocol):
    """Engine.reconcile."""

    def __call__(self, rollout_ids: Iterable[RolloutId], reports: Mapping[RolloutId, Reports] | None = None) -> None:
        """Bring rollouts forward."""


@dataclass
class _Tally:
    """What this sweep has noted so far."""

    failures: list[Exception]
    last: RolloutId | None = None
    handled: int = 0
    starting_long: set[tuple[RolloutId, TargetName, int]] = field(default_factory=set)
    unreadable: set[RolloutId] = field(default_factory=set)
    waiting: dict[str, Run] = field(default_factory=dict)  # by queue: one of the runs that wait
    oldest_wait: timedelta = timedelta()
    behind: dict[str, RolloutId] = field(default_factory=dict)  # by route: a rollout that waits for an older one


class Sweep:
    """Brings every open rollout forward. `builds` does not call regions that fail to answer."""

    def __init__(
        self, store: RolloutStore, builds: Builds, clock: Callable[[], datetime], reconcile: ReconcileCall
    ) -> None:
        self._store = store
        self._builds = builds
        self._clock = clock
        self._reconcile = reconcile

    def __call__(self, should_stop: Callable[[], bool], failures: list[Exception]) -> SweepResult:
        """See Engine.sweep. Errors are added to `failures`."""
        ids = sorted(self._store.open_rollouts())
        tally = _Tally(failures)
        for batch in self._batches(_from(ids, self._store.sweep_cursor()), tally, should_stop):
            self._move(batch, tally, should_stop)
        left = len(ids) - tally.handled
        self._store.keep_sweep_cursor(tally.last if left else None)
        freed = () if should_stop() else self._free_orphaned(set(ids), tally)
        return SweepResult(
            rollouts=tally.handled,
            left=left,
            freed=freed,
            starting_long=self._still_starting(tally),
            oldest_wait=tally.oldest_wait,
        )

    def _batches(
        self, ids: Iterable[RolloutId], tally: _Tally, should_stop: Callable[[], bool]
    ) -> Iterator[dict[RolloutId, Loaded]]:
        """Load rollouts in batches, so that one call to CodeBuild is about many builds."""
        batch: dict[RolloutId, Loaded] = {}
        runs = 0
        for rollout_id, loaded in self._loads(ids, tally, should_stop):
            if loaded is None:
                _note_handled(rollout_id, tally)
                continue
            batch[rollout_id] = loaded
            runs += len(loaded[1])
            if len(batch) >= BATCH_ROLLOUTS or runs >= BATCH_RUNS:
                yield batch
                batch, runs = {}, 0
        if batch:
            yield batch

    def _loads(
        self, ids: Iterable[RolloutId], tally: _Tally, should_stop: Callable[[], bool]
    ) -> Iterator[tuple[RolloutId, Loaded | None]]:
        """Load rollouts in their order, several at the same time."""
        for some in batched(ids, LOADED_AHEAD):
            if should_stop():
                return
            with ThreadPoolExecutor(max_workers=PARALLEL_CALLS) as pool:
                yield from zip(some, pool.map(lambda each: self._load(each, tally), some), strict=True)

    def _load(self, rollout_id: RolloutId, tally: _Tally) -> Loaded | None:
        """Load a rollout. One that can't be read stops no other."""
        try:
            return self._store.load(rollout_id)
        except Exception as failure:
            tally.failures.append(failure)
            if isinstance(failure, Unreadable):
                tally.unreadable.add(rollout_id)
            return None

    def _move(self, batch: Mapping[RolloutId, Loaded], tally: _Tally, should_stop: Callable[[], bool]) -> None:
        """Reconcile rollouts that have a next step. The first is always handled, so that each sweep makes progress."""
        reports = self._reports(run for _, runs in batch.values() for run in latest(runs).values())
        around = self._around(batch.values())
        for index, (rollout_id, loaded) in enumerate(sorted(batch.items(), key=_turn)):
            self._note(loaded[0], latest(loaded[1]).values(), tally)
            reports_of_rollout = reports.get(rollout_id, {})
            try:
                if around is None or next_steps(*loaded, around, reports_of_rollout, self._clock()):
                    if index and should_stop():
                        return
                    self._reconcile([rollout_id], {rollout_id: reports_of_rollout})
            except Exception as failure:  # one that can't be moved stops no other
                tally.failures.append(failure)
            _note_handled(rollout_id, tally)

    def _around(self, batch: Collection[Loaded]) -> Surroundings | None:
        """What is around a batch; None if something can't be read, so that each rollout has to read its own."""
        queues = {queue for rollout, _ in batch for queue in rollout.spec.queues}
        routes = {route_of(rollout) for rollout, _ in batch}
        try:
            return self._store.surroundings(queues, routes)
        except Unreadable:
            return None

    def _note(self, rollout: Rollout, runs: Iterable[Run], tally: _Tally) -> None:
        if rollout.wait and rollout.wait.kind is WaitKind.ROUTE:
            tally.behind[route_of(rollout)] = rollout.id
        for run in runs:
            if run.state is RunState.WAITING:
                tally.waiting[run.queue] = run
                waiting_since = run.waiting_since or run.created_at
                tally.oldest_wait = max(tally.oldest_wait, self._clock() - waiting_since)
            if is_starting_long(run, self._clock()):
                tally.starting_long.add((run.rollout, *run.key))

    def _still_starting(self, tally: _Tally) -> int:
        """Count the runs that are still starting after this sweep did what it could."""
        number = 0
        for rollout_id in {rollout_id for rollout_id, _, _ in tally.starting_long}:
            loaded = load_readable(self._store, rollout_id)
            number += sum(is_starting_long(run, self._clock()) for run in latest(loaded[1]).values()) if loaded else 0
        return number

    def _reports(self, runs: Iterable[Run]) -> dict[RolloutId, dict[RunKey, BuildReport | BuildMissing]]:
        """CodeBuild's reports on the builds that should be running. Builds without an answer are left out."""
        regions: dict[tuple[str, str], list[Run]] = defaultdict(list)
        for run in runs:
            if run.state is RunState.RUNNING and run.build_arn:
                regions[run.target.account_id, run.target.region].append(run)
        calls = [part for of_region in regions.values() for part in batched(of_region, IDS_PER_CALL)]
        with ThreadPoolExecutor(max_workers=PARALLEL_CALLS) as pool:
            answers = list(pool.map(self._reports_of_region, calls))
        reports_by_rollout: dict[RolloutId, dict[RunKey, BuildReport | BuildMissing]] = defaultdict(dict)
        for runs_of_call, answer in zip(calls, answers, strict=True):
            for run in runs_of_call:
                if run.build_arn in answer:
                    reports_by_rollout[run.rollout][run.key] = answer[run.build_arn]
        return reports_by_rollout

    def _reports_of_region(self, runs: Sequence[Run]) -> dict[str, BuildReport | BuildMissing]:
        """Ask for builds of one account and region, and once more for those that the answer left out."""
        target = runs[0].target
        wanted = [run.build_arn for run in runs if run.build_arn]
        answer: dict[str, BuildReport | BuildMissing] = {}
        try:
            for _ in range(2):
                if missing := [arn for arn in wanted if arn not in answer]:
                    answer |= {report.arn: report for report in self._builds.report(target, missing)}
        except (BuildRefused, BuildDelayed, Unavailable):
            return answer  # the next sweep asks for the others
        return {arn: BuildMissing(arn=arn, at=self._clock()) for arn in wanted} | answer

    def _free_orphaned(self, open_rollouts: set[RolloutId], tally: _Tally) -> tuple[str, ...]:
        """Remove entries of queues and routes whose rollouts no longer exist."""
        cleaner = OrphanCleaner(self._store, self._builds, self._clock, existing=open_rollouts - tally.unreadable)
        freed = []
        for queue, run in tally.waiting.items():
            try:
                if cleaner.clean(queue, run):
                    freed.append(queue)
                    self._reconcile([run.rollout, *cleaner.waiting(queue)])
            except Exception as failure:  # as above
                tally.failures.append(failure)
        for key, rollout_id in tally.behind.items():
            try:
                if cleaner.clean_route(key):
                    freed.append(key)
                    self._reconcile([rollout_id])
            except Exception as failure:  # as above
                tally.failures.append(failure)
        return tuple(freed)


def is_starting_long(run: Run, now: datetime) -> bool:
    """Whether the run should have had a build long ago."""
    return run.state is RunState.STARTING and run.acquired_at is not None and now - run.acquired_at > LONG_START


def _turn(each: tuple[RolloutId, Loaded]) -> tuple[bool, float]:
    """The newest commit first, so that no older one runs before it after a freeze; where they queue, the oldest."""
    rollout = each[1][0]
    time = rollout.ordering_time.timestamp()
    return (True, time) if rollout.spec.when_busy is WhenBusy.QUEUE else (False, -time)


def _note_handled(rollout_id: RolloutId, tally: _Tally) -> None:
    tally.last = rollout_id
    tally.handled += 1


def _from(ids: Sequence[RolloutId], cursor: RolloutId | None) -> list[RolloutId]:
    """`ids` in order, starting behind `cursor`."""
    first = bisect_right(ids, cursor) if cursor else 0
    return [*ids[first:], *ids[:first]]
