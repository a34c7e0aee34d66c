"""The laws of the engine with new instances: for every order, each gets its run, or the trail says why not."""

from contextlib import suppress
from datetime import datetime

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from pointsman.core.model import RunState, TargetName
from pointsman.core.rollouts import executor
from pointsman.core.run_request import InstanceLaunch, RunRequest
from pointsman.core.trail.events import RolloutStarted
from pointsman.core.trail.instance_events import InstanceDecided, InstancesSkipped
from pointsman.errors import Unavailable
from tests.support.rollouts import found, instance_route, launch
from tests.unit.core.rollouts.test_engine_laws import TARGETS, Laws

BUSY = TARGETS[:1]  # most launches meet on one target


@pytest.fixture(autouse=True)
def without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "PARALLEL_STEPS", 1)


class InstanceLaws(Laws):
    """The same world, in which instances come up."""

    def __init__(self) -> None:
        super().__init__()
        self.launches: list[tuple[TargetName, InstanceLaunch]] = []

    @initialize()
    def a_commit_of_each_route_succeeds(self) -> None:
        for route in ("site", "base"):
            self.push("a", route, set(TARGETS))
            self.everything_succeeds()

    @rule()
    def everything_succeeds(self) -> None:
        while live := self._live():
            self.build_ends(0, RunState.SUCCEEDED, reported=True)
            assert live != self._live()

    @rule(number=st.integers(1, 3), name=st.sampled_from(BUSY * 3 + TARGETS), minutes=st.sampled_from([0, 70]))
    def an_instance_comes_up(self, number: int, name: TargetName, minutes: int) -> None:
        self.clock.pass_by(minutes=minutes, seconds=2)
        self.launches.append((name, launch(number, self.clock())))
        self.an_instance_is_reported_again_or_late(-1)

    @precondition(lambda self: self.launches)
    @rule(choice=st.integers(0, 99))
    def an_instance_is_reported_again_or_late(self, choice: int) -> None:
        """EC2 describes the newest launch, whichever one the event is about."""
        name, launched = self.launches[choice % len(self.launches)]
        newest = [each for where, each in self.launches if (where, each.instance) == (name, launched.instance)][-1]
        routes = [instance_route(name, route) for route in ("site", "base")]
        with suppress(Unavailable):
            self.engine.instance_launched(newest, found(newest), routes)

    @invariant()
    def instances_get_a_commit_that_succeeded_on_their_target(self) -> None:
        good = {
            (rollout.change.after, run.route, run.target.name)
            for rollout, runs in self._loaded()
            for run in runs
            if run.state is RunState.SUCCEEDED and not rollout.request
        }
        for rollout in self._requests().values():
            [target] = rollout.spec.targets
            assert (rollout.change.after, rollout.spec.route, target.name) in good

    @invariant()
    def a_launch_gets_at_most_one_run_of_a_route(self) -> None:
        """A later launch of the same instance is another one: they are at least an hour apart."""
        starts: dict[tuple[str, str, TargetName], list[datetime]] = {}
        for rollout in self._requests().values():
            assert rollout.request
            for instance in rollout.request.instances:
                key = (instance, rollout.spec.route, rollout.spec.targets[0].name)
                starts.setdefault(key, []).append(rollout.created_at)
        for (instance, _, name), times in starts.items():
            launched = {each.launched_at for where, each in self.launches if (where, each.instance) == (name, instance)}
            assert len(times) <= len(launched)

    def teardown(self) -> None:
        """When everything answers, no instance waits."""
        super().teardown()
        assert self.store.queues_with_new_instances() == []
        self._every_instance_ran_or_the_trail_says_why()

    def _every_instance_ran_or_the_trail_says_why(self) -> None:
        promised: set[tuple[str, str, str]] = set()
        settled: set[tuple[str, str, str]] = set()
        for event in self.trail.all():
            match event:
                case InstanceDecided():
                    routes = [each.route for each in event.decisions if each.runs]
                    promised |= {(event.instance_id, route, str(event.target)) for route in routes}
                case InstancesSkipped():
                    settled |= {(each, str(event.route), str(event.target)) for each in event.instances}
                case RolloutStarted(request=RunRequest()):
                    assert event.request
                    settled |= {(each, str(event.route), event.targets[0]) for each in event.request.instances}
        assert promised == settled


TestInstanceLaws = InstanceLaws.TestCase
TestInstanceLaws.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
