"""The reconciler: loads state, executes the steps that `decide` gives, and can be run again at any moment."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from pointsman.core import intake
from pointsman.core.model import Delivery, Lane, Order, Rollout, Run, RunKey, RunState
from pointsman.core.ports import BuildReport, Builds, RolloutStore, Trail, Transition
from pointsman.core.reconcile import StartBuild, Step, decide, end, latest, started
from pointsman.errors import BuildRefused, Conflict, Unavailable

# Each lost race means that somebody else moved the rollout forward, so this is reached only when something is broken.
LOST_RACES_ALLOWED = 25
PARALLEL_STEPS = 8
SWEEP_SECONDS = 300  # between two sweeps, as the template schedules them


class Engine:
    """Everything that moves a rollout: a delivery, a build that ended, the sweep."""

    def __init__(self, store: RolloutStore, trail: Trail, builds: Builds, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._trail = trail
        self._builds = builds
        self._clock = clock

    def accept(self, delivery: Delivery, message: str) -> list[str]:
        """Record a delivery and store each rollout that it asks for; their ids.

        `message` names this telling: told again under the same name, it changes nothing. Once this returns, the
        delivery is durable: what `reconcile` cannot do now, the sweep does. Raises Unavailable when it is not stored.
        """
        self._trail.record(intake.decided(delivery))
        for order in delivery.orders:
            self._take_order(delivery, message, order)
        return [order.rollout for order in delivery.orders]

    def build_ended(self, rollout: str, target: str, attempt: int, report: BuildReport) -> None:
        """CodeBuild told that the build of a run ended."""
        self.reconcile([rollout], {rollout: {(target, attempt): report}})

    def sweep(self, enough: Callable[[], bool] = lambda: False) -> None:
        """Bring every open rollout forward, asking CodeBuild about each build that should be running.

        Stops between two rollouts once `enough` says so. Each sweep begins at another place in the list, so none is
        for ever the one that is not reached. Raises what `reconcile` raises, after every other was moved.
        """
        ids = self._store.open_rollouts()
        first = int(self._clock().timestamp()) // SWEEP_SECONDS % max(len(ids), 1)
        failures: list[Exception] = []
        for rollout in ids[first:] + ids[:first]:
            if enough():
                break
            try:
                self.reconcile([rollout], {rollout: self._asked(rollout)})
            except Exception as failure:  # one that can't be moved stops no other
                failures.append(failure)
        _raise(failures)

    def reconcile(
        self, rollouts: Iterable[str], reports: Mapping[str, Mapping[RunKey, BuildReport]] | None = None
    ) -> None:
        """Bring rollouts forward, and those that waited for a target which one of them left.

        Raises Unavailable when one of them could not be moved now, after every other one was.
        """
        reports = reports or {}
        pending = list(dict.fromkeys(rollouts))
        failures: list[Exception] = []
        while pending:
            rollout = pending.pop(0)
            touched: dict[str, None] = {}
            try:
                self._bring_forward(rollout, reports.get(rollout, {}), touched)
            except Exception as failure:  # as above
                failures.append(failure)
            pending += [other for other in touched if other not in (rollout, *pending)]
        _raise(failures)

    def _take_order(self, delivery: Delivery, message: str, order: Order) -> None:
        for _ in range(LOST_RACES_ALLOWED):
            try:
                known = self._store.load(order.rollout)
                if known is None:
                    self._store.commit(intake.start(delivery, message, order, self._clock()))
                elif known[0].message != message:
                    self._repeat(delivery, message, order, *known)
                return
            except Conflict:
                continue
        raise Unavailable(f"rollout {order.rollout} keeps moving")

    def _repeat(self, delivery: Delivery, message: str, order: Order, rollout: Rollout, runs: tuple[Run, ...]) -> None:
        lanes = self._store.lanes(target.name for target in rollout.order.targets)
        transition = intake.repeat(delivery, message, order, rollout, runs, lanes, self._clock())
        if transition.rollout:
            self._store.commit(transition)
        else:
            for event in transition.events:
                self._trail.record(event)

    def _bring_forward(self, rollout_id: str, reports: Mapping[RunKey, BuildReport], touched: dict[str, None]) -> None:
        """Execute steps until none is left; `touched` gets every rollout in a lane that was changed."""
        for _ in range(LOST_RACES_ALLOWED):
            loaded = self._store.load(rollout_id)
            if loaded is None:
                return
            rollout, runs = loaded
            lanes = self._store.lanes(target.name for target in rollout.order.targets)
            steps = decide(rollout, runs, lanes, reports, self._clock())
            if not steps:
                return
            self._execute(rollout, steps, lanes, touched)
        raise Unavailable(f"rollout {rollout_id} keeps moving")

    def _execute(
        self, rollout: Rollout, steps: tuple[Step, ...], lanes: Mapping[str, Lane], touched: dict[str, None]
    ) -> None:
        """Carry out independent steps side by side. One that fails stops no other."""
        with ThreadPoolExecutor(max_workers=min(PARALLEL_STEPS, len(steps))) as pool:
            futures = [pool.submit(self._carry_out, rollout, step, lanes) for step in steps]
        done = [future.result() for future in futures if future.exception() is None]
        for lane in (lane for changed in done for lane in changed):
            places = (*lane.waiting, *((lane.holder,) if lane.holder else ()))
            touched.update(dict.fromkeys(place.rollout for place in places))
        failures = [error for future in futures if (error := future.exception())]
        if failures:
            raise failures[0]

    def _carry_out(self, rollout: Rollout, step: Step, lanes: Mapping[str, Lane]) -> tuple[Lane, ...]:
        transition = step if isinstance(step, Transition) else self._start(rollout, step, lanes)
        try:
            self._store.commit(transition)
        except Conflict:
            return ()  # the caller loads and decides again
        return transition.lanes

    def _start(self, rollout: Rollout, step: StartBuild, lanes: Mapping[str, Lane]) -> Transition:
        run = step.run
        try:
            report = (self._builds.find(run) if step.search_first else None) or self._builds.start(rollout, run)
        except BuildRefused as refusal:
            return self._refused(rollout, run, lanes[run.target.name], refusal)
        return started(rollout, run, report, self._clock())

    def _refused(self, rollout: Rollout, run: Run, lane: Lane, refusal: BuildRefused) -> Transition:
        """The end of a refused run; unless an earlier call, whose answer was lost, has made its build."""
        try:
            report = self._builds.find(run)
        except BuildRefused:
            report = None  # what may not be read was not allowed to be started either
        if report:
            return started(rollout, run, report, self._clock())
        return end(rollout, run, lane, RunState.REFUSED, str(refusal), self._clock())

    def _asked(self, rollout_id: str) -> dict[RunKey, BuildReport]:
        loaded = self._store.load(rollout_id)
        if loaded is None:
            return {}
        running = [run for run in latest(loaded[1]).values() if run.state is RunState.RUNNING and run.build_arn]
        with ThreadPoolExecutor(max_workers=PARALLEL_STEPS) as pool:
            reports = list(pool.map(self._ask, running))
        return {(run.target.name, run.attempt): report for run, report in zip(running, reports, strict=True) if report}

    def _ask(self, run: Run) -> BuildReport | None:
        arn = run.build_arn or ""
        try:
            reports = self._builds.report(run.target, [arn])
        except (BuildRefused, Unavailable):
            return None  # this account can't be asked now; the next sweep asks again
        if reports:
            return reports[0]
        reason = "CodeBuild no longer knows this build"
        return BuildReport(arn=arn, state=RunState.FAULTED, reason=reason, ended_at=self._clock())


def _raise(failures: list[Exception]) -> None:
    """Raise the only failure as it is, several as one Unavailable."""
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise Unavailable("; ".join(str(failure) for failure in failures)) from failures[0]
