"""The reconciler: it loads state and executes the next steps. It can be called again at any moment."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from pointsman.core.delivery import Delivery, refuse_old
from pointsman.core.identity import route_key
from pointsman.core.model import Change, Rollout, RolloutId, RolloutSpec, Run, RunKey, TargetName, TargetQueue
from pointsman.core.ports import Alarms, BuildReport, Builds, FoundInstance, RolloutStore, Trail, Transition
from pointsman.core.rollouts import accept, route_line
from pointsman.core.rollouts.build_steps import StartBuild, StopBuild
from pointsman.core.rollouts.instance_runs import InstanceRuns
from pointsman.core.rollouts.new_instances import InstanceRoute
from pointsman.core.rollouts.queue_steps import AcquireTarget
from pointsman.core.rollouts.reconcile import Step, next_steps
from pointsman.core.rollouts.requests import requested
from pointsman.core.rollouts.situation import Facts, Reports
from pointsman.core.rollouts.starter import Starter
from pointsman.core.rollouts.sweep import Sweep, SweepResult
from pointsman.core.rollouts.whole_rollout import Touched, WholeRollout
from pointsman.core.run_request import InstanceLaunch, RunRequest
from pointsman.errors import Conflict, Unavailable, raise_failures

# After a lost race another process has moved the rollout forward, so only a bug can reach this limit.
LOST_RACES_ALLOWED = 25
PARALLEL_STEPS = 16
PARALLEL_IN_A_REGION = 4  # so that regions that do not answer leave threads for the others


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
        self._instances = InstanceRuns(store, clock)
        self._whole = WholeRollout(store, trail, alarms, clock)
        self._sweep = Sweep(store, self._starter.builds, clock, self.reconcile)

    def accept(self, delivery: Delivery, message_id: str) -> list[RolloutId]:
        """Record a delivery and store its rollouts; return their ids, and those of rollouts that they supersede.

        `message_id` is the SQS message's: handling the same message again changes nothing. Once this returns, the
        delivery is durable: the sweep does what `reconcile` cannot do now. If a rollout could not be stored, it raises
        after storing all others.
        """
        delivery = refuse_old(delivery, self._clock())
        self._trail.record(accept.delivery_decided(delivery))
        failures: list[Exception] = []
        superseded: list[RolloutId] = []
        for spec in delivery.specs:
            try:
                superseded += self._accept_spec(delivery, message_id, spec)
            except Exception as failure:  # a rollout that can't be stored stops no other
                failures.append(failure)
        raise_failures(failures)
        return [*(spec.rollout for spec in delivery.specs), *superseded]

    def build_ended(self, rollout_id: RolloutId, target_name: TargetName, attempt: int, report: BuildReport) -> None:
        """CodeBuild reported that the build of a run began or ended."""
        self.reconcile([rollout_id], {rollout_id: {(target_name, attempt): report}})

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
        raise_failures(failures)

    def _accept_spec(self, delivery: Delivery, message_id: str, spec: RolloutSpec) -> list[RolloutId]:
        """Store a rollout; return the others that may end because of it."""
        for _ in range(LOST_RACES_ALLOWED):
            try:
                stored = self._store.load(spec.rollout)
                if stored and stored[0].last_message_id == message_id:
                    return []
                transition = self._acceptance(delivery, message_id, spec, stored)
                if transition.rollout:
                    self._store.commit(transition)
                    return route_line.superseded_by(transition.route, transition.rollout)
                for event in transition.events:
                    self._trail.record(event)
                return []
            except Conflict:
                continue
        raise Unavailable(f"rollout {spec.rollout} keeps changing")

    def _acceptance(
        self, delivery: Delivery, message_id: str, spec: RolloutSpec, stored: tuple[Rollout, tuple[Run, ...]] | None
    ) -> Transition:
        key = route_key(delivery.change.repository_id, spec.route)
        if stored is None:
            route = self._store.surroundings((), (key,)).routes[key]
            return accept.start(delivery, message_id, spec, route, self._clock())
        rollout, runs = stored
        around = self._store.surroundings({*rollout.spec.queues, *(run.queue for run in runs)}, (key,))
        return accept.repeat(
            delivery, message_id, spec, rollout, runs, around.queues, around.routes[key], self._clock()
        )

    def _start_on_instances(self, queue_names: Iterable[str]) -> None:
        """Start runs on the new instances of these queues."""
        failures: list[Exception] = []
        started = self._instances.start(queue_names, failures)
        try:
            self.reconcile(started)
        except Exception as failure:
            failures.append(failure)
        raise_failures(failures)

    def _bring_forward(self, rollout_id: RolloutId, reports: Reports, touched: Touched) -> None:
        """Execute steps until none is left. `touched` gets what is in a queue that was changed."""
        progress = _Progress(touched)
        facts = Facts()
        for _ in range(LOST_RACES_ALLOWED):
            loaded = self._store.load(rollout_id)
            if loaded is None:
                return
            rollout, runs = loaded
            around = self._store.surroundings(
                rollout.spec.queues, (route_key(rollout.change.repository_id, rollout.spec.route),)
            )
            steps = [
                step
                for step in next_steps(rollout, runs, around, reports, self._clock(), facts)
                if not (isinstance(step, StartBuild | StopBuild) and step.run.key in progress.delayed)
            ]
            if not steps:
                raise_failures(progress.failures)
                return
            facts = self._whole.read(steps, facts)
            self._whole.execute(rollout, runs, steps, touched)
            self._execute(rollout, steps, around.queues, progress)
        raise_failures([*progress.failures, Unavailable(f"rollout {rollout_id} keeps changing")])

    def _execute(
        self, rollout: Rollout, steps: Iterable[Step], queues: Mapping[str, TargetQueue], progress: "_Progress"
    ) -> None:
        """Execute independent steps in parallel. A failed step stops no other."""
        failures: list[Exception] = []

        def work(queue: deque[Step]) -> None:
            while queue:
                try:
                    self._execute_step(rollout, queue.popleft(), queues, progress)
                except IndexError:
                    return  # another thread took the last step
                except Exception as failure:
                    failures.append(failure)

        workers = _workers(steps)
        with ThreadPoolExecutor(max_workers=min(PARALLEL_STEPS, len(workers))) as pool:
            list(pool.map(work, workers))
        raise_failures(failures)

    def _execute_step(
        self, rollout: Rollout, step: Step, queues: Mapping[str, TargetQueue], progress: "_Progress"
    ) -> None:
        try:
            match step:
                case StartBuild():
                    transition = self._start(rollout, step, queues, progress)
                case StopBuild():
                    transition = self._stop(step, progress)
                case Transition():
                    transition = step
                case _:
                    return  # it concerns the rollout as a whole
            if transition:
                self._store.commit(transition)
                progress.note(transition)
        except Conflict:
            return  # the caller loads and plans again

    def _start(
        self, rollout: Rollout, step: StartBuild, queues: Mapping[str, TargetQueue], progress: "_Progress"
    ) -> Transition | None:
        """Start a build. If it can't be started now, a later call retries it, and the other steps go on."""
        run = step.run
        try:
            transition = self._starter.start(rollout, run, queues[run.queue], progress.is_first(run))
        except Conflict:
            raise
        except Exception as failure:
            progress.failures.append(failure)
            transition = None
        if transition is None:
            progress.delayed.add(run.key)
        return transition

    def _stop(self, step: StopBuild, progress: "_Progress") -> Transition | None:
        """Stop a build. If that fails, the sweep tries again."""
        try:
            return self._starter.stop(step.run)
        except Conflict:
            raise
        except Exception as failure:
            progress.failures.append(failure)
            progress.delayed.add(step.run.key)
            return None


