"""`retry`: the runs that did not succeed run again, as a whole or on their failed hosts alone."""

from typing import Any

import pytest

from pointsman.core.model import RolloutId, RolloutState, RunState, TargetName
from pointsman.core.trail.command_events import CommandEvent, CommandRefused, RolloutRetried
from tests.support.commands import HANA, People
from tests.support.events import host, playbook_ended
from tests.support.rollouts import delivery
from tests.support.world import DEV, PROD, MemoryWorld

NEWER = "2" * 40


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


@pytest.fixture
def people(world: MemoryWorld) -> People:
    return People(world)


def failed(world: MemoryWorld) -> RolloutId:
    """A rollout that succeeded in DEV and failed in PROD."""
    rollout = world.push(delivery(DEV, PROD))
    world.finish(rollout, DEV)
    world.finish(rollout, PROD, RunState.FAILED)
    return rollout


def refusal(event: CommandEvent) -> str:
    assert isinstance(event, CommandRefused)
    return event.reason


def record(world: MemoryWorld, rollout: RolloutId, statuses: dict[str, str], **end: Any) -> None:
    """Let the newest build in DEV report the status of each host, and the end of Ansible."""
    run = world.run(rollout, DEV)
    about: dict[str, Any] = {"rollout": rollout, "attempt": run.attempt, "build_arn": run.build_arn}
    for name, status in statuses.items():
        world.trail.record(host(DEV, name, status=status, **about))
    world.trail.record(playbook_ended(DEV, **about, **{"hosts": len(statuses), **end}))


def hosts_of(event: CommandEvent) -> dict[str, tuple[str, ...]]:
    assert isinstance(event, RolloutRetried)
    return event.hosts


def test_only_the_runs_that_did_not_succeed_run_again(world: MemoryWorld, people: People) -> None:
    rollout = failed(world)
    event = people.retry(rollout)
    assert isinstance(event, RolloutRetried)
    assert (event.retried, event.hosts, event.actor) == ((PROD,), {}, HANA)
    assert world.builds.started[-1] == (rollout, PROD, 2)

    world.finish(rollout, PROD)

    assert world.rollout(rollout).state is RolloutState.SUCCEEDED
    assert world.rollout(rollout).round == 2
    assert world.types(rollout).count("RolloutEnded") == 2


def test_a_cancelled_rollout_can_be_retried(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV, PROD))
    people.cancel(rollout)
    for name in (DEV, PROD):
        world.finish(rollout, name, RunState.STOPPED)
    people.retry(rollout, DEV)
    assert world.rollout(rollout).cancellation is None
    assert world.builds.started[2:] == [(rollout, DEV, 2)]


def test_a_rollout_whose_builds_are_still_stopping_is_not_retried(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV, PROD))
    world.finish(rollout, PROD, RunState.FAILED)
    people.cancel(rollout)
    assert "wait until its builds have stopped" in refusal(people.retry(rollout))


def test_a_failed_run_is_retried_while_others_still_run(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV, PROD))
    world.finish(rollout, PROD, RunState.FAILED)
    people.retry(rollout)
    assert world.run(rollout, PROD).attempt == 2
    assert world.run(rollout, DEV).attempt == 1
    assert world.rollout(rollout).round == 1


def test_a_retry_is_refused_where_a_newer_commit_has_run(world: MemoryWorld, people: People) -> None:
    rollout = failed(world)
    newer = world.push(delivery(PROD, commit=NEWER, name="d-2", at=world.later()))
    world.finish(newer, PROD)
    assert refusal(people.retry(rollout, PROD)).endswith("a newer commit of the route has held the target since")
    assert len(world.builds.started) == 3


@pytest.mark.parametrize(
    ("targets", "reason"),
    [
        ((DEV,), "there is nothing to retry: dev/eu-west-1: its run has succeeded"),
        ((TargetName("dev/us-east-1"),), "the rollout has no run on dev/us-east-1"),
    ],
)
def test_a_retry_says_why_nothing_runs(
    world: MemoryWorld, people: People, targets: tuple[TargetName, ...], reason: str
) -> None:
    assert refusal(people.retry(failed(world), *targets)) == reason


def test_a_retry_of_running_builds_is_refused(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV))
    assert refusal(people.retry(rollout)) == "there is nothing to retry: dev/eu-west-1: its run has not ended"


def test_a_target_that_is_named_twice_is_retried_once(world: MemoryWorld, people: People) -> None:
    event = people.retry(failed(world), PROD, PROD)
    assert isinstance(event, RolloutRetried)
    assert event.retried == (PROD,)


def test_targets_that_were_named_and_are_left_out_have_a_reason(world: MemoryWorld, people: People) -> None:
    event = people.retry(failed(world), DEV, PROD)
    assert isinstance(event, RolloutRetried)
    assert (event.retried, event.left_out) == ((PROD,), {DEV: "its run has succeeded"})


def test_a_target_that_has_left_the_route_is_not_retried(world: MemoryWorld, people: People) -> None:
    rollout = failed(world)
    world.later()
    world.push(delivery(DEV, name="d-2", before="2" * 40, at=world.clock()))
    assert refusal(people.retry(rollout, PROD)) == "the rollout has no run on prod/eu-west-1"


def test_a_rollout_of_an_old_push_is_not_retried(world: MemoryWorld, people: People) -> None:
    rollout = failed(world)
    world.clock.pass_by(days=8)
    assert "its push is 8 days old, more than the limit of 7 days: push again" in refusal(people.retry(rollout))


