"""The reconciler: loads state, executes the steps that `decide` gives, and can be run again at any moment."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from pointsman.core import intake
from pointsman.core.model import Delivery, Lane, Order, Rollout, Run, RunState
from pointsman.core.ports import BuildReport, Builds, RolloutStore, Trail, Transition
from pointsman.core.reconcile import RunKey, StartBuild, Step, decide, end, latest, started
from pointsman.errors import BuildRefused, Conflict, Unavailable

# Each lost race means that somebody else moved the rollout forward, so this is reached only when something is broken.
LOST_RACES_ALLOWED = 25
PARALLEL_STEPS = 8


class Engine:
    """Everything that moves a rollout: a delivery, a build that ended, the sweep."""

    def __init__(self, store: RolloutStore, trail: Trail, builds: Builds, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._trail = trail
        self._builds = builds
        self._clock = clock

    def take(self, delivery: Delivery, message: str) -> None:
        """Record a delivery and bring each of its rollouts on its way. `message` names this time of telling.

        Raises Unavailable when something could not be done now; what was done stays done.
        """
        self._trail.record(intake.decided(delivery))
        for order in delivery.orders:
            self._take_order(delivery, message, order)
        self.reconcile([order.rollout for order in delivery.orders])

    def build_ended(self, rollout: str, target: str, attempt: int, report: BuildReport) -> None:
        """CodeBuild told that the build of a run ended."""
        self.reconcile([rollout], {rollout: {(target, attempt): report}})

    def sweep(self) -> None:
        """Bring every open rollout forward, asking CodeBuild about each build that should be running."""
        ids = self._store.open_rollouts()
        self.reconcile(ids, {rollout: self._asked(rollout) for rollout in ids})

    def reconcile(
        self, rollouts: Iterable[str], reports: Mapping[str, Mapping[RunKey, BuildReport]] | None = None
    ) -> None:
        """Bring rollouts forward, and those that waited for a target which one of them left.

        Raises Unavailable when one of them could not be moved now, after every other one was.
        """
        reports = reports or {}
        pending = list(dict.fromkeys(rollouts))
        failures: list[Unavailable] = []
        while pending:
            rollout = pending.pop(0)
            try:
                touched = self._bring_forward(rollout, reports.get(rollout, {}))
            except Unavailable as failure:
                failures.append(failure)
                continue
            pending += [other for other in touched if other not in pending]
        if failures:
            raise Unavailable("; ".join(str(failure) for failure in failures)) from failures[0]

    def _take_order(self, delivery: Delivery, message: str, order: Order) -> None:
        for _ in range(LOST_RACES_ALLOWED):
            try:
                known = self._store.load(order.rollout)
                if known is None:
                    self._store.commit(intake.start(delivery, order, self._clock()))
                else:
                    self._repeat(delivery, message, *known)
                return
            except Conflict:
                continue
        raise Unavailable(f"rollout {order.rollout} keeps moving")

    def _repeat(self, delivery: Delivery, message: str, rollout: Rollout, runs: tuple[Run, ...]) -> None:
        lanes = self._store.lanes(target.name for target in rollout.order.targets)
        transition = intake.repeat(delivery, message, rollout, runs, lanes, self._clock())
        if transition.rollout:
            self._store.commit(transition)
        else:
            for event in transition.events:
                self._trail.record(event)

    def _bring_forward(self, rollout_id: str, reports: Mapping[RunKey, BuildReport]) -> list[str]:
        """Execute steps until none is left; the other rollouts whose lanes were touched."""
        touched: dict[str, None] = {}
        for _ in range(LOST_RACES_ALLOWED):
            loaded = self._store.load(rollout_id)
            if loaded is None:
                return []
            rollout, runs = loaded
            lanes = self._store.lanes(target.name for target in rollout.order.targets)
            steps = decide(rollout, runs, lanes, reports, self._clock())
            if not steps:
                return [other for other in touched if other != rollout_id]
            for lane in self._execute(rollout, steps, lanes):
                places = (*lane.waiting, *((lane.holder,) if lane.holder else ()))
                touched.update(dict.fromkeys(place.rollout for place in places))
        raise Unavailable(f"rollout {rollout_id} keeps moving")

    def _execute(self, rollout: Rollout, steps: tuple[Step, ...], lanes: Mapping[str, Lane]) -> list[Lane]:
        """Carry out independent steps side by side; the lanes they changed. One that fails stops no other."""
        with ThreadPoolExecutor(max_workers=min(PARALLEL_STEPS, len(steps))) as pool:
            futures = [pool.submit(self._carry_out, rollout, step, lanes) for step in steps]
        failures = [error for future in futures if (error := future.exception())]
        if failures:
            raise failures[0]
        return [lane for future in futures for lane in future.result()]

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
            lane = lanes[run.target.name]
            return end(rollout, run, lane, RunState.REFUSED, str(refusal), self._clock())
        return started(rollout, run, report, self._clock())

    def _asked(self, rollout_id: str) -> dict[RunKey, BuildReport]:
        loaded = self._store.load(rollout_id)
        if loaded is None:
            return {}
        running = [run for run in latest(loaded[1]).values() if run.state is RunState.RUNNING and run.build_arn]
        return {(run.target.name, run.attempt): report for run in running if (report := self._ask(run))}

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
