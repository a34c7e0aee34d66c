"""A rollout's view is what the trail tells, in whatever order it is told."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.model import RolloutState, RunState
from pointsman.core.slack.fold_rollout import fold
from pointsman.core.slack.rollout_view import Failure, Hosts, RolloutView, TargetView
from pointsman.core.trail.events import TrailEvent
from tests.support.told import (
    DEV,
    PROD,
    arn,
    delayed,
    ended_rollout,
    ended_run,
    host,
    playbook_ended,
    repeated,
    reported,
    started_rollout,
    started_run,
    task,
    waited,
)


def view(*events: TrailEvent) -> RolloutView:
    folded = fold([started_rollout(DEV, PROD), *events])
    assert folded
    return folded


def dev(*events: TrailEvent) -> TargetView:
    return view(*events).targets[0]


WHOLE_STORY = (
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


def test_nothing_is_shown_of_a_rollout_without_a_start() -> None:
    assert fold([started_run(DEV)]) is None


def test_a_rollout_that_began_is_starting_everywhere() -> None:
    begun = view()
    assert begun.state is RolloutState.OPEN
    assert [(target.name, target.state) for target in begun.targets] == [
        (DEV, RunState.STARTING),
        (PROD, RunState.STARTING),
    ]


def test_who_waits_tells_behind_whom_until_it_runs() -> None:
    assert (dev(waited(DEV)).state, dev(waited(DEV)).blocked_by) == (RunState.WAITING, "r-other")
    assert (dev(waited(DEV), started_run(DEV)).state, dev(waited(DEV), started_run(DEV)).blocked_by) == (
        RunState.RUNNING,
        None,
    )


def test_a_run_that_gets_no_build_yet_tells_why_until_it_runs() -> None:
    delays = dev(waited(DEV), delayed(DEV))
    assert (delays.state, delays.blocked_by, delays.reason) == (RunState.STARTING, None, "over the quota")
    runs = dev(waited(DEV), delayed(DEV), started_run(DEV))
    assert (runs.state, runs.reason) == (RunState.RUNNING, "")


def test_a_run_ends_when_the_engine_says_so_and_not_when_the_build_does() -> None:
    assert dev(started_run(DEV), reported(DEV, "SUCCEEDED")).state is RunState.RUNNING
    assert dev(started_run(DEV), ended_run(DEV)).state is RunState.SUCCEEDED


def test_a_refused_target_tells_why() -> None:
    refused = dev(ended_run(DEV, "refused", reason="AccessDenied", built=False))
    assert (refused.state, refused.reason, refused.duration_seconds) == (RunState.REFUSED, "AccessDenied", None)


def test_hosts_are_counted_and_failures_name_host_and_task() -> None:
    failed = task(name="Check health", status="failed", message="503", path="roles/app/tasks/main.yml:4")
    forgiven = task(name="Optional", status="failed", ignored=True)
    shown = dev(
        started_run(DEV),
        host(DEV, "web-1", status="failed", tasks=[task(), forgiven, failed]),
        host(DEV, "web-2"),
        host(DEV, "web-3", status="unreachable"),
        host(DEV, "web-4", status="ok"),
    )
    assert shown.hosts == Hosts(ok=1, changed=1, failed=1, unreachable=1)
    assert shown.failures == (
        Failure("web-1", "failed", "Check health", "roles/app/tasks/main.yml:4", "503"),
        Failure("web-3", "unreachable"),
    )


def test_a_build_that_is_not_the_runs_own_shows_nothing() -> None:
    shown = dev(started_run(DEV), host(DEV, build_arn=arn(DEV, 99)), reported(DEV, build=arn(DEV, 99)))
    assert shown.hosts.total == 0


def test_what_came_before_the_engine_named_the_build_counts_afterwards() -> None:
    early = (host(DEV), reported(DEV))
    assert dev(*early).hosts.total == 0
    assert dev(*early, started_run(DEV)).hosts.total == 1


def test_an_attempt_that_only_a_host_speaks_of_is_not_the_newest() -> None:
    shown = dev(started_run(DEV), ended_run(DEV), host(DEV, attempt=99, build_arn=arn(DEV, 99)))
    assert (shown.attempt, shown.state) == (1, RunState.SUCCEEDED)


def test_a_target_that_is_tried_again_starts_anew_and_opens_the_rollout() -> None:
    first = (ended_run(DEV, "refused", built=False), ended_run(PROD), ended_rollout("failed"))
    assert view(*first).state is RolloutState.FAILED
    again = view(*first, repeated(90, DEV))
    assert again.state is RolloutState.OPEN
    assert (again.targets[0].attempt, again.targets[0].state) == (2, RunState.STARTING)
    assert again.targets[1].state is RunState.SUCCEEDED


def test_a_target_that_joined_the_route_later_is_shown() -> None:
    only_dev = (started_rollout(DEV), ended_run(DEV), ended_rollout())
    joined = (repeated(90, PROD), started_run(PROD, at=91), ended_run(PROD, "failed", at=99))
    story: tuple[TrailEvent, ...] = (*only_dev, *joined, ended_rollout("failed", at=100, number=2))
    for events in itertools.permutations(story):
        shown = fold(events)
        assert shown
        assert [(each.name, each.attempt, each.state) for each in shown.targets] == [
            (DEV, 1, RunState.SUCCEEDED),
            (PROD, 1, RunState.FAILED),
        ]
        assert shown.state is RolloutState.FAILED


def test_the_end_of_the_last_round_is_the_rollouts() -> None:
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


def test_a_repetition_tells_why_nothing_ran_twice() -> None:
    assert view(repeated(80, reason="first"), repeated(90, reason="second")).repeated == "second"


def test_the_rollout_tells_how_long_it_took() -> None:
    assert view(ended_run(DEV), ended_run(PROD), ended_rollout(at=70)).duration_seconds == 70


def test_the_log_is_the_newest_that_anyone_told() -> None:
    assert dev(started_run(DEV)).log_url == f"https://logs.example/{DEV}?a=1&b=2"


@settings(deadline=None)  # the machine may be busy
@given(st.randoms(use_true_random=False), st.integers(0, 5))
def test_the_order_and_the_repetition_of_events_change_nothing(shuffle: random.Random, twice: int) -> None:
    events = [*WHOLE_STORY, *WHOLE_STORY[:twice]]
    shuffle.shuffle(events)
    assert fold(events) == fold(WHOLE_STORY)


ORDER = [RunState.STARTING, RunState.WAITING, RunState.RUNNING]


@pytest.mark.parametrize("length", range(len(WHOLE_STORY)))
def test_a_run_only_moves_forward_as_the_story_goes_on(length: int) -> None:
    earlier, later = (fold(WHOLE_STORY[: count + 1]) for count in (length, length + 1))
    if earlier is None or later is None:
        return
    for before, after in itertools.zip_longest(earlier.targets, later.targets):
        rank = {state: place for place, state in enumerate(ORDER)}
        assert rank.get(before.state, 9) <= rank.get(after.state, 9)


def test_the_parts_of_a_host_are_one_host_with_the_failures_of_all_and_the_status_of_the_last() -> None:
    failed = task(name="Stop", status="failed", message="503")
    parts = (
        host(DEV, part=1, final=False, tasks=[failed], status="failed"),
        host(DEV, at=31, part=2, tasks=[task()], status="failed"),
    )
    for told in (parts, parts[::-1]):
        shown = dev(started_run(DEV), *told)
        assert shown.hosts == Hosts(failed=1)
        assert [failure.task for failure in shown.failures] == ["Stop"]


def test_a_failure_that_a_rescue_made_good_is_none() -> None:
    shown = dev(started_run(DEV), host(DEV, tasks=[task(status="failed", rescued=True)], status="changed"))
    assert (shown.failures, shown.hosts) == ((), Hosts(changed=1))


@pytest.mark.parametrize(("build", "reason"), [(arn(DEV), "no role"), (arn(DEV, 9), "exit status 1")])
def test_ansibles_reason_stands_in_place_of_the_exit_status_of_its_own_build(build: str, reason: str) -> None:
    story = (started_run(DEV), ended_run(DEV, "failed", reason="exit status 1"))
    assert dev(*story, playbook_ended(DEV, reason="no role", build_arn=build)).reason == reason