def test_a_partly_retried_rollout_that_was_cancelled_has_not_failed(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV, PROD))
    people.cancel(rollout)
    for name in (DEV, PROD):
        world.finish(rollout, name, RunState.STOPPED)
    people.retry(rollout, DEV)
    world.finish(rollout, DEV)
    assert world.rollout(rollout).state is RolloutState.CANCELLED


def test_a_push_of_the_commit_after_a_partial_retry_runs_where_it_was_cancelled(
    world: MemoryWorld, people: People
) -> None:
    rollout = world.push(delivery(DEV, PROD))
    people.cancel(rollout)
    for name in (DEV, PROD):
        world.finish(rollout, name, RunState.STOPPED)
    people.retry(rollout, DEV)
    world.finish(rollout, DEV)
    world.later()
    world.push(delivery(DEV, PROD, name="d-2", before="2" * 40, at=world.clock()))
    assert {name: run.attempt for name, run in world.runs(rollout).items()} == {DEV: 2, PROD: 2}


def test_the_same_retry_again_takes_effect_once(world: MemoryWorld, people: People) -> None:
    rollout = failed(world)
    first = people.retry(rollout, command="command-x")
    world.finish(rollout, PROD, RunState.FAILED)
    assert people.retry(rollout, command="command-x") == first
    assert len(world.builds.started) == 3


def test_a_refused_command_stays_refused_when_it_is_sent_again(world: MemoryWorld, people: People) -> None:
    rollout = world.push(delivery(DEV))
    refused = people.retry(rollout, command="command-x")
    world.finish(rollout, DEV, RunState.FAILED)
    assert people.retry(rollout, command="command-x") == refused


class TestFailedHosts:
    """`failed_hosts`: only the hosts that failed or were not reached, if the trail has all results."""

    @pytest.fixture
    def rollout(self, world: MemoryWorld) -> RolloutId:
        return world.push(delivery(DEV))

    def report(self, world: MemoryWorld, rollout: RolloutId, **end: Any) -> None:
        """Three hosts, of which web-2 failed and web-3 was unreachable."""
        record(world, rollout, {"web-1": "changed", "web-2": "failed", "web-3": "unreachable"}, **end)
        world.finish(rollout, DEV, RunState.FAILED)

    def test_the_next_run_is_limited_to_them(self, world: MemoryWorld, people: People, rollout: RolloutId) -> None:
        self.report(world, rollout)
        event = people.retry(rollout, failed_hosts=True)
        assert hosts_of(event) == {DEV: ("web-2", "web-3")}
        assert world.run(rollout, DEV).hosts == ("web-2", "web-3")

    def test_hosts_that_the_play_did_not_reach_are_among_them(
        self, world: MemoryWorld, people: People, rollout: RolloutId
    ) -> None:
        self.report(world, rollout, hosts_cut_off=("web-4",), hosts_cut_off_total=1)
        assert hosts_of(people.retry(rollout, failed_hosts=True)) == {DEV: ("web-2", "web-3", "web-4")}

    @pytest.mark.parametrize(
        "gap",
        [
            {"hosts_cut_off": ("web-4",), "hosts_cut_off_total": 2},
            {"results_missing": ("web-5",)},
            {"hosts": 4},
            {"recording_error": "x"},
        ],
    )
    def test_the_whole_target_runs_if_results_are_incomplete(
        self, world: MemoryWorld, people: People, rollout: RolloutId, gap: dict[str, Any]
    ) -> None:
        self.report(world, rollout, **gap)
        assert hosts_of(people.retry(rollout, failed_hosts=True)) == {}

    def test_the_whole_target_runs_if_ansible_did_not_report_its_end(
        self, world: MemoryWorld, people: People, rollout: RolloutId
    ) -> None:
        build = world.run(rollout, DEV).build_arn
        world.trail.record(host(DEV, "web-2", rollout=rollout, build_arn=build, status="failed"))
        world.finish(rollout, DEV, RunState.FAILED)
        assert hosts_of(people.retry(rollout, failed_hosts=True)) == {}

    @pytest.mark.parametrize(
        "name", ["web*", "all:!db", "@file", "web,db", "-i", "web 1", "", "w" * 300, "all", "ungrouped"]
    )
    def test_a_name_that_is_a_pattern_is_never_a_limit(
        self, world: MemoryWorld, people: People, rollout: RolloutId, name: str
    ) -> None:
        record(world, rollout, {name: "failed"})
        world.finish(rollout, DEV, RunState.FAILED)
        assert hosts_of(people.retry(rollout, failed_hosts=True)) == {}

    def test_a_second_retry_takes_the_hosts_of_the_last_attempt(
        self, world: MemoryWorld, people: People, rollout: RolloutId
    ) -> None:
        self.report(world, rollout)
        people.retry(rollout, failed_hosts=True)
        record(world, rollout, {"web-2": "ok", "web-3": "failed"})
        world.finish(rollout, DEV, RunState.FAILED)
        assert hosts_of(people.retry(rollout, failed_hosts=True)) == {DEV: ("web-3",)}

    def test_a_later_retry_of_the_whole_target_is_not_limited(
        self, world: MemoryWorld, people: People, rollout: RolloutId
    ) -> None:
        self.report(world, rollout)
        people.retry(rollout, failed_hosts=True)
        world.finish(rollout, DEV, RunState.FAILED)
        people.retry(rollout)
        assert world.run(rollout, DEV).hosts == ()
