"""The reconciler: it loads state and executes the next steps. It can be called again at any moment."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from pointsman.core.change import Change
from pointsman.core.delivery import Delivery, refuse_old
from pointsman.core.identity import route_key, route_of
from pointsman.core.model import Rollout, RolloutId, RolloutSpec, Run, TargetName
from pointsman.core.ports import (
    Alarms,
    BuildReport,
    Builds,
    FoundInstance,
    Loaded,
    RolloutStore,
    Surroundings,
    Trail,
    Transition,
    load_readable,
)
from pointsman.core.rollouts import accept, contributors, route_line
from pointsman.core.rollouts.build_steps import StartBuild, StopBuild
from pointsman.core.rollouts.executor import Executor, StepProgress, Touched, in_parallel
from pointsman.core.rollouts.instance_runs import InstanceRuns
from pointsman.core.rollouts.new_instances import InstanceRoute
from pointsman.core.rollouts.reconcile import next_steps
from pointsman.core.rollouts.requests import requested
from pointsman.core.rollouts.rollout_steps import with_first_wave
from pointsman.core.rollouts.run_mover import RunMover
from pointsman.core.rollouts.situation import Facts, Reports
from pointsman.core.rollouts.starter import Starter
from pointsman.core.rollouts.sweep import Sweep, SweepResult
from pointsman.core.rollouts.whole_rollout import WholeRollout
from pointsman.core.run_request import InstanceLaunch, RunRequest
from pointsman.errors import Conflict, Unavailable, raise_failures

# After a lost race another process has moved the rollout forward, so only a bug can reach this limit.
LOST_RACES_ALLOWED = 25
KNOWN_FOR = timedelta(seconds=1)  # what was written so lately is not read again; somebody may freeze it meanwhile


def never() -> bool:
    """Do not stop."""
    return False


def ignore(_result: SweepResult) -> None:
    """Do not report."""


class Engine:
    """Moves rollouts forward: on a delivery, on the end of a build, on a new instance, and in the sweep."""

    def __init__(
        self, store: RolloutStore, trail: Trail, builds: Builds, clock: Callable[[], datetime], *, alarms: Alarms
    ) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._starter = Starter(store, builds, clock)
        self._executor = Executor(store, self._starter, clock)
        self._mover = RunMover(store, self._executor, clock)
        self._known: dict[RolloutId, tuple[Known, datetime]] = {}  # that this process has just written, and when
        self._instances = InstanceRuns(store, clock)
        self._whole = WholeRollout(store, trail, alarms, clock, self._move_along)
        self._sweep = Sweep(store, self._starter.builds, clock, self.reconcile)

    def accept(self, delivery: Delivery, message_id: str) -> list[RolloutId]:
        """Record a delivery and store its rollouts; return their ids, and those of rollouts that they supersede.

        `message_id` is the SQS message's: handling the same message again changes nothing. Once this returns, the
        delivery is durable: the sweep does what `reconcile` cannot do now. If a rollout could not be stored, it raises
        after storing all others.
        """
        delivery = refuse_old(delivery, self._clock())

        looks: dict[RolloutId, Look] = {}

        def look(spec: RolloutSpec) -> None:
            with suppress(Exception):  # a rollout that can't be read stops no other, and is read again below
                looks[spec.rollout] = self._look(delivery, spec)

        # Nothing is stored of a delivery that is not in the trail.
        first: list[Callable[[], object]] = [partial(self._trail.record, accept.delivery_decided(delivery))]
        first += [partial(look, spec) for spec in delivery.specs]
        in_parallel(first)
        stored = in_parallel(
            [partial(self._accept_spec, delivery, message_id, spec, looks.get(spec.rollout)) for spec in delivery.specs]
        )
        superseded = [name for names in stored for name in names]
        return [*(spec.rollout for spec in delivery.specs), *superseded]

    def build_ended(self, rollout_id: RolloutId, target_name: TargetName, attempt: int, report: BuildReport) -> None:
        """CodeBuild reported that the build of a run began or ended."""
        key, progress = (target_name, attempt), StepProgress(Touched())
        failures: list[Exception] = []
        whole: list[RolloutId] = []
        try:
            whole = self._mover.take(rollout_id, key, report, progress)
        except Exception as failure:
            failures.append(failure)
        whole += self._instances.start(progress.touched.queues, failures)
        try:
            self.reconcile(whole, {rollout_id: {key: report}})
        except Exception as failure:
            failures.append(failure)
        raise_failures([*failures, *progress.failures])

    def request(self, change: Change, spec: RolloutSpec, request: RunRequest) -> RolloutId:
        """Run a commit once more, on every target of `spec`, for another reason than a push; return the rollout's id.

        The same request again changes nothing. It queues as a push of this moment would.
        """
        rollout, event = requested(change, spec, request, self._clock())
        if self._store.load(rollout.id) is None:
            with suppress(Conflict):  # another process has just stored the same request
                self._store.commit(Transition(rollout=rollout, events=(event,)))
        self.reconcile([rollout.id])
        return rollout.id

    def instance_launched(self, launch: InstanceLaunch, found: FoundInstance, routes: Sequence[InstanceRoute]) -> None:
        """An instance came up. The routes that configure new instances of its target run on it, and on nothing else.

        The same launch again changes nothing. While the target is busy, the instance waits.
        """
        self._start_on_instances(self._instances.note(launch, found, routes))

    def sweep(self, should_stop: Callable[[], bool] = never, report: Callable[[SweepResult], None] = ignore) -> None:
        """Bring every open rollout forward, and ask CodeBuild about each build that should be running.

        Stops between two rollouts when `should_stop` is true; the next sweep continues there. `report` gets the result
        even if something failed. Raises what `reconcile` raises, after moving every other rollout.
        """
        self._starter.builds.forget()
        failures: list[Exception] = []
        report(self._sweep(should_stop, failures))
        if not should_stop():
            try:
                self._start_on_instances(self._store.queues_with_new_instances())
            except Exception as failure:  # it hides no other
                failures.append(failure)
        raise_failures(failures)

    def reconcile(
        self,
        rollout_ids: Iterable[RolloutId],
        reports: Mapping[RolloutId, Reports] | None = None,
        should_stop: Callable[[], bool] = never,
    ) -> None:
        """Bring rollouts forward, and then those that waited for a target which has become free.

        When `should_stop` is true, the rest is left to the sweep. If a rollout can't be moved now, it raises
        Unavailable after moving all others. An unexpected error takes precedence over Unavailable.
        """
        reports = reports or {}
        pending = list(dict.fromkeys(rollout_ids))
        failures: list[Exception] = []
        while pending and not should_stop():
            rollout_id = pending.pop(0)
            touched = Touched()
            try:
                self._bring_forward(rollout_id, reports.get(rollout_id, {}), touched)
            except Exception as failure:  # as above
                failures.append(failure)
            more = (*touched.rollouts, *self._instances.start(touched.queues, failures))
            pending += [other for other in more if other not in (rollout_id, *pending)]
        self._known.clear()
        raise_failures(failures)

    def _accept_spec(
        self, delivery: Delivery, message_id: str, spec: RolloutSpec, look: "Look | None"
    ) -> list[RolloutId]:
        """Store a rollout; return the others that may end because of it."""
        for _ in range(LOST_RACES_ALLOWED):
            stored, around = look or self._look(delivery, spec)
            look = None
            if stored and stored[0].last_message_id == message_id:
                return []
            transition = self._acceptance(delivery, message_id, spec, stored, around)
            route = around.routes[route_key(delivery.change.repository_id, spec.route)]
            transition = contributors.noting(transition, route)
            try:
                if transition.rollout:
                    self._store.commit(transition)
                    if stored is None:
                        self._known[spec.rollout] = (_after(transition, around), self._clock())
                    return route_line.superseded_by(transition.route, transition.rollout)
                for event in transition.events:
                    self._trail.record(event)
                return []
            except Conflict:
                continue
        raise Unavailable(f"rollout {spec.rollout} keeps changing")

    def _look(self, delivery: Delivery, spec: RolloutSpec) -> "Look":
        """Read a rollout that may be stored, and what is around it, at the same time."""
        key = route_key(delivery.change.repository_id, spec.route)
        stored: list[Loaded | None] = []
        around: list[Surroundings] = []
        in_parallel(
            [
                lambda: stored.append(self._store.load(spec.rollout)),
                lambda: around.append(self._store.surroundings(spec.queues, (key,))),
            ]
        )
        return stored[0], around[0]

    def _acceptance(
        self, delivery: Delivery, message_id: str, spec: RolloutSpec, stored: "Loaded | None", around: Surroundings
    ) -> Transition:
        key, now = route_key(delivery.change.repository_id, spec.route), self._clock()
        if stored is None:
            load = partial(load_readable, self._store)
            started = accept.start(delivery, message_id, spec, around.routes[key], now, load)
            return with_first_wave(started, around, now)
        rollout, runs = stored
        queues = around.queues
        if others := {*rollout.spec.queues, *(run.queue for run in runs)}.difference(queues):
            queues = queues | self._store.queues(others)
        return accept.repeat(delivery, message_id, spec, rollout, runs, queues, around.routes[key], now)

    def _start_on_instances(self, queue_names: Iterable[str]) -> None:
        """Start runs on the new instances of these queues."""
        failures: list[Exception] = []
        started = self._instances.start(queue_names, failures)
        try:
            self.reconcile(started)
        except Exception as failure:
            failures.append(failure)
        raise_failures(failures)

    def _move_along(self, rollout_id: RolloutId, touched: Touched) -> None:
        """Bring a rollout forward that another one has to wait for."""
        self._bring_forward(rollout_id, {}, touched)

    def _bring_forward(self, rollout_id: RolloutId, reports: Reports, touched: Touched) -> None:
        """Execute steps until none is left. `touched` gets what is in a queue that was changed."""
        progress = StepProgress(touched)
        facts = Facts()
        for _ in range(LOST_RACES_ALLOWED):
            known = self._just_written(rollout_id) or self._load(rollout_id)
            if known is None:
                return
            rollout, runs, around = known
            steps = [
                step
                for step in next_steps(rollout, runs, around, reports, self._clock(), facts)
                if not (isinstance(step, StartBuild | StopBuild) and step.run.key in progress.delayed)
            ]
            if not steps:
                raise_failures(progress.failures)
                return
            facts = self._whole.read(runs, steps, facts)
            self._whole.execute(rollout, runs, steps, touched)
            self._executor.execute(rollout, steps, around, progress)
        raise_failures([*progress.failures, Unavailable(f"rollout {rollout_id} keeps changing")])

    def _just_written(self, rollout_id: RolloutId) -> "Known | None":
        known, at = self._known.pop(rollout_id, (None, self._clock()))
        return known if self._clock() - at <= KNOWN_FOR else None

    def _load(self, rollout_id: RolloutId) -> "Known | None":
        loaded = self._store.load(rollout_id)
        if loaded is None:
            return None
        rollout, runs = loaded
        key = route_of(rollout)
        return rollout, runs, self._store.surroundings(rollout.spec.queues, (key,))


type Look = tuple[Loaded | None, Surroundings]
type Known = tuple[Rollout, tuple[Run, ...], Surroundings]


def _after(transition: Transition, around: Surroundings) -> Known:
    """What is stored after a new rollout was written, so that it need not be read again. A stale version conflicts."""
    rollout, route = transition.rollout, transition.route
    assert rollout is not None  # noqa: S101 - the caller has just written it
    routes = around.routes if route is None else around.routes | {route.key: route.replace(version=route.version + 1)}
    return rollout.replace(version=rollout.version + 1), (), around.replace(routes=routes)
