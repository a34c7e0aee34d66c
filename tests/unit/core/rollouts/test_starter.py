"""Starts of builds: never two, even if answers are lost, and no end while a build may exist."""

from datetime import timedelta
from typing import Any

import pytest

from pointsman.core.codebuild import LONGEST_BUILD
from pointsman.core.model import Rollout, RolloutId, Run, RunState
from pointsman.core.ports import BuildReport, Transition
from pointsman.core.rollouts.build_steps import LONGEST_DELAY, StartBuild
from pointsman.core.rollouts.executor import workers
from pointsman.core.trail.events import RunDelayed
from pointsman.errors import Unavailable
from tests.support.rollouts import MORNING, delivery
from tests.support.world import DEV, PROD, MemoryWorld

QUOTA = "AccountLimitExceededException: Cannot have more than 60 builds in queue for the account"


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


def push(world: MemoryWorld, *targets: str, **about: Any) -> RolloutId:
    """Push, although not everything can be started; return the rollout."""
    incoming = delivery(*(targets or (DEV,)), **about)
    try:
        return world.push(incoming)
    except Unavailable:
        return incoming.specs[0].rollout


def sweep(world: MemoryWorld, **later: float) -> None:
    """Sweep some time later."""
    world.clock.pass_by(**later)
    try:
        world.engine.sweep()
    except Unavailable:
        return


def delays(world: MemoryWorld, rollout: RolloutId) -> list[str]:
    return [event.reason for event in world.events(rollout) if isinstance(event, RunDelayed)]


def test_a_build_whose_answer_was_lost_is_found_and_not_started_twice(world: MemoryWorld) -> None:
    world.builds.loses_answers.add(DEV)
    rollout = push(world)
    assert world.run(rollout, DEV).state is RunState.STARTING
    sweep(world, minutes=6)  # the token has expired

    assert world.run(rollout, DEV).state is RunState.RUNNING
    assert world.builds.started == [(rollout, DEV, 1)]


@pytest.mark.parametrize("hours", [1, 2, 8, 44])
def test_a_region_without_an_answer_keeps_its_target_until_it_reports_no_build(world: MemoryWorld, hours: int) -> None:
    world.builds.silent.add(DEV)
    rollout = push(world)
    other = push(world, route="base", playbook="base.yml")
    sweep(world, hours=hours)
    assert world.run(rollout, DEV).state is RunState.STARTING
    assert world.run(other, DEV).state is RunState.WAITING
    assert delays(world, rollout) == ["dev/eu-west-1 does not answer"]

    world.builds.silent.clear()
    sweep(world, hours=1)  # the longest pause
    run = world.run(rollout, DEV)
    # Now it is certain that there is no build: it is retried, unless it is too late.
    assert run.state is (RunState.REFUSED if hours >= LONGEST_DELAY.total_seconds() / 3600 else RunState.RUNNING)


def test_a_lost_answer_and_hours_without_an_answer_leave_one_build(world: MemoryWorld) -> None:
    world.builds.loses_answers.add(DEV)
    rollout = push(world)
    newer = push(world, commit="b" * 40, name="d-2", at=world.later())
    world.builds.silent.add(DEV)
    for _ in range(20):
        sweep(world, minutes=10)
    world.builds.silent.clear()
    sweep(world, hours=1)
    assert world.builds.started == [(rollout, DEV, 1)]
    assert world.run(rollout, DEV).state is RunState.RUNNING
    assert world.run(newer, DEV).state is RunState.WAITING


def test_a_refused_search_does_not_prove_that_there_is_no_build(world: MemoryWorld) -> None:
    world.builds.loses_answers.add(DEV)
    rollout = push(world)
    world.builds.closed[DEV] = "AccessDenied: not authorized to assume the role"
    for _ in range(5):
        sweep(world, hours=8)
        assert world.run(rollout, DEV).state is RunState.STARTING
    assert world.run(rollout, DEV).reason == "AccessDenied: not authorized to assume the role"
    world.builds.closed.clear()
    sweep(world, minutes=5)
    assert world.run(rollout, DEV).state is RunState.RUNNING
    assert world.builds.started == [(rollout, DEV, 1)]


def test_a_refused_start_after_a_lost_answer_ends_nothing_while_a_build_may_exist(world: MemoryWorld) -> None:
    world.builds.loses_answers.add(DEV)
    rollout = push(world)
    world.builds.closed[DEV] = "AccessDenied"
    sweep(world, minutes=1)  # StartBuild is refused, and so is the search
    assert world.run(rollout, DEV).state is RunState.STARTING


