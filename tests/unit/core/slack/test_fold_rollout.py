"""The view of a rollout follows from the trail's events, in any order."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.model import RolloutState, RunState
from pointsman.core.slack.rollout_view import Failure, HostsByStatus, RolloutView, TargetView
from pointsman.core.trail.events import TrailEvent
from tests.support.events import (
    DEV,
    PROD,
    arn,
    cancelled,
    delayed,
    ended_rollout,
    ended_run,
    host,
    playbook_ended,
    repeated,
    reported,
    retried,
    started_rollout,
    started_run,
    task,
    waited,
)
from tests.support.fold_rollout import fold


def view(*events: TrailEvent) -> RolloutView:
    rollout_view = fold([started_rollout(DEV, PROD), *events])
    assert rollout_view
    return rollout_view


def dev(*events: TrailEvent) -> TargetView:
    return view(*events).targets[0]


ALL_EVENTS = (
    started_rollout(DEV, PROD),
    waited(DEV),
    started_run(DEV),
    started_run(PROD),
    reported(DEV),
    reported(DEV, "FAILED", at=59),
    host(DEV, "web-1", status="failed", tasks=[task(status="failed", message="503")]),
    host(DEV, "web-2"),
    host(PROD, "web-1", status="ok"),
    ended_run(DEV, "failed", reason="BUILD FAILED"),
    ended_run(PROD),
    ended_rollout("failed"),
    repeated(80),
)


def test_a_rollout_without_a_start_has_no_view() -> None:
    assert fold([started_run(DEV)]) is None


def test_a_rollout_that_started_is_starting_on_every_target() -> None:
    started = view()
    assert started.state is RolloutState.OPEN
    assert [(target.name, target.state) for target in started.targets] == [
        (DEV, RunState.STARTING),
        (PROD, RunState.STARTING),
    ]


def test_a_waiting_run_names_the_rollout_before_it_until_it_runs() -> None:
    assert (dev(waited(DEV)).state, dev(waited(DEV)).blocked_by) == (RunState.WAITING, "r-other")
    assert (dev(waited(DEV), started_run(DEV)).state, dev(waited(DEV), started_run(DEV)).blocked_by) == (
        RunState.RUNNING,
        None,
    )


def test_a_delayed_run_has_a_reason_until_it_runs() -> None:
    starting = dev(waited(DEV), delayed(DEV))
    assert (starting.state, starting.blocked_by, starting.reason) == (RunState.STARTING, None, "over the quota")
    running = dev(waited(DEV), delayed(DEV), started_run(DEV))
    assert (running.state, running.reason) == (RunState.RUNNING, "")


def test_a_run_ends_with_the_engines_event_and_not_with_the_builds() -> None:
    assert dev(started_run(DEV), reported(DEV, "SUCCEEDED")).state is RunState.RUNNING
    assert dev(started_run(DEV), ended_run(DEV)).state is RunState.SUCCEEDED


def test_a_refused_target_has_a_reason() -> None:
    refused = dev(ended_run(DEV, "refused", reason="AccessDenied", built=False))
    assert (refused.state, refused.reason, refused.duration_seconds) == (RunState.REFUSED, "AccessDenied", None)


def test_hosts_are_counted_and_failures_name_the_host_and_the_task() -> None:
    failed = task(name="Check health", status="failed", message="503", path="roles/app/tasks/main.yml:4")
    ignored = task(name="Optional", status="failed", ignored=True)
    target = dev(
        started_run(DEV),
        host(DEV, "web-1", status="failed", tasks=[task(), ignored, failed]),
        host(DEV, "web-2"),
        host(DEV, "web-3", status="unreachable"),
        host(DEV, "web-4", status="ok"),
    )
    assert target.hosts == HostsByStatus(ok=1, changed=1, failed=1, unreachable=1)
    assert target.failures == (
        Failure("web-1", "failed", "Check health", "roles/app/tasks/main.yml:4", "503"),
        Failure("web-3", "unreachable"),
    )


def test_events_of_another_build_do_not_count() -> None:
    target = dev(started_run(DEV), host(DEV, build_arn=arn(DEV, 99)), reported(DEV, build=arn(DEV, 99)))
    assert target.hosts.total == 0


def test_events_from_before_the_engine_named_the_build_count_afterwards() -> None:
    early = (host(DEV), reported(DEV))
    assert dev(*early).hosts.total == 0
    assert dev(*early, started_run(DEV)).hosts.total == 1


def test_a_host_event_alone_opens_no_attempt() -> None:
    target = dev(started_run(DEV), ended_run(DEV), host(DEV, attempt=99, build_arn=arn(DEV, 99)))
    assert (target.attempt, target.state) == (1, RunState.SUCCEEDED)


def test_a_retried_target_starts_again_and_opens_the_rollout() -> None:
    first = (ended_run(DEV, "refused", built=False), ended_run(PROD), ended_rollout("failed"))
    assert view(*first).state is RolloutState.FAILED
    again = view(*first, repeated(90, DEV))
    assert again.state is RolloutState.OPEN
    assert (again.targets[0].attempt, again.targets[0].state) == (2, RunState.STARTING)
    assert again.targets[1].state is RunState.SUCCEEDED


def test_a_target_that_joined_the_route_later_is_in_the_view() -> None:
    only_dev = (started_rollout(DEV), ended_run(DEV), ended_rollout())
    joined = (repeated(90, PROD), started_run(PROD, at=91), ended_run(PROD, "failed", at=99))
    history: tuple[TrailEvent, ...] = (*only_dev, *joined, ended_rollout("failed", at=100, number=2))
    for events in itertools.permutations(history):
        rollout_view = fold(events)
        assert rollout_view
        assert [(each.name, each.attempt, each.state) for each in rollout_view.targets] == [
            (DEV, 1, RunState.SUCCEEDED),
            (PROD, 1, RunState.FAILED),
        ]
        assert rollout_view.state is RolloutState.FAILED


def test_the_rollout_ends_as_its_last_round_does() -> None:
    rounds = (
        ended_run(DEV, "refused", built=False),
        ended_run(PROD),
        ended_rollout("failed", at=70),
        repeated(90, DEV),
        started_run(DEV, at=91, attempt=2),
        ended_run(DEV, at=99, attempt=2),
    )
    assert view(*rounds).state is RolloutState.OPEN
    assert view(*rounds, ended_rollout("succeeded", at=100, number=2)).state is RolloutState.SUCCEEDED


def test_the_newest_repetition_gives_the_reason() -> None:
    assert view(repeated(80, reason="first"), repeated(90, reason="second")).repeat_reason == "second"


def test_the_newest_command_says_who_had_what_done() -> None:
    assert view().command is None
    assert view(cancelled(80, reason="wrong branch")).command == "cancelled by Ops/hana: wrong branch"
    assert view(cancelled(80), retried(90, DEV)).command == "retried by Ops/hana"


def test_a_retry_opens_the_rollout_again_with_the_next_attempt() -> None:
    events = (
        ended_run(DEV, "cancelled", built=False),
        ended_run(PROD),
        ended_rollout("cancelled", at=70),
        retried(90, DEV),
    )
    assert view(*events[:3]).state is RolloutState.CANCELLED
    again = view(*events)
    assert again.state is RolloutState.OPEN
    assert {target.name: target.attempt for target in again.targets} == {DEV: 2, PROD: 1}
    assert again.repeat_reason is None


def test_a_rollout_that_ended_has_a_duration() -> None:
    assert view(ended_run(DEV), ended_run(PROD), ended_rollout(at=70)).duration_seconds == 70


def test_the_link_to_the_log_comes_from_the_newest_event() -> None:
    assert dev(started_run(DEV)).log_url == f"https://logs.example/{DEV}?a=1&b=2"


@settings(deadline=None)  # the machine may be busy
@given(st.randoms(use_true_random=False), st.integers(0, 5))
def test_reordered_and_repeated_events_give_the_same_view(shuffle: random.Random, repeats: int) -> None:
    events = [*ALL_EVENTS, *ALL_EVENTS[:repeats]]
    shuffle.shuffle(events)
    assert fold(events) == fold(ALL_EVENTS)


ORDER = [RunState.STARTING, RunState.WAITING, RunState.RUNNING]


@pytest.mark.parametrize("length", range(len(ALL_EVENTS)))
def test_a_run_only_moves_forward_as_events_are_added(length: int) -> None:
    earlier, later = (fold(ALL_EVENTS[: count + 1]) for count in (length, length + 1))
    if earlier is None or later is None:
        return
    for before, after in itertools.zip_longest(earlier.targets, later.targets):
        rank = {state: number for number, state in enumerate(ORDER)}
        assert rank.get(before.state, 9) <= rank.get(after.state, 9)


def test_a_hosts_parts_are_one_host_with_all_failures_and_the_status_of_the_last() -> None:
    failed = task(name="Stop", status="failed", message="503")
    parts = (
        host(DEV, part=1, final=False, tasks=[failed], status="failed"),
        host(DEV, at=31, part=2, tasks=[task()], status="failed"),
    )
    for events in (parts, parts[::-1]):
        target = dev(started_run(DEV), *events)
        assert target.hosts == HostsByStatus(failed=1)
        assert [failure.task for failure in target.failures] == ["Stop"]


def test_a_rescued_failure_does_not_count() -> None:
    target = dev(started_run(DEV), host(DEV, tasks=[task(status="failed", rescued=True)], status="changed"))
    assert (target.failures, target.hosts) == ((), HostsByStatus(changed=1))


@pytest.mark.parametrize(("build", "reason"), [(arn(DEV), "no role"), (arn(DEV, 9), "exit status 1")])
def test_ansibles_reason_replaces_the_exit_status_of_its_own_build(build: str, reason: str) -> None:
    history = (started_run(DEV), ended_run(DEV, "failed", reason="exit status 1"))
    assert dev(*history, playbook_ended(DEV, reason="no role", build_arn=build)).reason == reason
