"""Scheduled checks for drift: the sweep is their clock. It starts what is due, and judges what has ended.

A check is a rollout in check mode. Its host results arrive in the trail by another way than the end of its build, so
each sweep looks again, until all are there or 30 minutes have passed.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from pointsman.core.drift import DriftCheck, TargetDrift
from pointsman.core.model import Rollout, RolloutId, Run, TargetName, TargetQueue
from pointsman.core.ports import DriftStore, Trail, Transition, load_readable
from pointsman.core.rollouts import drift_record
from pointsman.core.rollouts.drift_results import DriftResult, disturbed, nothing_known, result_of
from pointsman.core.rollouts.drift_schedule import DriftRoute, DueCheck, due_checks, is_disturbed, start
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.routes.compiled import CompiledRoute, CompiledRoutes
from pointsman.core.routing.decide import rollout_spec
from pointsman.core.trail.events import HostResultRecorded, PlaybookEnded, TrailEvent
from pointsman.core.trail.keys import rollout_partition
from pointsman.errors import Conflict, Unreadable, raise_failures


class DriftChecks:
    """Starts and judges checks. `reconcile` is the engine's."""

    def __init__(
        self,
        store: DriftStore,
        trail: Trail,
        routes: Callable[[], CompiledRoutes],
        reconcile: Callable[[Iterable[RolloutId]], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._trail = trail
        self._routes = routes
        self._reconcile = reconcile
        self._clock = clock

    def sweep(self, should_stop: Callable[[], bool]) -> None:
        """Judge the checks that have ended, and start those that are due. The next sweep continues what is left.

        One that fails stops no other; raises what failed at the end.
        """
        failures: list[Exception] = []
        routes = list(drift_routes(self._routes()))
        records = {record.id: record for record in self._store.drifts()}
        for record in records.values():
            if should_stop():
                break
            with _collecting(failures):
                records[record.id] = self._follow(record, routes)
        for checks in due_checks(routes, records, self._queues(each.target.name for each in routes), self._clock()):
            if should_stop():
                break
            with _collecting(failures):
                self._start(checks)
        raise_failures(failures)

    def _follow(self, record: TargetDrift, routes: list[DriftRoute]) -> TargetDrift:
        """The record after its open check was judged, if that is possible now, or after its route left the target."""
        if record.check:
            result = self._result(record, record.check)
            return self._judge(record, record.check, result) if result else record
        if any(_is_of(route, record) for route in routes):
            return record
        while transition := drift_record.retired(record, self._clock()):
            record = self._commit(transition)
        return record

    def _result(self, record: TargetDrift, check: DriftCheck) -> DriftResult | None:
        try:
            loaded = self._store.load(check.rollout)
        except Unreadable as error:
            return nothing_known(f"the check cannot be read: {error}")
        if loaded is None:
            return nothing_known(f"rollout {check.rollout}, which was the check, no longer exists")
        run = latest(loaded[1]).get(record.target)
        if run and run.state.ended and is_disturbed(record, check, self._queues([record.target])[record.target]):
            return disturbed(record.route)
        return result_of(run, self._events(run) if run and run.state.ended else (), self._clock())

    def _events(self, run: Run) -> list[TrailEvent]:
        """How Ansible ended and, once it has, the results of its hosts."""
        partition, of_run = rollout_partition(run.rollout), (run.target.name, run.attempt)
        ends = self._trail.with_key(partition, PlaybookEnded.beginning(*of_run))
        return [*ends, *self._trail.with_key(partition, HostResultRecorded.beginning(*of_run))] if ends else []

    def _judge(self, record: TargetDrift, check: DriftCheck, result: DriftResult) -> TargetDrift:
        now = self._clock()
        while record.check:
            record = self._commit(drift_record.after_check(record, check, result, now))
        return record

    def _start(self, checks: list[DueCheck]) -> None:
        now = self._clock()
        good = self._load(checks[0].good.rollout)
        if good is None or good.rollback:
            reason = "the last good commit is no longer stored: push one"
            if good:
                reason = "the last good commit was rolled back: push another one"
            for check in checks:
                self._commit(drift_record.not_started(check.record, reason, now))
            return
        transition = start(checks, good, now)
        self._store.commit(transition)
        if transition.rollout:
            self._reconcile([transition.rollout.id])

    def _load(self, rollout_id: RolloutId) -> Rollout | None:
        loaded = load_readable(self._store, rollout_id)
        return loaded[0] if loaded else None

    def _queues(self, targets: Iterable[TargetName]) -> dict[str, TargetQueue]:
        """The queues of targets. One that cannot be read is like an empty one: nothing is due there."""
        names = list(dict.fromkeys(map(str, targets)))
        try:
            return self._store.queues(names)
        except Unreadable:
            queues = {name: TargetQueue(name=name) for name in names}
            for name in names:
                with suppress(Unreadable):
                    queues |= self._store.queues([name])
            return queues

    def _commit(self, transition: Transition) -> TargetDrift:
        """Store the transition of one record; return the record as it is stored."""
        self._store.commit(transition)
        [record] = transition.drifts
        return record.replace(version=record.version + 1)


@contextmanager
def _collecting(failures: list[Exception]) -> Iterator[None]:
    """Collect what the block raises. A conflict is nothing to report: another process does the same."""
    try:
        yield
    except Conflict:
        pass
    except Exception as failure:
        failures.append(failure)


def drift_routes(routes: CompiledRoutes) -> Iterable[DriftRoute]:
    """The routes that check for drift, one for each of their targets."""
    for route in routes.routes:
        if route.drift_seconds:
            for target in routes.targets_of(route):
                yield DriftRoute(
                    spec=rollout_spec(route, RolloutId(""), (target,)),
                    period_seconds=route.drift_seconds,
                    serves=_serving(routes, route),
                )


def _serving(routes: CompiledRoutes, route: CompiledRoute) -> Callable[[str], bool]:
    return lambda repository: route in routes.of_repository(repository)


def _is_of(route: DriftRoute, record: TargetDrift) -> bool:
    of_route: tuple[str, TargetName] = (route.spec.route, route.target.name)
    return of_route == (record.route, record.target) and route.serves(record.repository)
