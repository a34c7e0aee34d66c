"""Notes in a rollout's thread: that it failed, once for each round, and that a later rollout fixed it."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.change import PullRequest
from pointsman.core.model import Mode
from pointsman.core.slack.message import SlackMessage
from pointsman.core.trail.events import TrailEvent
from pointsman.errors import SlackBusy, SlackRefused, Unavailable
from tests.support.events import (
    DEV,
    PROD,
    ROLLOUT,
    after,
    ended_rollout,
    ended_run,
    host,
    repeated,
    started_rollout,
    started_run,
    task,
)
from tests.support.rollouts import change
from tests.support.slack_rules import mentions, violations
from tests.support.slack_world import SlackWorld

FIX = "r-fix"


@pytest.fixture
def world() -> SlackWorld:
    return SlackWorld()


def sync(world: SlackWorld, *rollouts: str) -> None:
    """Show `rollouts` with enough time for every wait."""
    for rollout in rollouts or (ROLLOUT,):
        world.seconds_left = 600
        world.sync(rollout)


def failed(*targets: str, **about: Any) -> list[TrailEvent]:
    """A rollout that failed on `targets`."""
    ends = [ended_run(each, "failed", reason="exit status 2") for each in targets]
    return [started_rollout(*targets, **about), *map(started_run, targets), *ends, ended_rollout("failed")]


def succeeded(rollout: str, at: float, *targets: str, **about: Any) -> list[TrailEvent]:
    """Another rollout, requested at `at`, that succeeded on `targets`."""
    events: list[TrailEvent] = [started_rollout(*targets, at=after(at), **about)]
    events += [ended_run(each, at=at + 60) for each in targets]
    return [each.replace(rollout=rollout) for each in (*events, ended_rollout(at=at + 70))]


def text_of(message: SlackMessage) -> str:
    assert violations(message) == []
    return "\n".join(block["text"]["text"] for block in message.blocks)


def test_a_failed_rollout_has_a_note_with_host_task_and_reason(world: SlackWorld) -> None:
    world.record(started_rollout(DEV, PROD), started_run(DEV))
    sync(world)
    assert world.notes == []
    tasks = [task(name="Check health", status="failed", message="Status was 503")]
    world.record(host(DEV, status="failed", tasks=tasks), ended_run(DEV, "failed"), ended_run(PROD))
    world.record(ended_rollout("failed"))
    sync(world)
    thread, message = world.note(f"{ROLLOUT} failed#1")
    assert thread in world.slack.messages
    text = text_of(message)
    assert "❌ `site` failed" in text
    assert "`web-1` failed at `Check health`" in text
    assert "`Status was 503`" in text
    assert PROD not in text


@pytest.mark.parametrize("state", ["failed", "stopped", "timed_out", "faulted", "refused"])
def test_every_other_end_than_success_has_a_note(world: SlackWorld, state: str) -> None:
    world.record(started_rollout(DEV), ended_run(DEV, state, reason="why", built=False), ended_rollout("failed"))
    sync(world)
    assert f"`{DEV}` {state.replace('_', ' ')}" in text_of(world.note(f"{ROLLOUT} failed#1")[1])


@pytest.mark.parametrize("state", ["succeeded", "superseded"])
def test_success_and_supersession_have_no_note(world: SlackWorld, state: str) -> None:
    world.record(started_rollout(DEV), ended_run(DEV, state), ended_rollout(state))
    sync(world)
    assert world.notes == []


def test_the_pusher_is_mentioned_once_whatever_the_case_of_the_login(world: SlackWorld) -> None:
    world.record(*failed(DEV, change=change().replace(actor="Hana", author="omar")))
    sync(world)
    assert mentions(world.note(f"{ROLLOUT} failed#1")[1]) == ["U012AB"]  # the author of a commit can be any text


def test_the_pull_requests_author_is_mentioned_beside_the_pusher(world: SlackWorld) -> None:
    request = PullRequest(number=7, base="main", head="feature")
    world.record(*failed(DEV, change=change().replace(author="omar", pull_request=request)))
    sync(world)
    assert mentions(world.note(f"{ROLLOUT} failed#1")[1]) == ["U012AB", "U034CD"]


@pytest.mark.parametrize("name", ["<@U012AB>", "<!channel>", "U012AB", "nobody"])
def test_no_text_of_a_change_mentions_anybody(world: SlackWorld, name: str) -> None:
    about = {"actor": name, "author": name, "title": name, "ref": f"refs/heads/{name}"}
    world.record(*failed(DEV, change=change().replace(**about), route=name))
    sync(world)
    message = world.note(f"{ROLLOUT} failed#1")[1]
    assert mentions(message) == []
    assert violations(message) == []


def test_a_failure_has_one_note_for_each_round(world: SlackWorld) -> None:
    world.record(*failed(DEV))
    for _ in range(3):
        sync(world)
    assert world.notes == [f"{ROLLOUT} failed#1"]
    world.record(repeated(80, DEV), ended_run(DEV, "failed", at=99, attempt=2), ended_rollout("failed", 100, 2))
    for _ in range(3):
        sync(world)
    assert world.notes == [f"{ROLLOUT} failed#1", f"{ROLLOUT} failed#2"]


def test_later_events_of_a_failure_update_its_note(world: SlackWorld) -> None:
    world.record(*failed(DEV))
    sync(world)
    world.record(host(DEV, status="failed", tasks=[task(name="Check health", status="failed")]))
    sync(world)
    assert "`Check health`" in text_of(world.note(f"{ROLLOUT} failed#1")[1])


def test_a_deleted_note_is_not_posted_again(world: SlackWorld) -> None:
    world.record(*failed(DEV))
    sync(world)
    world.slack.notes.clear()
    world.record(host(DEV, status="failed"))
    sync(world)
    assert world.notes == []


def test_without_its_thread_a_note_is_posted_to_the_channel(world: SlackWorld) -> None:
    world.record(*failed(DEV))
    sync(world)
    world.slack.messages.clear()
    world.record(*succeeded(FIX, 200, DEV))
    sync(world, FIX)
    assert world.note(f"{ROLLOUT} fixed#1")[0] is None


def test_a_later_success_on_the_same_targets_is_noted_in_the_failed_rollouts_thread(world: SlackWorld) -> None:
    world.record(*failed(DEV))
    sync(world)
    world.record(*succeeded(FIX, 200, DEV, PROD), *succeeded("r-next", 300, DEV))
    sync(world, FIX, "r-next", FIX, ROLLOUT)
    assert world.notes == [f"{ROLLOUT} failed#1", f"{ROLLOUT} fixed#1"]
    assert "✅ `site` is fixed · <" in text_of(world.note(f"{ROLLOUT} fixed#1")[1])


def test_a_retry_of_the_same_commit_fixes_it(world: SlackWorld) -> None:
    world.record(*failed(DEV))
    sync(world)
    world.record(repeated(80, DEV), ended_run(DEV, at=99, attempt=2), ended_rollout("succeeded", 100, 2))
    sync(world)
    assert world.notes == [f"{ROLLOUT} failed#1", f"{ROLLOUT} fixed#1"]


@pytest.mark.parametrize(
    "fix",
    [
        succeeded(FIX, -100, DEV, PROD),  # requested before
        succeeded(FIX, 200, DEV),  # not on every target
        succeeded(FIX, 200, DEV, PROD, route="other"),
        succeeded(FIX, 200, DEV, PROD, mode=Mode.CHECK),
        succeeded(FIX, 200, DEV, PROD, change=change().replace(ref="refs/heads/next")),
    ],
)
def test_no_other_success_is_a_fix(world: SlackWorld, fix: list[TrailEvent]) -> None:
    world.record(*failed(DEV, PROD), *fix)
    sync(world, ROLLOUT, FIX, ROLLOUT)
    assert world.notes == [f"{ROLLOUT} failed#1"]


@pytest.mark.parametrize("order", list(permutations([ROLLOUT, "r-before", FIX])))
def test_in_any_order_of_events_the_later_rollout_is_the_fix(world: SlackWorld, order: tuple[str, ...]) -> None:
    world.record(*failed(DEV), *succeeded("r-before", -100, DEV), *succeeded(FIX, 200, DEV))
    sync(world, *order)
    assert sorted(world.notes) == [f"{ROLLOUT} failed#1", f"{ROLLOUT} fixed#1"]


def test_of_many_failed_targets_the_first_are_listed(world: SlackWorld) -> None:
    world.record(*failed(*(f"dev/region-{number}" for number in range(200))))
    sync(world)
    message = world.note(f"{ROLLOUT} failed#1")[1]
    assert len(message.blocks) == 7
    assert "… and 195 more targets" in text_of(message)


FAULTS: list[Callable[[], Exception]] = [
    lambda: SlackBusy(1),
    lambda: SlackBusy(900),
    lambda: SlackRefused("not_in_channel"),
    lambda: Unavailable("500"),
]


@settings(deadline=None)
@given(st.lists(st.none() | st.sampled_from(FAULTS), max_size=12), st.lists(st.booleans(), max_size=6))
def test_each_note_is_posted_once_despite_failures(
    slack_faults: list[Callable[[], Exception] | None], lost: list[bool]
) -> None:
    world = SlackWorld()
    world.record(*failed(DEV), *succeeded(FIX, 200, DEV))
    world.slack.faults = [make() if make else None for make in slack_faults]
    response_is_lost = iter(lost)
    for rollout in [ROLLOUT, FIX] * 20:
        if next(response_is_lost, False):
            world.slack.lost_responses = [Unavailable("time-out")]
        try:
            sync(world, rollout)
        except (Unavailable, SlackRefused):
            continue
    assert sorted(world.notes) == [f"{ROLLOUT} failed#1", f"{ROLLOUT} fixed#1"]
    assert len(world.slack.messages) == 2
