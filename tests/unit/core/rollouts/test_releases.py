"""A hold or a freeze that comes while many targets are being started: what has no build is free again at once."""

import pytest

from pointsman.core.model import Rollout, RolloutId, Run, RunState, TargetName
from pointsman.core.ports import BuildReport, Transition
from pointsman.core.rollouts import executor, releases
from pointsman.core.rollouts.commands.forms import EndFreeze, HoldRollout, Resume, StartFreeze
from pointsman.core.rollouts.releases import ReleaseTarget
from pointsman.core.routes.compiled import CompiledRoutes, Place
from pointsman.errors import Unavailable
from tests.support.commands import People
from tests.support.plans import WavesWorld, people, waved
from tests.support.rollouts import delivery

MANY = tuple(f"dev/xx-{number:03}" for number in range(200))
SOME = (*MANY[:30], *(f"prod/xx-{number:03}" for number in range(20)))
ROUTES = CompiledRoutes(places=(Place(account="dev", account_id="222222222222", region="xx-000"),), routes=())


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


def held_targets(world: WavesWorld) -> set[str]:
    return {queue.name for queue in world.store.stored_queues() if queue.holder}


def throttled(world: WavesWorld) -> RolloutId:
    """A rollout that has acquired its targets, and has no build yet."""
    world.builds.throttles.update(dict.fromkeys(SOME, "throttled"))
    rollout = world.push(waved(SOME))
    assert held_targets(world) == set(SOME)
    world.builds.throttles.clear()
    world.later()
    return rollout


def test_a_hold_in_the_middle_of_a_large_wave(world: WavesWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = People(world, people())
    sender.waits = True
    acquired: list[TargetName] = []
    start, commit = world.builds.start, world.store.commit

    def hold_after_ten(rollout: Rollout, run: Run) -> BuildReport:
        report = start(rollout, run)
        if len(world.builds.started) == 10:
            sender.send(HoldRollout, rollout=rollout.id, seconds=3600)
            world.clock.pass_by(seconds=3)  # the last look at the versions is old
        return report

    def count(transition: Transition) -> None:
        commit(transition)
        acquired.extend(run.target.name for run in transition.runs if run.acquired_at and not run.reason)

    monkeypatch.setattr(world.builds, "start", hold_after_ten)
    monkeypatch.setattr(world.store, "commit", count)
    rollout = world.push(waved(MANY))
    assert len(world.started(rollout)) < 10 + executor.PARALLEL_STEPS
    assert len(set(acquired)) < 10 + 2 * executor.PARALLEL_STEPS
    assert held_targets(world) == world.started(rollout)

    monkeypatch.undo()
    sender.send(Resume, rollout=rollout)
    sender.run_start_build()
    assert world.started(rollout) == set(MANY)
    assert len(world.builds.started) == len(MANY)


def test_many_targets_without_a_build_are_free_after_one_look(world: WavesWorld) -> None:
    rollout = throttled(world)
    sender = People(world, people())
    sender.send(HoldRollout, rollout=rollout, seconds=3600)
    assert held_targets(world) == set()
    assert {(run.state, run.reason) for run in world.runs(rollout).values()} == {
        (RunState.SKIPPED, "it runs later: held by Ops/hana")
    }
    other = world.push(delivery(*SOME, route="other", playbook="other.yml", at=world.later()))
    assert world.started(other) == set(SOME)

    world.finish_all(other, *SOME)
    sender.send(Resume, rollout=rollout)
    assert {(run.state, run.attempt) for run in world.runs(rollout).values()} == {(RunState.RUNNING, 2)}


def test_what_is_not_frozen_starts_after_the_releases(world: WavesWorld) -> None:
    rollout = throttled(world)
    sender = People(world, ROUTES)
    sender.send(StartFreeze, scope="dev/*", seconds=3600, reason="migration")
    world.pass_by(minutes=5)
    assert held_targets(world) == world.started(rollout) == {name for name in SOME if name.startswith("prod/")}
    sender.send(EndFreeze, scope="dev/*")
    world.pass_by(minutes=5)
    assert world.started(rollout) == set(SOME)


def test_a_target_whose_build_may_run_is_never_free(world: WavesWorld) -> None:
    world.builds.loses_answers.add(TargetName(MANY[0]))
    sent = waved(MANY[:2])
    with pytest.raises(Unavailable):
        world.push(sent)
    rollout = sent.specs[0].rollout
    People(world, people()).send(HoldRollout, rollout=rollout, seconds=3600)
    assert MANY[0] in held_targets(world)
    world.builds.loses_answers.clear()
    world.pass_by(minutes=10)
    assert world.started(rollout) == set(MANY[:2])
    assert len(world.builds.started) == 2


def test_each_transaction_follows_the_one_before(world: WavesWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "AT_ONCE", 2)
    rollout_id = throttled(world)
    rollout, runs = world.rollout(rollout_id), [world.run(rollout_id, TargetName(name)) for name in SOME[:3]]
    queues = world.store.queues(SOME[:3])
    steps = [releases.release(rollout, run, queues[run.queue], "held", world.clock()) for run in runs]
    assert all(isinstance(step, ReleaseTarget) for step in steps)
    first, second = releases.together(rollout, steps).transitions
    assert first.rollout
    assert second.rollout
    assert (len(first.runs), len(second.runs)) == (2, 1)
    assert second.rollout.version == first.rollout.version + 1 == rollout.version + 1
    assert (len(first.rollout.attempts), len(second.rollout.attempts)) == (2, 3)