def test_an_account_that_refuses_the_role_ends_the_run_at_once(world: MemoryWorld) -> None:
    world.builds.closed[DEV] = "AccessDenied: not authorized to assume the role"
    rollout = push(world)
    assert world.run(rollout, DEV).state is RunState.REFUSED
    assert world.run(rollout, DEV).reason == "AccessDenied: not authorized to assume the role"


def test_a_process_that_may_not_be_the_first_to_call_ends_nothing(world: MemoryWorld) -> None:
    """The process that acquired the target died before or after it called StartBuild."""
    world.builds.closed[DEV] = "AccessDenied"
    commit = world.store.commit

    def dies(transition: Transition) -> None:
        commit(transition)
        if any(run.state is RunState.STARTING for run in transition.runs):
            raise ZeroDivisionError

    world.store.commit = dies  # type: ignore[method-assign]
    incoming = delivery(DEV)
    with pytest.raises(ZeroDivisionError):
        world.push(incoming)
    world.store.commit = commit  # type: ignore[method-assign]
    sweep(world, minutes=1)
    rollout = incoming.specs[0].rollout
    assert world.run(rollout, DEV).state is RunState.STARTING
    sweep(world, seconds=LONGEST_BUILD.total_seconds())
    assert world.run(rollout, DEV).state is RunState.FAULTED  # any build has ended by now


def test_over_the_quota_a_run_waits_with_the_reason_and_starts_below_it(world: MemoryWorld) -> None:
    world.builds.throttles[DEV] = QUOTA
    rollout = push(world, DEV, PROD)
    assert world.run(rollout, DEV).state is RunState.STARTING
    assert world.run(rollout, DEV).reason == QUOTA
    assert world.run(rollout, PROD).state is RunState.RUNNING
    for _ in range(3):
        sweep(world, minutes=5)
    assert delays(world, rollout) == [QUOTA]

    world.builds.throttles.clear()
    sweep(world, minutes=5)
    assert world.run(rollout, DEV).state is RunState.RUNNING
    assert world.run(rollout, DEV).reason == ""
    assert sorted(world.builds.started) == [(rollout, DEV, 1), (rollout, PROD, 1)]


def test_a_wait_for_the_quota_has_a_limit(world: MemoryWorld) -> None:
    world.builds.throttles[DEV] = QUOTA
    rollout = push(world)
    sweep(world, hours=7, minutes=55)
    assert world.run(rollout, DEV).state is RunState.STARTING
    sweep(world, minutes=6)
    assert world.run(rollout, DEV).state is RunState.REFUSED
    assert world.run(rollout, DEV).reason == f"no build could be started within 8 hours: {QUOTA}"


def test_the_age_of_the_token_is_measured_at_the_call_and_not_at_the_plan(world: MemoryWorld) -> None:
    """The last of many steps are executed long after they were planned."""
    world.builds.loses_answers.add(DEV)
    rollout = push(world)
    world.builds.loses_answers.clear()
    world.clock.pass_by(minutes=2)
    load = world.store.queues

    def takes_long(targets):  # type: ignore[no-untyped-def]
        world.clock.pass_by(minutes=4)
        return load(targets)

    world.store.queues = takes_long  # type: ignore[method-assign]
    world.engine.reconcile([rollout])
    assert world.builds.started == [(rollout, DEV, 1)]
    assert world.run(rollout, DEV).state is RunState.RUNNING


def test_a_push_of_the_same_commit_does_not_forget_that_a_call_got_no_answer(world: MemoryWorld) -> None:
    world.builds.loses_answers.add(DEV)
    rollout = push(world)
    world.clock.pass_by(minutes=6)
    incoming = delivery(DEV, before="9" * 40, name="d-2", at=world.clock())
    assert world.push(incoming) == rollout
    assert world.builds.started == [(rollout, DEV, 1)]
    assert world.run(rollout, DEV).state is RunState.RUNNING


def test_a_process_that_acquired_the_target_long_ago_does_not_start_a_second_build(world: MemoryWorld) -> None:
    """Between its acquisition and its StartBuild, another process found no build and started one."""
    start = world.engine._starter.start
    reports: list[BuildReport] = []

    def slow(rollout: Rollout, run: Run, queue, is_first: bool):  # type: ignore[no-untyped-def]
        if is_first and not reports:
            world.clock.pass_by(minutes=4)
            reports.append(world.builds.start(rollout, run))  # the other process's call
            world.store.commit(Transition(runs=(run,)))
            world.clock.pass_by(minutes=6)
        return start(rollout, run, queue, is_first)

    world.engine._starter.start = slow  # type: ignore[method-assign]
    rollout = push(world)
    assert world.builds.started == [(rollout, DEV, 1)]
    assert world.run(rollout, DEV).state is RunState.RUNNING


