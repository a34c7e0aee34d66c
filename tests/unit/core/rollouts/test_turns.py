"""In a wave with `max_parallel` each build that ends hands its place over to the next target, at the same cost."""

import pytest

from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.core.model import Rollout, RolloutId, RolloutState, Run, RunState, TargetName
from pointsman.core.ports import Transition, Turn
from pointsman.core.rollout_plan import Amount, OnFailure, Tolerance, Wave
from pointsman.core.rollouts.commands.forms import EndFreeze, HoldRollout, Resume, Retry, StartFreeze
from pointsman.core.routes.compiled import CompiledRoutes, Place
from tests.support.commands import People
from tests.support.concurrency import together
from tests.support.plans import WavesWorld, waved
from tests.support.rollouts import target
from tests.support.world import MemoryWorld

NAMES = tuple(f"dev/eu-west-{number}" for number in range(1, 9))
OTHER = "2" * 40
ROUTES = CompiledRoutes(places=(Place(account="prod", account_id="333333333333", region="eu-west-1"),), routes=())


class CountedRollouts(MemoryRollouts):
    """Counts how often a whole rollout is read, and loses chosen answers."""

    loads = 0
    fails_at = -1

    def load(self, rollout_id: RolloutId) -> tuple[Rollout, tuple[Run, ...]] | None:
        self.loads += 1
        return super().load(rollout_id)

    def load_run(self, rollout_id: RolloutId, key: tuple[TargetName, int]) -> tuple[Rollout, Run] | None:
        loaded = super().load_run(rollout_id, key)
        self.loads -= 1  # the twin reads all, the table does not
        return loaded


class TurnsWorld(WavesWorld):
    store: CountedRollouts

    def __init__(self) -> None:
        MemoryWorld.__init__(self, store=CountedRollouts)

    def live(self, rollout: RolloutId) -> list[str]:
        return [str(name) for name, run in self.runs(rollout).items() if not run.state.ended]

    def turns(self, rollout: RolloutId) -> list[str]:
        run = next(iter(self.runs(rollout).values()))
        known = self.store.load_run_of_build(rollout, run.key, 100)
        assert known
        return [str(turn.target.name) for turn in known.turns]

    def whole_reads(self, rollout: RolloutId, *names: str, state: RunState = RunState.SUCCEEDED) -> int:
        """How often the whole rollout is read until these builds have ended."""
        runs = self.runs(rollout)
        before = self.store.loads
        for name in names:
            run = runs[TargetName(name)]
            report = self.builds.finish(str(run.build_arn), state, "")
            self.new_engine().build_ended(rollout, run.target.name, run.attempt, report)
        return self.store.loads - before


@pytest.fixture
def world() -> TurnsWorld:
    return TurnsWorld()


@pytest.fixture
def people(world: TurnsWorld) -> People:
    return People(world, ROUTES)


def pushed(world: TurnsWorld, most: int = 2, **about: object) -> RolloutId:
    tolerate = Tolerance(unavailable_targets=Amount(number=2))
    return world.push(waved(NAMES, policies={0: Wave(max_parallel=most, tolerate=tolerate)}, **about))  # type: ignore[arg-type]


def test_the_next_target_starts_without_a_look_at_all(world: TurnsWorld) -> None:
    rollout = pushed(world)
    assert world.turns(rollout) == list(NAMES[2:])
    assert world.whole_reads(rollout, NAMES[0]) == 0
    assert world.live(rollout) == list(NAMES[1:3])
    assert world.turns(rollout) == list(NAMES[3:])
    assert world.run(rollout, TargetName(NAMES[2])).build_arn


def test_only_the_last_end_of_a_wave_looks_at_all(world: TurnsWorld) -> None:
    rollout = pushed(world)
    assert sum(world.whole_reads(rollout, name) for name in NAMES[:-1]) == 0
    assert world.rollout(rollout).state is RolloutState.OPEN
    assert world.whole_reads(rollout, NAMES[-1]) > 0
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_a_wave_that_fits_looks_at_all_at_its_last_end_only(world: TurnsWorld) -> None:
    rollout = pushed(world, most=100)
    assert sum(world.whole_reads(rollout, name) for name in NAMES[:-1]) == 0
    world.finish_all(rollout, NAMES[-1])
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_many_builds_that_end_at_once_leave_each_a_place(world: TurnsWorld) -> None:
    rollout = pushed(world, most=4)
    runs = list(world.runs(rollout).values())
    assert len(runs) == 4
    reports = [(run, world.builds.finish(str(run.build_arn), RunState.SUCCEEDED, "")) for run in runs]
    together(
        [
            lambda run=run, report=report: world.new_engine().build_ended(  # type: ignore[misc]
                rollout, run.target.name, run.attempt, report
            )
            for run, report in reports
        ]
    )
    assert world.live(rollout) == list(NAMES[4:])
    assert world.turns(rollout) == []
    world.finish_all(rollout, *NAMES[4:])
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_a_turn_of_a_target_that_has_begun_is_passed_over(world: TurnsWorld) -> None:
    """It was listed by a process that had read the rollout before the target began."""
    rollout = pushed(world)
    number = world.rollout(rollout).turns_listed
    assert number is not None
    begun = Turn(rollout=rollout, number=number, position=0, target=target(NAMES[1]))
    older = Turn(rollout=rollout, number=number - 1, position=1, target=target(NAMES[4]))
    fresh = Turn(rollout=rollout, number=number, position=5, target=target(NAMES[5]))
    world.store.list_turns(rollout, (begun, older, fresh))
    world.finish_all(rollout, NAMES[0])
    assert world.live(rollout) == [NAMES[1], NAMES[5]]
    world.finish_all(rollout, NAMES[1])
    assert world.turns(rollout) == []
    assert world.live(rollout) == [NAMES[2], NAMES[5]]  # the others were not in the list


