"""The reconciler: loads state, executes the steps that `next_steps` gives, and can be run again at any moment."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from pointsman.core.delivery import Delivery, refuse_old
from pointsman.core.model import Rollout, RolloutId, RolloutSpec, Run, RunKey, TargetName, TargetQueue
from pointsman.core.ports import BuildReport, Builds, RolloutStore, Trail, Transition
from pointsman.core.rollouts import accept
from pointsman.core.rollouts.reconcile import AcquireTarget, Reports, StartBuild, Step, next_steps
from pointsman.core.rollouts.starter import Starter
from pointsman.core.rollouts.sweep import Sweep, Swept
from pointsman.errors import Conflict, Unavailable, raise_failures

# Each lost race means that somebody else moved the rollout forward, so this is reached only when something is broken.
LOST_RACES_ALLOWED = 25
PARALLEL_STEPS = 16
PARALLEL_IN_A_REGION = 4  # so that regions that do not answer leave threads to those that do


def never() -> bool:
    """There is time enough."""
    return False


def unheard(_swept: Swept) -> None:
    """Nobody wants to know."""


class Engine:
    """Everything that moves a rollout: a delivery, a build that ended, the sweep."""

    def __init__(self, store: RolloutStore, trail: Trail, builds: Builds, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._starter = Starter(store, builds, clock)
        self._sweep = Sweep(store, self._starter.builds, clock, self.reconcile)

    def accept(self, delivery: Delivery, message_id: str) -> list[RolloutId]:
        """Record a delivery and store each rollout that it asks for; returns their ids.

        `message_id` is the SQS message's: the same message handled again changes nothing. Once this returns, the
        delivery is durable: what `reconcile` cannot do now, the sweep does. Raises when a rollout could not be stored,
        after all others were.
        """
        delivery = refuse_old(delivery, self._clock())
        self._trail.record(accept.decided(delivery))
        failures: list[Exception] = []
        for spec in delivery.specs:
            try:
                self._accept_spec(delivery, message_id, spec)
            except Exception as failure:  # an order that can't be stored stops no other
                failures.append(failure)
        raise_failures(failures)
        return [spec.rollout for spec in delivery.specs]

    def build_ended(self, rollout_id: RolloutId, target_name: TargetName, attempt: int, report: BuildReport) -> None:
        """CodeBuild told that the build of a run began or ended."""
        self.reconcile([rollout_id], {rollout_id: {(target_name, attempt): report}})

    def sweep(self, enough: Callable[[], bool] = never, tell: Callable[[Swept], None] = unheard) -> None:
        """Bring every open rollout forward, asking CodeBuild about each build that should be running.

        Stops between two rollouts once `enough` says so; the next sweep goes on there. `tell` hears what was done, also
        when something failed. Raises what `reconcile` raises, after every other was moved.
        """
        self._starter.builds.forget()
        failures: list[Exception] = []
        tell(self._sweep(enough, failures))
        raise_failures(failures)

    def reconcile(
        self,
        rollout_ids: Iterable[RolloutId],
        reports: Mapping[RolloutId, Reports] | None = None,
        enough: Callable[[], bool] = never,
    ) -> None:
        """Bring rollouts forward, and those that waited for a target which one of them left.

        Once `enough` says so, the sweep has to go on with the rest. Raises Unavailable when one of them could not be
        moved now, after every other one was; what nobody foresaw is raised before that.
        """
        reports = reports or {}
        pending = list(dict.fromkeys(rollout_ids))
        failures: list[Exception] = []
        while pending and not enough():
            rollout_id = pending.pop(0)
            touched: dict[RolloutId, None] = {}
            try:
                self._bring_forward(rollout_id, reports.get(rollout_id, {}), touched)
            except Exception as failure:  # as above
                failures.append(failure)
            pending += [other for other in touched if other not in (rollout_id, *pending)]
        raise_failures(failures)

    def _accept_spec(self, delivery: Delivery, message_id: str, spec: RolloutSpec) -> None:
        for _ in range(LOST_RACES_ALLOWED):
            try:
                known = self._store.load(spec.rollout)
                if known is None:
                    self._store.commit(accept.start(delivery, message_id, spec, self._clock()))
                elif known[0].last_message_id != message_id:
                    self._repeat(delivery, message_id, spec, *known)
                return
            except Conflict:
                continue
        raise Unavailable(f"rollout {spec.rollout} keeps moving")

    def _repeat(
        self, delivery: Delivery, message_id: str, spec: RolloutSpec, rollout: Rollout, runs: tuple[Run, ...]
    ) -> None:
        queues = self._store.queues({*rollout.spec.queues, *(run.queue for run in runs)})
        transition = accept.repeat(delivery, message_id, spec, rollout, runs, queues, self._clock())
        if transition.rollout:
            self._store.commit(transition)
        else:
            for event in transition.events:
                self._trail.record(event)

    def _bring_forward(self, rollout_id: RolloutId, reports: Reports, touched: dict[RolloutId, None]) -> None:
        """Execute steps until none is left; `touched` gets every rollout in a lane that was changed."""
        progress = _Progress(touched)
        for _ in range(LOST_RACES_ALLOWED):
            loaded = self._store.load(rollout_id)
            if loaded is None:
                return
            rollout, runs = loaded
            queues = self._store.queues(rollout.spec.queues)
            steps = [
                step
                for step in next_steps(rollout, runs, queues, reports, self._clock())
                if not (isinstance(step, StartBuild) and step.run.key in progress.put_off)
            ]
            if not steps:
                raise_failures(progress.failures)
                return
            self._execute(rollout, steps, queues, progress)
        raise_failures([*progress.failures, Unavailable(f"rollout {rollout_id} keeps moving")])

    def _execute(
        self, rollout: Rollout, steps: Iterable[Step], queues: Mapping[str, TargetQueue], progress: "_Progress"
    ) -> None:
        """Carry out independent steps side by side. One that fails stops no other."""
        failures: list[Exception] = []

        def work(queue: deque[Step]) -> None:
            while queue:
                try:
                    self._carry_out(rollout, queue.popleft(), queues, progress)
                except IndexError:
                    return  # another thread took the last
                except Exception as failure:
                    failures.append(failure)

        workers = _workers(steps)
        with ThreadPoolExecutor(max_workers=min(PARALLEL_STEPS, len(workers))) as pool:
            list(pool.map(work, workers))
        raise_failures(failures)

    def _carry_out(
        self, rollout: Rollout, step: Step, queues: Mapping[str, TargetQueue], progress: "_Progress"
    ) -> None:
        try:
            transition = self._start(rollout, step, queues, progress) if isinstance(step, StartBuild) else step
            if transition:
                self._store.commit(transition)
                progress.note(transition)
        except Conflict:
            return  # the caller loads and decides again

    def _start(
        self, rollout: Rollout, step: StartBuild, queues: Mapping[str, TargetQueue], progress: "_Progress"
    ) -> Transition | None:
        """A build that can't be started now is tried again by another call; what else there is to do goes on."""
        run = step.run
        try:
            transition = self._starter.start(rollout, run, queues[run.queue], progress.is_first(run))
        except Conflict:
            raise
        except Exception as failure:
            progress.failures.append(failure)
            transition = None
        if transition is None:
            progress.put_off.add(run.key)
        return transition


