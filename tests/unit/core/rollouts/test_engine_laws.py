"""Laws 2 to 5, for every order of deliveries, ends, sweeps, refusals and crashes. test_instance_laws.py adds to it."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pointsman.adapters.alarms_memory import MemoryAlarms
from pointsman.adapters.builds_memory import MemoryBuilds
from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.delivery import Delivery
from pointsman.core.model import Rollout, RolloutId, Run, RunState, TargetName, WhenBusy
from pointsman.core.ports import BuildReport, Transition
from pointsman.core.rollouts import executor
from pointsman.core.rollouts.engine import Engine
from pointsman.errors import Unavailable
from tests.support.rollouts import Clock, delivery

TARGETS = tuple(map(TargetName, ("dev/eu-west-1", "dev/us-east-1", "prod/eu-west-1")))
ENDS = (RunState.SUCCEEDED, RunState.FAILED, RunState.STOPPED, RunState.TIMED_OUT, RunState.FAULTED)
RANK = {state: min(index, 3) for index, state in enumerate(RunState)}  # every end ranks alike


@pytest.fixture(autouse=True)
def without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """With threads, a crash would hit another write in every run."""
    monkeypatch.setattr(executor, "PARALLEL_STEPS", 1)


class CrashingRollouts(MemoryRollouts):
    """The twin, in a process that dies before or after the next write if `crash` says so."""

    crash: str | None = None

    def commit(self, transition: Transition) -> None:
        crash, self.crash = self.crash, None
        if crash == "before":
            raise Unavailable("died before the write")
        super().commit(transition)
        if crash == "after":
            raise Unavailable("died after the write")


class Laws(RuleBasedStateMachine):
    """A world in which everything can fail, and no law may be broken."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.trail = MemoryTrail()
        self.store = CrashingRollouts(self.trail)
        self.builds = MemoryBuilds(self.clock)
        self.engine = Engine(self.store, self.trail, self.builds, self.clock, alarms=MemoryAlarms())
        self.messages = 0
        self.last: tuple[Delivery, str] | tuple[()] = ()
        self.rollout_ids: set[RolloutId] = set()
        self.deliveries: list[Delivery] = []
        self.refs: dict[str, str] = {}  # the commit of each route's branch
        self.newest: dict[tuple[str, str], datetime] = {}  # by route and target: the newest push with a build
        self.checked = 0  # builds whose order was checked
        self.seen: dict[tuple[RolloutId, TargetName, int], Run] = {}
        self.reports: list[tuple[RolloutId, TargetName, int, BuildReport]] = []

    @rule(
        letter=st.sampled_from("abc"),
        route=st.sampled_from(["site", "base"]),
        where=st.sets(st.sampled_from(TARGETS), min_size=1),
    )
    def push(self, letter: str, route: str, where: set[str]) -> None:
        self.clock.pass_by(seconds=2)
        incoming = delivery(
            *sorted(where),
            commit=letter * 40,
            before=self.refs.get(route, "0") * 40,
            name=f"d-{self.messages}",
            route=route,
            playbook=f"{route}.yml",
            when_busy=WhenBusy.QUEUE if route == "base" else WhenBusy.SUPERSEDE,
            at=self.clock(),
        ).replace(pushed_at=self.clock())
        self.refs[route] = letter
        self.rollout_ids.add(incoming.specs[0].rollout)
        self.deliveries.append(incoming)
        self._handle(incoming)

    @precondition(lambda self: self.deliveries)
    @rule(choice=st.integers(0, 99))
    def redelivery(self, choice: int) -> None:
        """By hand, from the dead-letter queue, or captured."""
        incoming = self.deliveries[choice % len(self.deliveries)]
        self._handle(incoming.replace(received_at=self.clock()))

    def _handle(self, incoming: Delivery) -> None:
        self.messages += 1
        self.last = (incoming, f"m-{self.messages}")
        self.the_last_message_arrives()

    @precondition(lambda self: self.last)
    @rule()
    def the_last_message_arrives(self) -> None:
        if not self.last:
            return
        incoming, message = self.last
        with suppress(Unavailable):
            self.engine.reconcile(self.engine.accept(incoming, message))

    @rule(
        name=st.sampled_from(TARGETS),
        how=st.sampled_from(["refuses", "closed", "throttles", "silent", "loses_answers", "answers"]),
    )
    def region(self, name: str, how: str) -> None:
        self._repair(name)
        match how:
            case "refuses" | "closed" | "throttles":
                getattr(self.builds, how)[name] = how
            case "silent" | "loses_answers":
                getattr(self.builds, how).add(name)

    def _repair(self, name: str) -> None:
        for refusing in (self.builds.refuses, self.builds.closed, self.builds.throttles):
            refusing.pop(name, None)
        self.builds.silent.discard(name)
        self.builds.loses_answers.discard(name)

    @precondition(lambda self: self.builds.builds)
    @rule(choice=st.integers(0, 99))
    def codebuild_leaves_out_a_build(self, choice: int) -> None:
        """The next answer has it again."""
        self.builds.left_out = {sorted(self.builds.builds)[choice % len(self.builds.builds)]}

    @rule(when=st.sampled_from(["before", "after"]))
    def crash_at_the_next_write(self, when: str) -> None:
        self.store.crash = when

    @precondition(lambda self: self._live())
    @rule(choice=st.integers(0, 99), state=st.sampled_from(ENDS), reported=st.booleans())
    def build_ends(self, choice: int, state: RunState, reported: bool) -> None:
        live = self._live()
        arn = live[choice % len(live)]
        report = self.builds.finish(arn, state)
        run = next(run for run in self._runs() if run.build_arn == arn)
        self.reports.append((run.rollout, run.target.name, run.attempt, report))
        if reported:
            self._report(-1)

    @precondition(lambda self: self.reports)
    @rule(choice=st.integers(0, 99))
    def an_end_is_reported_again_or_late(self, choice: int) -> None:
        self._report(choice % len(self.reports))

    @rule(minutes=st.sampled_from([0, 1, 6, 61, 500]))
    def sweep(self, minutes: int) -> None:
        self.clock.pass_by(minutes=minutes)
        self._codebuild_ends_what_is_too_old()
        with suppress(Unavailable):
            self.engine.sweep()
        self.builds.left_out = set()

    def _codebuild_ends_what_is_too_old(self) -> None:
        """A build queues for 8 hours and runs for 36 at most."""
        for arn, build in self.builds.builds.items():
            if not build.state.ended and build.started_at and self.clock() - build.started_at > timedelta(hours=44):
                self.builds.finish(arn, RunState.TIMED_OUT)

    def _report(self, which: int) -> None:
        with suppress(Unavailable):
            self.engine.build_ended(*self.reports[which])

    def _runs(self) -> list[Run]:
        return [run for _, runs in self._loaded() for run in runs]

    def _loaded(self) -> list[tuple[Rollout, tuple[Run, ...]]]:
        """Every rollout. Those for instances are found by their events."""
        self.rollout_ids |= {RolloutId(each.rollout) for each in self.trail.all() if each.rollout}
        return [loaded for rollout in sorted(self.rollout_ids) if (loaded := self.store.load(rollout))]

    def _live(self) -> list[str]:
        """The builds that the engine has recorded and that have not ended."""
        recorded = {run.build_arn for run in self._runs()}
        return [arn for arn, build in self.builds.builds.items() if not build.state.ended and arn in recorded]

    @invariant()
    def a_target_has_at_most_one_live_build_recorded_or_not(self) -> None:
        live = [
            target
            for (_, target, _), build in zip(self.builds.started, self.builds.builds.values(), strict=True)
            if not build.state.ended
        ]
        assert len(live) == len(set(live))

    @invariant()
    def no_older_commit_gets_a_build_after_a_newer_one(self) -> None:
        times = {(run.rollout, *run.key): run for run in self._runs()}
        for name in self.builds.started[self.checked :]:
            run = times[name]
            if name[0] in self._requests():
                continue  # has the time of its request; what it may run is another invariant
            concurrency_group = (run.route, run.target.name)
            assert self.newest.get(concurrency_group, run.ordering_time) <= run.ordering_time
            self.newest[concurrency_group] = run.ordering_time
        self.checked = len(self.builds.started)

    def _requests(self) -> dict[RolloutId, Rollout]:
        return {rollout.id: rollout for rollout, _ in self._loaded() if rollout.request}

    @invariant()
    def a_target_has_at_most_one_live_run(self) -> None:
        busy = [run.target.name for run in self._runs() if run.state in (RunState.STARTING, RunState.RUNNING)]
        assert len(busy) == len(set(busy))

    @invariant()
    def no_run_gets_two_builds(self) -> None:
        assert len(self.builds.started) == len(set(self.builds.started))

    @invariant()
    def state_only_moves_forward(self) -> None:
        for run in self._runs():
            name = (run.rollout, run.target.name, run.attempt)
            before = self.seen.get(name)
            if before:
                assert RANK[run.state] >= RANK[before.state]
                assert not before.state.ended or run.state is before.state
            self.seen[name] = run

    def teardown(self) -> None:
        """When everything answers, everything ends."""
        self.store.crash = None
        for name in TARGETS:
            self._repair(name)
        for _ in range(3 * len(TARGETS) * max(len(self.rollout_ids), 1)):
            self.clock.pass_by(minutes=5)
            self.engine.sweep()
            for arn in self._live():
                self.builds.finish(arn, RunState.SUCCEEDED)
        self.engine.sweep()
        assert self.store.open_rollouts() == []
        assert all(run.state.ended for run in self._runs())
        assert all(queue.holder is None and not queue.waiting for queue in self.store.queues(TARGETS).values())


TestLaws = Laws.TestCase
TestLaws.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