def test_a_target_that_is_missing_in_the_list_starts_all_the_same(world: TurnsWorld) -> None:
    rollout = pushed(world)
    world.store.list_turns(rollout, ())
    world.finish_all(rollout, *NAMES[:2])
    assert world.live(rollout) == list(NAMES[2:4])


def test_a_frozen_target_lets_others_go_first(world: TurnsWorld, people: People) -> None:
    frozen = [name.replace("dev", "prod") for name in NAMES[2:5]]
    names = (*NAMES[:2], *frozen, *NAMES[5:])
    rollout = world.push(waved(names, policies={0: Wave(max_parallel=2)}))
    people.send(StartFreeze, scope="prod/*", seconds=3600, reason="moved")
    assert world.whole_reads(rollout, NAMES[0]) == 0
    assert world.live(rollout) == [NAMES[1], NAMES[5]]
    world.pass_by(minutes=61)
    world.finish_all(rollout, NAMES[1])
    assert world.live(rollout) == [NAMES[5], frozen[0]]


def test_a_freeze_of_everything_costs_no_look_at_all(world: TurnsWorld, people: People) -> None:
    rollout = pushed(world)
    people.send(StartFreeze, scope="*", seconds=3600, reason="moved")
    assert world.whole_reads(rollout, NAMES[0]) == 0
    assert world.live(rollout) == [NAMES[1]]
    people.send(EndFreeze, scope="*")
    world.engine.sweep()
    assert world.live(rollout) == list(NAMES[1:3])
    world.finish_all(rollout, NAMES[1])
    assert world.live(rollout) == list(NAMES[2:4])


def test_nothing_starts_while_the_rollout_is_held(world: TurnsWorld, people: People) -> None:
    rollout = pushed(world)
    people.send(HoldRollout, rollout=rollout)
    world.finish_all(rollout, *NAMES[:2])
    assert world.live(rollout) == []
    people.send(Resume, rollout=rollout)
    assert world.live(rollout) == list(NAMES[2:4])
    world.finish_all(rollout, NAMES[2])
    assert world.live(rollout) == list(NAMES[3:5])


def test_what_is_repeated_runs_first(world: TurnsWorld, people: People) -> None:
    rollout = pushed(world)
    world.finish_all(rollout, NAMES[0], state=RunState.FAILED)
    world.finish_all(rollout, NAMES[1])
    assert world.rollout(rollout).state is RolloutState.FAILED
    assert world.turns(rollout) == []
    people.send(Retry, rollout=rollout)
    assert world.live(rollout) == [NAMES[0], NAMES[2]]
    world.finish_all(rollout, NAMES[2])
    assert world.live(rollout) == [NAMES[0], NAMES[3]]


def test_a_failure_that_is_no_reason_to_halt_leaves_its_place(world: TurnsWorld) -> None:
    rollout = pushed(world, on_failure=OnFailure.CONTINUE)
    assert world.whole_reads(rollout, NAMES[0], state=RunState.FAILED) == 0
    assert world.live(rollout) == list(NAMES[1:3])
    world.finish_all(rollout, NAMES[1])
    assert world.live(rollout) == list(NAMES[2:4])


def test_a_region_that_works_again_takes_a_place_from_the_next_turn(world: TurnsWorld) -> None:
    world.builds.throttles[TargetName(NAMES[0])] = "throttled"
    rollout = pushed(world)
    world.pass_by(minutes=16)
    running = [name for name in world.live(rollout) if name != NAMES[0]]
    assert len(running) == 2
    world.builds.throttles.clear()
    world.finish_all(rollout, running[0])
    world.pass_by(minutes=60)
    for _ in range(6):
        live = world.live(rollout)
        assert len(live) <= 2 or NAMES[0] in live
        world.finish_all(rollout, live[0])
        world.pass_by(minutes=5)
        assert len([run for run in world.runs(rollout).values() if run.state is RunState.RUNNING]) <= 2
    world.finish_all(rollout, *world.live(rollout))
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_a_newer_commit_ends_the_turns_of_an_older_one(world: TurnsWorld) -> None:
    rollout = pushed(world)
    world.later()
    newer = pushed(world, commit=OTHER, at=world.clock())
    world.finish_all(rollout, *NAMES[:2])
    assert world.rollout(rollout).state is RolloutState.SUPERSEDED
    assert world.turns(rollout) == []
    assert world.live(newer) == list(NAMES[:2])


def test_the_end_and_the_next_beginning_are_one_write(world: TurnsWorld) -> None:
    """A process that dies before it writes changes nothing; one that dies after it has left no place empty."""
    rollout = pushed(world)
    commit, written = world.store.commit, []

    def died(transition: Transition) -> None:
        commit(transition)
        written.append(transition)
        raise KeyboardInterrupt

    world.store.commit = died  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        world.finish_all(rollout, NAMES[0])
    world.store.commit = commit  # type: ignore[method-assign]
    [transition] = written
    assert [(run.target.name, run.state) for run in transition.runs] == [
        (NAMES[0], RunState.SUCCEEDED),
        (NAMES[2], RunState.STARTING),
    ]
    world.pass_by(minutes=6)
    assert world.live(rollout) == list(NAMES[1:3])
    assert world.started(rollout) >= {NAMES[2]}