@dataclass(frozen=True)
class _Progress:
    """What one call of the engine has done to a rollout."""

    touched: Touched
    acquired: dict[RunKey, int] = field(default_factory=dict)  # runs whose target it acquired, with their version
    delayed: set[RunKey] = field(default_factory=set)  # runs whose build can't be started or stopped now
    failures: list[Exception] = field(default_factory=list)  # unexpected reasons for that

    def is_first(self, run: Run) -> bool:
        """Whether this call acquired the target for `run`, and no other process has changed the run since."""
        return self.acquired.pop(run.key, None) == run.version

    def note(self, transition: Transition) -> None:
        """Note what was written."""
        for queue in transition.queues:
            entries = (*queue.waiting, *((queue.holder,) if queue.holder else ()))
            self.touched.rollouts.update(dict.fromkeys(entry.rollout for entry in entries))
            if queue.new_instances:
                self.touched.queues[queue.name] = None
        if transition.route:
            self.touched.rollouts.update(dict.fromkeys(ref.rollout for ref in transition.route.open))
        if isinstance(transition, AcquireTarget):
            self.acquired.update({run.key: run.version + 1 for run in transition.runs})


def _workers(steps: Iterable[Step]) -> list[deque[Step]]:
    """The steps of each thread: a region's steps share a few threads, and regions take turns."""
    regions: dict[tuple[str, str], deque[Step]] = defaultdict(deque)
    writes: deque[Step] = deque()
    for step in steps:
        target = step.run.target if isinstance(step, StartBuild | StopBuild) else None
        (regions[target.account_id, target.region] if target else writes).append(step)
    queues = [queue for queue in (writes, *regions.values()) if queue]
    return [queue for turn in range(PARALLEL_IN_A_REGION) for queue in queues if len(queue) > turn]