@dataclass(frozen=True)
class _Progress:
    """What one call has done to a rollout."""

    touched: dict[RolloutId, None]  # rollouts in lanes that it changed
    claimed: dict[RunKey, int] = field(default_factory=dict)  # runs for which it took the lane: their version since
    put_off: set[RunKey] = field(default_factory=set)  # runs whose builds can't be started now
    failures: list[Exception] = field(default_factory=list)  # why, where it was not foreseen

    def is_first(self, run: Run) -> bool:
        """Whether this call took the lane for `run`, and nobody has touched the run since."""
        return self.claimed.pop(run.key, None) == run.version

    def note(self, transition: Transition) -> None:
        """Remember what was written."""
        for queue in transition.queues:
            entries = (*queue.waiting, *((queue.holder,) if queue.holder else ()))
            self.touched.update(dict.fromkeys(entry.rollout for entry in entries))
        if isinstance(transition, AcquireTarget):
            self.claimed.update({run.key: run.version + 1 for run in transition.runs})


def _workers(steps: Iterable[Step]) -> list[deque[Step]]:
    """Which steps each thread takes: those of a region share a few threads, and regions take turns."""
    regions: dict[tuple[str, str], deque[Step]] = defaultdict(deque)
    stored: deque[Step] = deque()
    for step in steps:
        target = step.run.target if isinstance(step, StartBuild) else None
        (regions[target.account_id, target.region] if target else stored).append(step)
    queues = [queue for queue in (stored, *regions.values()) if queue]
    return [queue for turn in range(PARALLEL_IN_A_REGION) for queue in queues if len(queue) > turn]