@pytest.mark.parametrize("outside", [False, True])
def test_a_build_that_begins_is_the_one_whose_start_got_no_answer(world: MemoryWorld, outside: bool) -> None:
    world.builds.silent.add(DEV)
    rollout = push(world)
    arn = "arn:aws:codebuild:eu-west-1:222222222222:build/pointsman:a-build"
    report = BuildReport(arn=arn, state=RunState.RUNNING, started_outside=outside)
    try:
        world.engine.build_ended(rollout, DEV, 1, report)
    except Unavailable:
        assert outside
    assert world.run(rollout, DEV).state is (RunState.STARTING if outside else RunState.RUNNING)


def test_a_report_that_a_build_runs_ends_nothing_and_starts_nothing_twice(world: MemoryWorld) -> None:
    rollout = push(world)
    report = world.builds.builds[world.run(rollout, DEV).build_arn or ""]
    before = world.events(rollout)
    world.engine.build_ended(rollout, DEV, 1, report)
    assert world.events(rollout) == before


def test_one_empty_answer_of_codebuild_ends_no_run(world: MemoryWorld) -> None:
    rollout = push(world)
    arn = world.run(rollout, DEV).build_arn or ""
    for _ in range(3):
        world.builds.left_out.add(arn)
        for _ in range(4):
            sweep(world, minutes=5)
        world.builds.left_out.clear()
        sweep(world, minutes=5)
    assert world.run(rollout, DEV).state is RunState.RUNNING
    assert world.run(rollout, DEV).missing is None


def test_a_build_that_is_left_out_long_and_often_is_gone(world: MemoryWorld) -> None:
    rollout = push(world)
    world.builds.builds.clear()
    sweep(world, minutes=5)
    sweep(world, hours=2)  # long, but not often
    assert world.run(rollout, DEV).state is RunState.RUNNING
    for _ in range(3):
        sweep(world, minutes=5)
    assert world.run(rollout, DEV).state is RunState.FAULTED
    assert world.run(rollout, DEV).reason == "CodeBuild no longer has this build"


def test_a_programming_error_keeps_its_type_among_other_failures(world: MemoryWorld) -> None:
    world.builds.silent.add(PROD)
    start = world.builds.start

    def broken(rollout: Rollout, run: Run) -> BuildReport:
        if run.target.name == DEV:
            raise KeyError(run.target.name)
        return start(rollout, run)

    world.builds.start = broken  # type: ignore[method-assign]
    with pytest.raises(KeyError) as raised:
        world.push(delivery(DEV, PROD))
    assert any("does not answer" in note for note in raised.value.__notes__)


def test_regions_take_turns_and_none_takes_every_thread() -> None:
    """A region that does not answer blocks only its own threads."""
    incoming = delivery(*(f"dev/region-{number}" for number in (*[0] * 20, 1, 2)))
    targets = [target.replace(name=f"{index}-{target.name}") for index, target in enumerate(incoming.specs[0].targets)]
    steps = [
        StartBuild(Run(rollout=RolloutId("r-1"), route="site", target=target, created_at=MORNING)) for target in targets
    ]
    turns = [queue[0].run.target.region for queue in workers(steps) if isinstance(queue[0], StartBuild)]
    assert turns == ["region-0", "region-1", "region-2", "region-0", "region-0", "region-0"]


def test_a_region_without_an_answer_is_called_once_for_all_its_targets(world: MemoryWorld) -> None:
    regions = [f"dev/region-{number}" for number in range(3)]
    calls: list[str] = []
    start = world.builds.start

    def counted(rollout: Rollout, run: Run) -> BuildReport:
        calls.append(run.target.name)
        if run.target.region == "region-0":
            raise Unavailable("no answer")
        return start(rollout, run)

    world.builds.start = counted  # type: ignore[method-assign]
    for number in range(6):
        incoming = delivery(*regions, route=f"r-{number}", at=MORNING + timedelta(seconds=number))
        try:
            world.push(incoming)
        except Unavailable:
            continue
    assert calls.count("dev/region-0") == 1
