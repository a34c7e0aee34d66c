"""Pushes that move a ref back to an earlier commit: the last push decides the final commit of a target."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.delivery import Delivery
from pointsman.core.model import Mode, RolloutId, RunState, TargetName, WhenBusy
from pointsman.core.trail.events import RolloutRepeated
from tests.support.rollouts import delivery
from tests.support.world import DEV, PROD, MemoryWorld

EAST = TargetName("dev/us-east-1")
LETTERS = "abc"
both_ways = pytest.mark.parametrize("when_busy", [WhenBusy.SUPERSEDE, WhenBusy.QUEUE])


class Ref:
    """A branch. Each of its pushes has the commit before it and a time."""

    def __init__(self, world: MemoryWorld, when_busy: WhenBusy = WhenBusy.SUPERSEDE, *targets: TargetName) -> None:
        self.world, self.when_busy, self.targets = world, when_busy, targets or (DEV,)
        self.at = "0"
        self.pushes = 0

    def push(self, letter: str) -> RolloutId:
        """Push a commit; return its rollout."""
        return self.world.push(self.delivery(letter))

    def delivery(self, letter: str) -> Delivery:
        self.pushes += 1
        incoming = delivery(
            *self.targets,
            commit=letter * 40,
            before=self.at * 40,
            name=f"d-{self.pushes}",
            when_busy=self.when_busy,
            at=self.world.later(),
        )
        self.at = letter
        return incoming.replace(pushed_at=incoming.received_at - timedelta(seconds=2))


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


def started(world: MemoryWorld) -> list[tuple[RolloutId, int]]:
    return [(rollout, attempt) for rollout, _, attempt in world.builds.started]


def test_a_push_back_to_an_earlier_commit_runs_it_again(world: MemoryWorld) -> None:
    ref = Ref(world)
    old = ref.delivery("a")
    first = world.push(old)
    world.finish(first, DEV)
    newer = ref.push("b")
    world.finish(newer, DEV)

    back = ref.delivery("a")
    assert world.push(back) == first
    world.finish(first, DEV)
    world.push(back)  # its redelivery
    world.push(old)  # the first push's

    assert started(world) == [(first, 1), (newer, 1), (first, 2)]


@both_ways
def test_a_push_back_while_the_first_runs_supersedes_the_newer_that_waits(
    world: MemoryWorld, when_busy: WhenBusy
) -> None:
    ref = Ref(world, when_busy)
    first, newer = ref.push("a"), ref.push("b")
    ref.push("a")

    assert world.run(newer, DEV).state is RunState.SUPERSEDED
    world.finish(first, DEV)
    assert started(world) == [(first, 1)]


@both_ways
def test_a_push_back_after_the_first_ended_supersedes_the_newer_that_waits(
    world: MemoryWorld, when_busy: WhenBusy
) -> None:
    ref = Ref(world, when_busy)
    first = ref.push("a")
    world.finish(first, DEV)
    other = world.push(delivery(DEV, route="base", playbook="base.yml", at=world.later()))
    newer = ref.push("b")
    ref.push("a")

    assert world.run(newer, DEV).state is RunState.SUPERSEDED
    world.finish(other, DEV)
    assert started(world) == [(first, 1), (other, 1)]
    assert world.rollout(first).state.ended


@both_ways
def test_a_push_back_while_the_newer_runs_waits_for_it(world: MemoryWorld, when_busy: WhenBusy) -> None:
    ref = Ref(world, when_busy)
    first = ref.push("a")
    world.finish(first, DEV)
    newer = ref.push("b")
    ref.push("a")

    assert world.run(first, DEV).state is RunState.WAITING
    world.finish(newer, DEV)
    assert world.run(first, DEV).state is RunState.RUNNING
    assert started(world) == [(first, 1), (newer, 1), (first, 2)]


def test_a_push_back_to_a_superseded_commit_runs_it(world: MemoryWorld) -> None:
    ref = Ref(world)
    first, second, third = ref.push("a"), ref.push("b"), ref.push("c")
    assert world.run(second, DEV).state is RunState.SUPERSEDED
    ref.push("b")

    assert world.run(third, DEV).state is RunState.SUPERSEDED
    world.finish(first, DEV)
    assert world.run(second, DEV).state is RunState.RUNNING
    assert started(world) == [(first, 1), (second, 2)]


@both_ways
def test_pushes_back_and_forth_end_with_the_last(world: MemoryWorld, when_busy: WhenBusy) -> None:
    """The second push to b has the same commit before it as the first, but it is another push."""
    ref = Ref(world, when_busy)
    a = ref.push("a")
    world.finish(a, DEV)
    b = ref.push("b")
    world.finish(b, DEV)
    ref.push("a")
    world.finish(a, DEV)
    ref.push("b")
    world.finish(b, DEV)
    assert started(world) == [(a, 1), (b, 1), (a, 2), (b, 2)]


def test_a_late_redelivery_is_not_another_push(world: MemoryWorld) -> None:
    ref = Ref(world)
    deliveries = [ref.delivery(letter) for letter in "abab"]
    rollouts = [world.push(each) for each in deliveries]
    for _ in range(5):
        for run in [world.run(rollout, DEV) for rollout in rollouts[:2]]:
            if run.state is RunState.RUNNING:
                world.finish(run.rollout, DEV)
    before = started(world)
    for each in deliveries:
        late = each.replace(received_at=each.received_at + timedelta(minutes=30))
        world.push(late)
    assert started(world) == before


def test_a_commit_that_arrives_after_the_push_back_does_not_run(world: MemoryWorld) -> None:
    ref = Ref(world)
    first = ref.push("a")
    world.finish(first, DEV)
    lost = ref.delivery("b")  # did not arrive at first
    ref.push("a")
    assert world.run(world.push(lost), DEV).state is RunState.SUPERSEDED
    assert started(world) == [(first, 1)]


def test_a_push_back_runs_where_the_newer_ran_and_only_on_targets_of_the_route(world: MemoryWorld) -> None:
    ref = Ref(world, WhenBusy.SUPERSEDE, DEV, PROD, EAST)
    first = ref.push("a")
    for name in ref.targets:
        world.finish(first, name)
    ref.targets = (DEV, EAST)
    newer = ref.push("b")
    world.finish(newer, DEV)
    world.finish(newer, EAST)
    ref.targets = (DEV, PROD)
    ref.push("a")
    assert world.builds.started[-1] == (first, DEV, 2)
    assert world.run(first, EAST).attempt == 1
    assert world.run(first, PROD).attempt == 1


def test_what_a_push_back_does_is_recorded(world: MemoryWorld) -> None:
    ref = Ref(world)
    first = ref.push("a")
    ref.push("b")
    ref.push("a")
    [repeated] = [event for event in world.events(first) if isinstance(event, RolloutRepeated)]
    assert repeated.retried == ()
    assert "it supersedes what was pushed in between" in repeated.reason


@given(
    steps=st.lists(st.sampled_from([*LETTERS, "end", "again", "other"]), max_size=14),
    when_busy=st.sampled_from(list(WhenBusy)),
)
def test_the_last_push_decides(steps: list[str], when_busy: WhenBusy) -> None:
    """Pushes, ends, redeliveries and another route's runs in any order."""
    world = MemoryWorld()
    ref = Ref(world, when_busy)
    deliveries = [ref.delivery("a")]
    world.push(deliveries[0])
    for step in steps:
        if step in LETTERS:
            if step != ref.at:
                deliveries.append(ref.delivery(step))
                world.push(deliveries[-1])
        elif step == "again":
            world.push(deliveries[len(steps) % len(deliveries)])
        elif step == "other":
            world.push(delivery(DEV, route="base", playbook="base.yml", commit="9" * 40, at=world.later()))
        else:
            end_all(world, 1)
    end_all(world, 50)
    site = [rollout for rollout, _ in started(world) if world.rollout(rollout).spec.route == "site"]
    assert world.rollout(site[-1]).change.after == ref.at * 40
    assert world.store.open_rollouts() == []


