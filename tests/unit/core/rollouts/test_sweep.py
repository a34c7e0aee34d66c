"""The sweep: where it continues, how often it calls CodeBuild, and which targets it frees."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count

import pytest

from pointsman.core.delivery import Delivery
from pointsman.core.model import Rollout, RolloutId, RolloutState, Run, RunState, Target, TargetName
from pointsman.core.ports import BuildReport
from pointsman.core.rollouts.sweep import LOADED_AHEAD, SweepResult
from pointsman.errors import Unavailable, Unreadable
from tests.support.rollouts import delivery
from tests.support.world import DEV, PROD, MemoryWorld

type Loaded = tuple[Rollout, tuple[Run, ...]]


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


def test_a_rollout_that_cannot_be_moved_stops_the_sweep_of_no_other(
    world: MemoryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollouts = [world.push(delivery(DEV if letter == "a" else PROD, commit=letter * 40)) for letter in "ab"]
    for rollout in rollouts:
        run = world.run(rollout, DEV if rollout == rollouts[0] else PROD)
        world.builds.finish(run.build_arn or "", RunState.SUCCEEDED)
    load = world.store.load
    monkeypatch.setattr(world.store, "load", lambda name: load(name) if name == rollouts[1] else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        world.engine.sweep()
    assert world.rollout(rollouts[1]).state is RolloutState.SUCCEEDED


def test_a_sweep_that_is_out_of_time_stops_and_the_next_one_continues(world: MemoryWorld) -> None:
    rollouts = many(world, 3)
    for arn in list(world.builds.builds):
        world.builds.finish(arn, RunState.SUCCEEDED)
    for left in (2, 1, 0):
        results: list[SweepResult] = []
        world.engine.sweep(should_stop=time_over_after(1), report=results.append)
        assert (results[0].rollouts, results[0].left) == (1, left)
        assert sum(not world.rollout(each).state.ended for each in rollouts) == left


def time_over_after(questions: int) -> Callable[[], bool]:
    """Answers "no" so many times, then "yes"."""
    asked = count(1)
    return lambda: next(asked) > questions


def one_region(names: Sequence[str], number: int = 0) -> Delivery:
    """A delivery to targets in one region, each a part of its inventory."""
    incoming = delivery(DEV, commit=f"{number:040x}", name=f"d-{number}")
    region = f"region-{number % 10}"
    targets = tuple(
        Target(name=TargetName(name), account="dev", account_id="222222222222", region=region, limit=name)
        for name in names
    )
    return incoming.replace(specs=(incoming.specs[0].replace(targets=targets),))


def many(world: MemoryWorld, rollouts: int) -> list[RolloutId]:
    """Open rollouts, each with a target and a build of its own, in ten regions."""
    return [world.push(one_region([f"dev-{number}"], number)) for number in range(rollouts)]


class Counted:
    """Counts the calls of a world's store."""

    def __init__(self, world: MemoryWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: Counter[str] = Counter()
        for name in ("load", "queues", "commit", "open_rollouts", "keep_sweep_cursor"):
            monkeypatch.setattr(world.store, name, self._counting(name, getattr(world.store, name)))

    def _counting(self, name: str, call):  # type: ignore[no-untyped-def]
        def counted(*about):  # type: ignore[no-untyped-def]
            self.calls[name] += 1
            return call(*about)

        return counted


def test_a_thousand_open_rollouts_need_few_calls(world: MemoryWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    many(world, 1_000)
    world.builds.calls.clear()
    counted = Counted(world, monkeypatch)
    results: list[SweepResult] = []
    world.engine.sweep(report=results.append)

    assert results == [SweepResult(rollouts=1_000)]
    assert counted.calls["load"] == 1_000
    assert counted.calls["queues"] <= 2
    assert counted.calls["commit"] == 0
    assert len(world.builds.calls) == 20  # two batches, each with one call for each of ten regions
    assert sum(number for _, number in world.builds.calls) == 1_000
    assert max(number for _, number in world.builds.calls) <= 100


def test_a_sweep_that_is_cut_short_is_continued_by_the_next(
    world: MemoryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollouts = many(world, 3 * LOADED_AHEAD)
    loaded: list[str] = []
    load = world.store.load

    def note(name: RolloutId) -> Loaded | None:
        loaded.append(name)
        return load(name)

    monkeypatch.setattr(world.store, "load", note)
    results: list[SweepResult] = []
    for _ in range(3):
        before = len(loaded)
        world.engine.sweep(lambda: len(loaded) - before >= LOADED_AHEAD, results.append)  # noqa: B023
    assert set(loaded) == set(rollouts)
    assert [swept.left for swept in results][:2] == [2 * LOADED_AHEAD] * 2


def test_a_call_has_no_more_ids_than_codebuild_takes(world: MemoryWorld) -> None:
    world.push(one_region([f"dev-{number}" for number in range(250)]))
    world.builds.calls.clear()
    world.engine.sweep()
    assert sorted(number for _, number in world.builds.calls) == [50, 100, 100]  # in parallel


def test_a_region_that_does_not_answer_is_called_once_per_sweep(
    world: MemoryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.push(one_region([f"dev-{number}" for number in range(250)]))
    sizes: list[int] = []

    def silent(_target: Target, arns: Sequence[str]) -> list[BuildReport]:
        sizes.append(len(arns))
        raise Unavailable("no answer")

    monkeypatch.setattr(world.builds, "report", silent)
    monkeypatch.setattr("pointsman.core.rollouts.sweep.PARALLEL_CALLS", 1)
    world.engine.sweep()
    assert sizes == [100]
    world.engine.sweep()
    assert sizes == [100, 100]


def holder_and_waiting(world: MemoryWorld) -> tuple[RolloutId, RolloutId]:
    """A rollout that holds a target, and one that waits for it."""
    holder = world.push(delivery(DEV, route="base", playbook="base.yml"))
    waits = world.push(delivery(DEV, at=world.later()))
    return holder, waits


def sweep(world: MemoryWorld) -> SweepResult:
    results: list[SweepResult] = []
    world.clock.pass_by(minutes=5)
    try:
        world.engine.sweep(report=results.append)
    except Unreadable:
        assert world.store.unreadable
    return results[0]


@pytest.mark.parametrize("how", ["deleted", "unreadable"])
def test_a_target_whose_holder_is_gone_is_freed_once_its_build_has_ended(world: MemoryWorld, how: str) -> None:
    holder, waits = holder_and_waiting(world)
    arn = world.run(holder, DEV).build_arn or ""
    world.store.forget(holder) if how == "deleted" else world.store.unreadable.add(holder)
    assert sweep(world).freed == ()
    assert world.run(waits, DEV).state is RunState.WAITING  # the build still runs

    world.builds.closed[DEV] = "AccessDenied"
    world.builds.builds[arn] = world.builds.builds[arn].replace(state=RunState.SUCCEEDED)
    assert sweep(world).freed == ()  # the end of the build is not readable

    world.builds.closed.clear()
    assert sweep(world).freed == (DEV,)
    assert world.run(waits, DEV).state is RunState.RUNNING


def test_a_run_behind_an_orphaned_entry_moves_up(world: MemoryWorld) -> None:
    holder, gone = holder_and_waiting(world)
    last = world.push(delivery(DEV, route="third", playbook="third.yml", at=world.later()))
    world.store.forget(gone)
    assert sweep(world).freed == (DEV,)
    world.finish(holder, DEV)
    assert world.run(last, DEV).state is RunState.RUNNING


def test_a_target_whose_holder_exists_is_left_alone(world: MemoryWorld) -> None:
    holder, waits = holder_and_waiting(world)
    queue = world.store.queues([DEV])[DEV]
    assert sweep(world).freed == ()
    assert world.store.queues([DEV])[DEV] == queue
    assert queue.holder
    assert queue.holder.rollout == holder
    assert [entry.rollout for entry in queue.waiting] == [waits]


def test_a_queue_that_cannot_be_read_stops_the_sweep_of_no_other(world: MemoryWorld) -> None:
    broken, good = world.push(delivery(DEV)), world.push(delivery(PROD, route="base"))
    for rollout, target in ((broken, DEV), (good, PROD)):
        world.builds.finish(world.run(rollout, target).build_arn or "", RunState.SUCCEEDED)
    world.store.unreadable.add(DEV)
    with pytest.raises(Unreadable, match=DEV):
        world.engine.sweep()
    assert world.run(broken, DEV).state is RunState.RUNNING
    assert world.run(good, PROD).state is RunState.SUCCEEDED


def test_one_rollout_that_cannot_be_read_stops_no_other_of_its_target(world: MemoryWorld) -> None:
    holder, waits = holder_and_waiting(world)
    world.store.unreadable.add(waits)
    run = world.run(holder, DEV)
    report = world.builds.finish(run.build_arn or "", RunState.SUCCEEDED)
    with pytest.raises(Unreadable):  # raised after the holder has ended
        world.engine.build_ended(holder, DEV, 1, report)
    assert world.run(holder, DEV).state is RunState.SUCCEEDED