def end_all(world: MemoryWorld, times: int) -> None:
    for _ in range(times):
        for rollout in world.store.open_rollouts():
            if world.run(rollout, DEV).state is RunState.RUNNING:
                world.finish(rollout, DEV)


def a_check(world: MemoryWorld, letter: str, base: str) -> Delivery:
    """A delivery of a pull request. `before` is the newest commit of its base."""
    incoming = delivery(DEV, commit=letter * 40, before=base * 40, name=f"d-{letter}", at=world.later())
    spec = incoming.specs[0].replace(rollout=f"r-{letter * 16}", mode=Mode.CHECK, concurrency_group="site#7")
    return incoming.replace(specs=(spec,), pushed_at=incoming.received_at)


def test_a_superseded_check_runs_once_the_pull_request_is_back_at_its_commit(world: MemoryWorld) -> None:
    first, second, third = (world.push(a_check(world, letter, "0")) for letter in "abc")
    assert world.run(second, DEV).state is RunState.SUPERSEDED
    world.push(a_check(world, "b", "0"))
    assert world.run(third, DEV).state is RunState.SUPERSEDED
    world.finish(first, DEV)
    assert world.run(second, DEV).state is RunState.RUNNING


def test_a_checked_commit_is_not_checked_again_when_something_else_happens_to_the_pull_request(
    world: MemoryWorld,
) -> None:
    """The pull request is reopened, or its base has a new commit."""
    checked = world.push(a_check(world, "a", "0"))
    world.push(a_check(world, "a", "1"))
    world.finish(checked, DEV)
    before = world.types(checked)
    world.push(a_check(world, "a", "2"))
    assert started(world) == [(checked, 1)]
    assert world.types(checked) == [*before, "RolloutRepeated"]
